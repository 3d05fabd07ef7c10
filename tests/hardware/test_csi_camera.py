"""On a Raspberry Pi with a camera on its CSI connector, not covered and looking at a lit room.

Run it with: pytest -m hardware tests/hardware/test_csi_camera.py
"""

import time

import pytest

from edge_emotion_device.cameras import open_camera
from edge_emotion_device.cameras.latest import LatestFrame

pytestmark = pytest.mark.hardware


@pytest.fixture(autouse=True)
def _needs_picamera2() -> None:
    pytest.importorskip("picamera2", reason="needs: sudo apt install python3-picamera2")


def test_it_gives_gray_frames_that_show_something() -> None:
    with open_camera("csi") as camera:
        for _ in range(30):  # until the exposure has settled
            frame = camera.read()
    assert frame is not None
    assert frame.image.shape == (480, 640)
    assert frame.image.std() > 5


def test_it_keeps_its_rate_and_drops_what_a_slow_reader_misses() -> None:
    with LatestFrame(open_camera("csi")) as camera:
        first = camera.read()
        time.sleep(2)
        last = camera.read()
    assert first is not None
    assert last is not None
    assert last.index - first.index >= 40  # of 60
    assert camera.dropped >= 30


def test_it_can_be_opened_again_after_closing() -> None:
    for _ in range(2):
        with open_camera("csi:0") as camera:
            assert camera.read() is not None
