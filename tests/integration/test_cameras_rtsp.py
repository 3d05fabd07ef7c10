"""An RTSP camera, GStreamer's server, that is cut, frozen and restored while it is read."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from edge_emotion_device.cameras import latest, open_camera
from edge_emotion_device.cameras.latest import LatestFrame

SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's modules are for it
SERVER = Path(__file__).parents[1] / "helpers" / "rtsp_server.py"
PACKAGES = (
    "gstreamer1.0-rtsp gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base "
    "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly python3-gi"
)


class RtspServer:
    """The server as a process of its own, while in the `with` block."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"rtsp://127.0.0.1:{self.port}/cam"

    def restore(self) -> None:
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, SERVER, str(self.port)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "serving\n"

    def cut(self) -> None:
        self._process.kill()
        self._process.communicate()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def __enter__(self) -> "RtspServer":
        self.restore()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()


@pytest.fixture(scope="module", autouse=True)
def _needs_gstreamer() -> None:
    program = "import gi; gi.require_version('GstRtspServer', '1.0'); gi.require_version('Gst', "
    program += "'1.0'); from gi.repository import Gst; Gst.init(None); "
    program += "assert Gst.ElementFactory.find('x264enc')"
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run([SYSTEM_PYTHON, "-c", program], capture_output=True).returncode
    ):
        pytest.skip(f"needs: apt install {PACKAGES}")


@pytest.fixture
def server() -> Iterator[RtspServer]:
    with RtspServer() as server:
        yield server


def test_frames_arrive_over_tcp(server: RtspServer) -> None:
    with open_camera(server.address) as camera:
        assert (camera.kind, camera.fps) == ("live", 15.0)
        frames = [frame for frame in (camera.read() for _ in range(10)) if frame]
    assert [frame.index for frame in frames] == list(range(10))
    assert frames[0].image.shape == (240, 320, 3)
    assert (frames[0].image != frames[9].image).any()
    times = [frame.time_s for frame in frames]
    assert times == sorted(times)


@pytest.mark.slow
def test_a_stream_that_is_cut_comes_back(
    server: RtspServer, capsys: pytest.CaptureFixture[str]
) -> None:
    def reopen():
        return open_camera(server.address)

    with LatestFrame(reopen, give_up_s=30) as camera:
        before = camera.read()
        server.cut()
        while camera.wait(2):
            before = camera.read()
        server.restore()
        after = camera.read()
        assert camera.reopened == 1
    assert before is not None
    assert after is not None
    assert after.index > before.index  # of frames that came at once the last one is read
    assert after.time_s > before.time_s + 1
    loss, back = capsys.readouterr().err.splitlines()
    assert f"{server.address} stopped giving frames after" in loss
    assert f"{server.address} is back after" in back


@pytest.mark.slow
def test_a_stream_that_stalls_is_noticed_and_left(
    server: RtspServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest, "STALL_S", 1.5)

    def reopen():
        return open_camera(server.address)

    with LatestFrame(reopen, give_up_s=30) as camera:
        assert camera.read() is not None
        server.freeze()
        start_s = monotonic()
        while camera.wait(1):
            camera.read()
        while "hangs" not in (told := capsys.readouterr().err):
            assert not camera.wait(0.25)
            assert monotonic() - start_s < 5
        server.cut()
        server.restore()
        assert camera.read() is not None
        closing_s = monotonic()
    assert monotonic() - closing_s < 1.5
    assert f"{server.address} hangs: nothing has come from it for" in told
