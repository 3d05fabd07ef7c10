"""Which faces a detector offers, and which crop its boxes stand for."""

import math
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import shipped_model
from edge_emotion.preprocess import SquareCrop
from edge_emotion_device import detectors
from edge_emotion_device.detectors import crop_for_box, open_detector, reduced
from edge_emotion_device.detectors.haar import HaarDetector
from edge_emotion_device.detectors.net import NetDetector, windows
from edge_emotion_device.detectors.whole import WholeFrame
from edge_emotion_device.detectors.yunet import YuNetDetector
from helpers.bright_cells import write_detector
from helpers.onnx_network import write_another_network, write_bright_cells
from helpers.photographs import astronaut
from helpers.refusals import refusal


def boxes_of(name: str, frame: np.ndarray) -> list[list[float]]:
    return open_detector(name).detect(frame).tolist()


@pytest.fixture(scope="module")
def yunet(tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("yunet") / "bright_cells.onnx"
    write_bright_cells(file)
    return f"yunet:{file}"


@pytest.fixture(scope="module")
def net(tmp_path_factory) -> str:
    return f"net:{write_detector(tmp_path_factory.mktemp('net') / 'bright_cells.tflite')}"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("haar", HaarDetector), ("whole", WholeFrame), ("net:{file}", NetDetector)],
)
def test_a_detector_is_opened_by_its_name(name, kind, net):
    opened = open_detector(name.format(file=net.partition(":")[2]))
    assert isinstance(opened, kind)
    assert opened.name == name.partition(":")[0]


@pytest.mark.parametrize(("is_shipped", "kind"), [(True, NetDetector), (False, HaarDetector)])
def test_auto_is_the_shipped_network_where_there_is_one(
    is_shipped, kind, net, tmp_path, monkeypatch
):
    file = net.partition(":")[2] if is_shipped else tmp_path / "none.tflite"
    monkeypatch.setattr(detectors, "shipped_model", lambda task: Path(file))
    assert isinstance(open_detector("auto"), kind)


@pytest.mark.parametrize("name", ["", "mtcnn", "net:", "yunet", "yunet:", "haar:x", "whole:"])
def test_another_name_is_refused_with_the_choices(name):
    choices = "expected auto, net, net:FILE, haar, yunet:FILE or whole"
    with pytest.raises(WrongUse, match=choices):
        open_detector(name)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (480, 640, 3), (100, 3000), (3000, 100, 3)])
@pytest.mark.parametrize("name", ["haar", "yunet", "net"])
def test_a_black_frame_of_any_shape_has_no_face(name, shape, yunet, net):
    name = {"yunet": yunet, "net": net}.get(name, name)
    found = open_detector(name).detect(np.zeros(shape, np.uint8))
    assert (found.shape, found.dtype) == ((0, 4), np.float32)


@pytest.mark.parametrize(
    ("shape", "reduced_to"),
    [
        ((240, 320), (240, 320)),
        ((480, 640, 3), (240, 320)),
        ((1080, 1920, 3), (208, 370)),
        ((3648, 5472, 3), (226, 339)),  # 20 megapixels
        ((100, 3000), (51, 1518)),
        ((200_000, 1), (123_935, 1)),
        ((1, 1), (1, 1)),
    ],
)
def test_detection_sees_a_gray_picture_of_bounded_size(shape, reduced_to):
    gray, scale = reduced(np.zeros(shape, np.uint8))
    assert gray.shape == reduced_to
    assert scale == max(shape[:2]) / max(gray.shape)


# Haar


def test_haar_finds_a_face_and_gives_the_largest_first():
    head = astronaut()[:200, 120:330]  # her eyes are at x 84 and 127
    frame = np.zeros((200, 336, 3), np.uint8)
    frame[:120, :126], frame[:, 126:] = cv2.resize(head, (126, 120)), head

    large, small = boxes_of("haar", frame)

    assert large[0] < 126 + 84 < 126 + 127 < large[2]
    assert small[0] < 50 < 76 < small[2] < 126


# YuNet, with a network that takes every bright cell of 32×32 pixels for a face of 64×64


@pytest.mark.parametrize(
    ("shape", "bright", "box"),
    [
        ((240, 320), (5, 2), (150, 54, 214, 118)),
        ((240, 320, 3), (0, 0), (-10, -10, 54, 54)),
        ((480, 640, 3), (5, 2), (300, 108, 428, 236)),  # in pixels of the frame
    ],
)
def test_yunet_boxes_are_in_pixels_of_the_frame(yunet, shape, bright, box):
    frame, cell = np.zeros(shape, np.uint8), 32 * shape[1] // 320
    x, y = (cell * place for place in bright)
    frame[y : y + cell, x : x + cell] = 255
    (found,) = boxes_of(yunet, frame)
    assert found == pytest.approx(box, abs=0.5)


def test_yunet_gives_the_surest_face_first(yunet):
    frame = np.zeros((240, 320), np.uint8)
    frame[0:32, 0:32], frame[160:192, 160:192] = 138, 255
    assert [round(box[0]) for box in boxes_of(yunet, frame)] == [150, -10]


def _nothing(file: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("write", "found"),
    [
        (_nothing, "no such file"),
        (lambda file: file.write_bytes(b""), "is not YuNet"),
        (lambda file: file.write_text("<html>Not found</html>"), "is not YuNet"),
        (write_another_network, "is not YuNet"),
    ],
    ids=["missing", "empty", "a web page", "another network"],
)
def test_a_file_that_is_not_yunet_is_refused_in_one_line(tmp_path, capfd, write, found):
    file = tmp_path / "face.onnx"
    write(file)
    message = refusal(lambda: YuNetDetector(file))

    assert found in message
    assert "opencv_zoo" in message
    assert capfd.readouterr().err == ""


# Our own network


@pytest.mark.parametrize(
    ("write", "found"),
    [
        (_nothing, "cannot read the model"),
        (lambda file: file.mkdir(), "Is a directory"),
        (lambda file: file.write_text("<html>Not found</html>"), "no model of this toolkit"),
        (
            lambda file: file.write_bytes(shipped_model("emotion").read_bytes()),
            "is a model for emotion; expected one for detector",
        ),
    ],
    ids=["missing", "a folder", "a web page", "a model of another task"],
)
def test_a_file_that_is_no_detector_is_refused_in_one_line(tmp_path, write, found):
    file = tmp_path / "detector.tflite"
    write(file)
    assert found in refusal(lambda: open_detector(f"net:{file}"))


@pytest.mark.parametrize("kind", ["net", "yunet"])
@pytest.mark.parametrize("file", ["a\0b", "~nobody/of/that/name", "x" * 5000])
def test_a_name_that_no_file_can_have_is_refused_in_one_line(kind, file):
    refusal(lambda: open_detector(f"{kind}:{file}"))


@pytest.mark.parametrize("kind", ["net", "yunet"])
def test_a_file_in_the_home_folder_is_found_there(kind, net, yunet, tmp_path, monkeypatch):
    """A shell leaves the ~ behind a colon to the program."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.onnx").symlink_to({"net": net, "yunet": yunet}[kind].partition(":")[2])
    assert open_detector(f"{kind}:~/mine.onnx").name == kind


@pytest.mark.parametrize("turned", [False, True], ids=["lying", "upright"])
def test_the_faces_of_a_panorama_are_found_where_they_are_and_once(net, turned):
    frame = np.zeros((150, 4500), np.uint8)
    places = [20, 740, 1500, 2999, 4470]
    for x in places:
        frame[60:76, x - 8 : x + 8] = 255
    boxes = open_detector(net).detect(frame.T if turned else frame)
    boxes = boxes[:, [1, 0, 3, 2]] if turned else boxes

    np.testing.assert_allclose(sorted(boxes[:, [0, 2]].mean(axis=1)), places, atol=15)
    assert all(y1 < 68 < y2 for _, y1, _, y2 in boxes)


class Everywhere:
    """A network that finds forty faces in every window, the surer the farther right."""

    def detect(self, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = np.linspace(0, part.shape[1] - 8, 40, dtype=np.float32)
        boxes = np.stack([x, x * 0, x + 8, x * 0 + 8], axis=1)
        return boxes, np.linspace(0.5, 0.9, 40, dtype=np.float32)


def test_of_the_crowd_in_a_panorama_the_surest_are_compared():
    """Each with each: of all that 32 windows may hold that would take gigabytes."""
    boxes = NetDetector(Everywhere()).detect(np.zeros((100, 3300), np.uint8))
    assert 32 < len(boxes) <= 256


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(4, 500))
def test_each_place_of_a_long_frame_counts_in_one_window_and_its_face_is_whole_there(
    shorter, times
):
    longer = shorter * times - 1
    seen = list(windows(longer, shorter))

    assert 2 <= len(seen) <= 32
    assert (seen[0].start, seen[0].first, seen[-1].last) == (0, 0.0, math.inf)
    assert seen[-1].stop >= longer
    assert all(one.last == pytest.approx(other.first) for one, other in pairwise(seen))
    for one in seen[1:]:
        assert one.first - one.start >= shorter / 2 - 1
    for one in seen[:-1]:
        assert one.stop - one.last >= shorter / 2 - 1


# The whole frame


@pytest.mark.parametrize(
    ("shape", "crop"),
    [
        ((48, 48), SquareCrop(0, 0, 48)),
        ((96, 96, 3), SquareCrop(0, 0, 96)),
        ((480, 640, 3), SquareCrop(80, 0, 480)),
        ((101, 48), SquareCrop(0, 26, 48)),
        ((100, 103), SquareCrop(1, 0, 100)),
    ],
)
def test_the_whole_frame_is_cropped_to_its_centred_square(shape, crop):
    detector = open_detector("whole")
    (box,) = detector.detect(np.zeros(shape, np.uint8))
    assert crop_for_box(box, detector) == crop


def test_a_box_is_mapped_by_the_constants_of_its_detector():
    detector = WholeFrame()
    detector.shift, detector.side = (0.1, -0.2), 1.5
    box = np.array([100, 200, 140, 290], np.float32)  # of the area of a square of 60
    assert crop_for_box(box, detector) == SquareCrop(81, 188, 90)
