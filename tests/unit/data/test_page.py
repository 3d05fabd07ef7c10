import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from edge_emotion.data.inspection import inspect
from edge_emotion.data.page import page
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from helpers.drawn_faces import (
    emotion_faces,
    keypoint_faces,
    write_class_folders,
    write_keypoint_folder,
)


class _Elements(HTMLParser):
    """Lists elements, and notices one that is closed out of turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def _elements(text: str) -> list[str]:
    parser = _Elements()
    parser.feed(text)
    assert parser.open == []
    return parser.seen


def _pictures(text: str) -> list[np.ndarray]:
    found = re.findall(r'href="data:image/png;base64,([^"]+)"', text)
    packed = (np.frombuffer(base64.b64decode(data), np.uint8) for data in found)
    return [cv2.imdecode(data, cv2.IMREAD_UNCHANGED) for data in packed]


@pytest.fixture
def emotion_page(tmp_path) -> str:
    write_class_folders(tmp_path, emotion_faces(20, seed=1))
    return page(*inspect(tmp_path))


def test_a_page_is_whole_and_loads_nothing(emotion_page: str):
    assert _elements(emotion_page).count("h1") == 1
    assert not re.search(r'(?:src|href)="(?!data:)', emotion_page)
    assert "<script" not in emotion_page and "$" not in emotion_page


def test_samples_of_every_class_and_the_mean_faces_are_shown(emotion_page: str):
    pictures = _pictures(emotion_page)
    assert len(pictures) == 20 + len(EMOTIONS)
    assert {picture.shape for picture in pictures} == {(48, 48)}
    assert [emotion_page.count(f"></i>{name}</h3>") for name in EMOTIONS] == [1] * 5


def test_points_are_drawn_where_they_are_known(tmp_path):
    drawn = keypoint_faces(8, seed=1)
    drawn.keypoints[0, 3] = np.nan
    drawn.keypoints[:, 7] = np.nan
    write_keypoint_folder(tmp_path, drawn)
    text = page(*inspect(tmp_path))
    elements = _elements(text)
    assert elements.count("ellipse") == len(KEYPOINTS) - 1
    assert elements.count("circle") == 8 * 14 - 1
    x, y = drawn.keypoints[5, 10] + 0.5  # SVG counts from the pixel's edge
    assert f'cx="{x:.1f}" cy="{y:.1f}"' in text


def test_a_picture_with_two_labels_is_shown_with_both(tmp_path):
    drawn = emotion_faces(10, seed=1)
    write_class_folders(tmp_path, drawn)
    cv2.imwrite(str(tmp_path / "sad" / "again.png"), drawn.images[0])
    assert "Angry in angry/0000.png; Sad in sad/again.png" in page(*inspect(tmp_path))


def test_file_names_are_text_not_markup(tmp_path):
    folder = tmp_path / "<b>set&"
    write_class_folders(folder, emotion_faces(5, seed=1))
    (folder / "angry" / "0000.png").rename(folder / "angry" / "<i>&.png")
    text = page(*inspect(folder))
    assert "<i>&" not in text and "angry/&lt;i&gt;&amp;.png" in text
    assert "&lt;b&gt;set&amp;" in text
