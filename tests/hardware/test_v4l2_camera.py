"""With a USB camera as /dev/video0, or another device named in EDGE_EMOTION_TEST_CAMERA.

Run it with: pytest -m hardware tests/hardware/test_v4l2_camera.py
"""

import os
import time
from pathlib import Path

import pytest

from edge_emotion_device.cameras import open_camera
from edge_emotion_device.cameras.latest import LatestFrame

DEVICE = os.environ.get("EDGE_EMOTION_TEST_CAMERA", "/dev/video0")

pytestmark = [
    pytest.mark.hardware,
    pytest.mark.skipif(not Path(DEVICE).exists(), reason=f"there is no {DEVICE}"),
]


def test_it_gives_frames_in_order_of_time() -> None:
    with open_camera(DEVICE) as camera:
        frames = [frame for frame in (camera.read() for _ in range(10)) if frame]
    times = [frame.time_s for frame in frames]
    assert len(times) == 10
    assert times == sorted(times)
    assert frames[-1].image.std() > 1


def test_a_slow_reader_gets_a_fresh_frame() -> None:
    with LatestFrame(open_camera(DEVICE)) as camera:
        camera.read()
        time.sleep(1)
        frame = camera.read()
    assert frame is not None
    assert camera.dropped >= 5


def test_it_can_be_opened_again_after_closing() -> None:
    for _ in range(2):
        with open_camera(DEVICE) as camera:
            assert camera.read() is not None
