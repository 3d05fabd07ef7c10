"""What the page of a detector's training shows, of good, bad and useless answers."""

import keras
import numpy as np
import pytest

from edge_emotion.data.detection import letterboxed
from edge_emotion.detection import CELLS
from edge_emotion.detection_metrics import Detections, LabelledFaces
from edge_emotion.pages import MARK
from edge_emotion.palette import COLORS
from edge_emotion_train.detection_figures import compare
from edge_emotion_train.drawn_faces import detection_photos
from edge_emotion_train.pictures.curves import Course
from edge_emotion_train.pictures.detector import detector_sections, headline
from edge_emotion_train.pictures.photographs import photograph_sections

PHOTOS = letterboxed(detection_photos(9, seed=1))
FOUND, WRONG, MISSED = (f'stroke="{color}"' for color in (MARK, COLORS["Surprise"], COLORS["Sad"]))
FACE, ELSEWHERE = (20.0, 20.0, 60.0, 60.0), (120.0, 120.0, 160.0, 160.0)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    picture = keras.Input((192, 192, 1))
    return keras.Model(picture, keras.layers.Conv2D(2, 3, strides=8)(picture))


def _labelled(*boxes: tuple[float, ...]) -> LabelledFaces:
    none = np.zeros(len(boxes), np.int64)
    return LabelledFaces(192, np.array(boxes, np.float32).reshape(-1, 4), none, none, none > 0)


def _drawn(found: list[tuple[float, ...]], scores: list[float], truth: LabelledFaces) -> str:
    """The one picture of the section of photographs."""
    detections = Detections(np.array(found, np.float32).reshape(-1, 4), np.float32(scores))
    picture = np.zeros((192, 192), np.uint8)
    sections = photograph_sections([picture], [detections], [truth], np.array(["one"]), "")
    [cell] = next(sections).grids[0].cells
    return cell


@pytest.mark.parametrize("sure", [False, True], ids=["finds nothing", "finds faces everywhere"])
def test_a_network_that_learned_nothing_still_gets_its_page(network: keras.Model, sure: bool):
    answers = np.zeros((len(PHOTOS), len(CELLS), 5), np.float32)
    answers[..., 0] = 1 if sure else -1
    matches = compare(answers, PHOTOS)
    shown = {
        section.name: section
        for section in detector_sections(PHOTOS, answers, matches, Course({}, ()), network)
    }
    assert {"precision_recall", "photographs", "worst", "feature_maps"} <= shown.keys()
    assert "so none is drawn" in shown["photographs"].text
    assert FOUND not in "".join(shown["photographs"].grids[0].cells)
    assert "nan" not in " ".join(headline(matches).values())
    assert "inf" not in "".join(shown["precision_recall"].tables)


def test_what_is_found_missed_and_taken_for_a_face_is_told_by_its_colour():
    missed = (100.0, 20.0, 150.0, 70.0)
    cell = _drawn([FACE, ELSEWHERE], [0.9, 0.7], _labelled(FACE, missed))
    assert [cell.count(color) for color in (FOUND, WRONG, MISSED)] == [1, 1, 1]


@pytest.mark.parametrize("boxes", [[FACE, ELSEWHERE], [ELSEWHERE, FACE]])
def test_a_box_that_is_as_sure_as_a_wrong_one_is_not_wrong_for_it(boxes):
    """Scores of an int8 network tie often."""
    cell = _drawn(boxes, [0.9, 0.9], _labelled(FACE))
    assert [cell.count(color) for color in (FOUND, WRONG, MISSED)] == [1, 1, 0]


def test_photographs_with_most_errors_come_first_among_the_worst():
    faces = [_labelled(FACE), _labelled(FACE, ELSEWHERE), _labelled()]
    nothing = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    pictures = [np.zeros((192, 192), np.uint8)] * 3
    names = np.array(["one", "two", "none"])
    _, worst = photograph_sections(pictures, [nothing] * 3, faces, names, "")
    order = [name for cell in worst.grids[0].cells for name in names if f'label="{name}"' in cell]
    assert order == ["two", "one", "none"]
