"""With the real YuNet: no hardware, but a model file that is not ours to ship.

Get face_detection_yunet_2023mar.onnx (MIT licence) from
https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet and run:

    EDGE_EMOTION_TEST_YUNET=FILE pytest -m hardware tests/hardware/test_yunet.py
"""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_emotion_device import Analyzer
from helpers.photographs import astronaut

FILE = os.environ.get("EDGE_EMOTION_TEST_YUNET", "")

pytestmark = [
    pytest.mark.hardware,
    pytest.mark.skipif(not Path(FILE).is_file(), reason="EDGE_EMOTION_TEST_YUNET names no file"),
]


@pytest.mark.parametrize("gray", [False, True])
def test_it_finds_the_face_where_haar_does(gray: bool) -> None:
    frame = cv2.cvtColor(astronaut(), cv2.COLOR_BGR2GRAY) if gray else astronaut()
    with Analyzer(detector=f"yunet:{FILE}") as ours, Analyzer(detector="haar") as theirs:
        (found,), (expected,) = ours.analyze(frame), theirs.analyze(frame)
    np.testing.assert_allclose(found.keypoints, expected.keypoints, atol=4)


def test_it_finds_a_face_that_is_tilted_too_far_for_haar() -> None:
    tilt = cv2.getRotationMatrix2D((225, 120), 40, 1)
    tilted = cv2.warpAffine(astronaut(), tilt, (512, 512))
    with Analyzer(detector=f"yunet:{FILE}") as analyzer:
        assert len(analyzer.analyze(tilted)) == 1
