"""On a Raspberry Pi with a camera on its CSI connector, not covered and looking at a lit room.

Run it with: pytest -m hardware tests/hardware/test_csi_camera.py

By hand, once a release, with a camera that you can spare, while `edge-emotion run --camera csi`
runs: pull the ribbon cable.  Within 4 s a line on stderr says that csi:0 gives no frame, and Ctrl-C
still ends the program within 2 s.
"""

import subprocess
import sys
import time

import pytest

from edge_emotion.errors import EdgeEmotionError
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


def test_full_range_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    """Point it at something brightly lit, or at a lamp: what is too bright must reach 255."""
    with open_camera("csi") as camera:
        for _ in range(30):
            frame = camera.read()
    assert frame is not None
    assert frame.image.max() > 240
    assert "gives black as 16" not in capsys.readouterr().err


def test_it_keeps_its_rate_and_drops_what_a_slow_reader_misses() -> None:
    with LatestFrame(lambda: open_camera("csi")) as camera:
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


def test_one_that_another_program_uses_is_told() -> None:
    program = "from edge_emotion_device.cameras import open_camera as o; c = o('csi'); "
    program += "c.read(); print('reading', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "reading\n"
        with pytest.raises(EdgeEmotionError, match=f"cannot be started.*pid {other.pid}"):
            open_camera("csi")
        other.kill()
