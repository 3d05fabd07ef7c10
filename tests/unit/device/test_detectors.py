"""Which faces a detector offers, and which crop its boxes stand for."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_emotion.errors import WrongUse
from edge_emotion.preprocess import SquareCrop
from edge_emotion_device.detectors import crop_for_box, open_detector, reduced
from edge_emotion_device.detectors.haar import HaarDetector
from edge_emotion_device.detectors.whole import WholeFrame
from edge_emotion_device.detectors.yunet import YuNetDetector
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


@pytest.mark.parametrize(
    ("name", "kind"), [("auto", HaarDetector), ("haar", HaarDetector), ("whole", WholeFrame)]
)
def test_a_detector_is_opened_by_its_name(name, kind):
    assert isinstance(open_detector(name), kind)


@pytest.mark.parametrize("name", ["", "mtcnn", "yunet", "yunet:", "haar:x", "whole:"])
def test_another_name_is_refused_with_the_choices(name):
    with pytest.raises(WrongUse, match="expected auto, haar, yunet:FILE or whole"):
        open_detector(name)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (480, 640, 3), (100, 3000), (3000, 100, 3)])
@pytest.mark.parametrize("name", ["haar", "yunet"])
def test_a_black_frame_of_any_shape_has_no_face(name, shape, yunet):
    found = open_detector(yunet if name == "yunet" else name).detect(np.zeros(shape, np.uint8))
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
