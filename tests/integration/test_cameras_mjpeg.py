"""An HTTP MJPEG camera that is cut, silenced and restored while it is read."""

from time import monotonic, sleep

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.cameras import latest, open_camera
from edge_emotion_device.cameras.latest import LatestFrame
from helpers.mjpeg_server import MjpegServer, jpeg, part, pictures


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest, "FIRST_PAUSE_S", 0.1)


def watched(server: MjpegServer, give_up_s: float = 20) -> LatestFrame:
    def reopen():
        return open_camera(server.address)

    return LatestFrame(reopen, give_up_s)


def test_a_slow_consumer_gets_fresh_frames() -> None:
    with MjpegServer() as server, watched(server) as camera:
        assert camera.read() is not None
        sleep(1)
        frame = camera.read()
        assert frame is not None
        assert frame.index >= 10
        assert camera.dropped >= 9
        assert round(float(frame.image.mean())) == frame.index


def test_a_stream_that_is_cut_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    with MjpegServer() as server, watched(server) as camera:
        before = camera.read()
        server.cut()
        while camera.wait(1):
            before = camera.read()
        server.restore()
        after = camera.read()
        assert camera.reopened == 1
        address = server.address
    assert before is not None
    assert after is not None
    assert after.index == before.index + 1
    assert after.time_s > before.time_s + 1
    loss, back = capsys.readouterr().err.splitlines()
    assert f"{address} stopped giving frames after" in loss
    assert f"{address} is back after" in back


def test_a_stream_that_goes_silent_is_asked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def three_pictures():
        yield from (part(jpeg()) for _ in range(3))
        sleep(30)

    monkeypatch.setattr(latest, "STALL_S", 1.0)
    with MjpegServer(three_pictures) as server, watched(server) as camera:
        assert camera.read() is not None
        server.chunks = pictures
        while camera.reopened == 0:
            assert camera.read() is not None
    assert server.requests == 2


def test_one_that_stays_away_is_given_up_and_says_why() -> None:
    with MjpegServer() as server, watched(server, give_up_s=1.5) as camera:
        assert camera.read()
        server.cut()
        start_s = monotonic()
        with pytest.raises(EdgeEmotionError) as caught:
            while camera.read():
                pass
        assert monotonic() - start_s < 10
        server.restore()
    message = str(caught.value)
    assert "has given no frame for 1.5 s: " in message
    assert "Connection refused; check the address" in message
    assert isinstance(caught.value.__cause__, EdgeEmotionError)
