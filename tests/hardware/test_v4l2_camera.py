"""With a USB camera as /dev/video0, or another device named in EDGE_EMOTION_TEST_CAMERA.

Run it with: pytest -m hardware tests/hardware/test_v4l2_camera.py

By hand, once a release, while `edge-emotion run --camera usb` runs: pull the cable, wait ten
seconds, plug it in.  One line on stderr says that the camera is gone, one that it is back, and the
numbers of the frames go on.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.cameras import open_camera
from edge_emotion_device.cameras.latest import LatestFrame
from edge_emotion_device.cameras.v4l2_device import captures

DEVICE = os.environ.get("EDGE_EMOTION_TEST_CAMERA", "/dev/video0")

pytestmark = [
    pytest.mark.hardware,
    pytest.mark.skipif(not Path(DEVICE).exists(), reason=f"there is no {DEVICE}"),
]


def test_it_counts_as_a_camera() -> None:
    assert captures(DEVICE)


def test_it_gives_frames_in_order_of_time() -> None:
    with open_camera(DEVICE) as camera:
        frames = [frame for frame in (camera.read() for _ in range(10)) if frame]
    times = [frame.time_s for frame in frames]
    assert len(times) == 10
    assert times == sorted(times)
    assert frames[-1].image.std() > 1


def test_a_slow_reader_gets_a_fresh_frame() -> None:
    with LatestFrame(lambda: open_camera(DEVICE)) as camera:
        camera.read()
        time.sleep(1)
        frame = camera.read()
    assert frame is not None
    assert camera.dropped >= 5


def test_it_can_be_opened_again_after_closing() -> None:
    for _ in range(2):
        with open_camera(DEVICE) as camera:
            assert camera.read() is not None


def test_one_that_another_program_uses_is_told_with_its_name() -> None:
    program = f"from edge_emotion_device.cameras import open_camera as o; c = o({DEVICE!r}); "
    program += "c.read(); print('reading', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "reading\n"
        with pytest.raises(EdgeEmotionError, match=rf"is held by .*\(pid {other.pid}\)"):
            open_camera(DEVICE)
        other.kill()
