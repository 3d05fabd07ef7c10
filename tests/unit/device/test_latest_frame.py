import threading
from collections.abc import Iterator
from time import monotonic

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion_device.cameras import Camera, frozen
from edge_emotion_device.cameras.latest import LatestFrame
from helpers.cameras import SOON_S, ScriptedCamera, index_of


@pytest.fixture
def camera() -> ScriptedCamera:
    return ScriptedCamera()


@pytest.fixture
def latest(camera: ScriptedCamera) -> Iterator[LatestFrame]:
    with LatestFrame(lambda: camera, 0) as latest:
        assert latest.opened(SOON_S)
        yield latest
        camera.give(None)  # lets a read that still waits come back


def test_it_is_a_camera_like_the_one_it_reads(latest: LatestFrame) -> None:
    assert (latest.kind, latest.fps, latest.name, latest.dropped) == ("live", 10.0, "scripted", 0)


def test_the_camera_is_opened_in_the_thread_that_owns_it(camera: ScriptedCamera) -> None:
    allowed, openers = threading.Event(), []

    def open_it() -> Camera:
        openers.append(threading.current_thread())
        assert allowed.wait(SOON_S)
        return camera

    with LatestFrame(open_it, name="usb:0") as latest:
        assert not latest.opened(0.05)
        assert (latest.name, latest.fps) == ("usb:0", None)
        allowed.set()
        assert latest.opened(SOON_S)
        assert (latest.name, latest.fps) == ("scripted", 10.0)
        camera.give(None)
        assert latest.read() is None
    (opener,) = openers
    assert opener is not threading.current_thread()
    assert camera.closed_by == [opener]


@pytest.mark.parametrize(
    "failure", [WrongUse("no such camera"), EdgeEmotionError("busy"), RuntimeError("a defect")]
)
def test_a_first_opening_that_fails_is_not_tried_again(failure: Exception) -> None:
    tries = []

    def open_it() -> Camera:
        tries.append(1)
        raise failure

    with LatestFrame(open_it) as latest:
        for call in (lambda: latest.opened(SOON_S), latest.read):
            with pytest.raises(type(failure)) as caught:
                call()
            assert caught.value is failure
    assert len(tries) == 1


def test_the_name_before_the_opening_holds_no_password(camera: ScriptedCamera) -> None:
    with LatestFrame(lambda: camera, name="rtsp://me:secret@door/cam?pwd=secret") as latest:
        camera.give(None)
        assert latest.read() is None
        assert "secret" not in latest._thread.name


def test_only_the_newest_frame_is_kept_and_the_others_are_counted(
    camera: ScriptedCamera, latest: LatestFrame
) -> None:
    camera.give(0, 1, 2, 3)
    camera.wait_until_read()
    assert index_of(latest.read()) == 3
    assert latest.dropped == 3


def test_a_reader_as_quick_as_the_camera_drops_nothing(
    camera: ScriptedCamera, latest: LatestFrame
) -> None:
    for index in range(5):
        camera.give(index)
        assert index_of(latest.read()) == index
    assert latest.dropped == 0


def test_a_frame_is_never_handed_out_twice(camera: ScriptedCamera) -> None:
    with LatestFrame(lambda: camera) as latest:
        camera.give(0)
        assert index_of(latest.read()) == 0
        assert not latest.wait(0.3)
        camera.give(1)
        assert index_of(latest.read()) == 1
        camera.give(None)


def test_waiting_tells_whether_there_is_something_to_read(
    camera: ScriptedCamera, latest: LatestFrame
) -> None:
    assert not latest.wait(0.05)
    camera.give(0)
    assert latest.wait(SOON_S)
    assert index_of(latest.read()) == 0
    assert not latest.wait(0)
    camera.give(None)
    assert latest.wait(SOON_S)
    assert latest.read() is None


def test_the_last_frame_is_handed_out_before_the_end(
    camera: ScriptedCamera, latest: LatestFrame
) -> None:
    camera.give(0, None)
    assert index_of(latest.read()) == 0
    assert latest.read() is None
    assert latest.read() is None


@pytest.mark.parametrize("failure", [EdgeEmotionError("cable cut"), RuntimeError("cable cut")])
def test_the_cameras_failure_reaches_the_reader_with_its_cause(
    camera: ScriptedCamera, latest: LatestFrame, failure: Exception
) -> None:
    camera.give(0, failure)
    assert index_of(latest.read()) == 0
    with pytest.raises(EdgeEmotionError, match="cable cut") as caught:
        latest.read()
    assert caught.value.__cause__ is failure


def test_a_frame_of_another_size_goes_through(camera: ScriptedCamera, latest: LatestFrame) -> None:
    for shape in ((4, 6, 3), (8, 2, 3), (5, 5)):
        camera.give(np.zeros(shape, np.uint8))
        frame = latest.read()
        assert frame is not None
        assert frame.image.shape == shape


def test_a_frozen_picture_is_told_and_goes_through(
    camera: ScriptedCamera,
    latest: LatestFrame,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(frozen, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(frozen, "FROZEN_S", 0.0)
    for index in range(3):
        camera.give(index)
        assert index_of(latest.read()) == index
    assert capsys.readouterr().err.count("the picture of scripted has not changed") == 1


def test_the_thread_owns_the_camera_and_ends_with_close(camera: ScriptedCamera) -> None:
    threads = threading.active_count()
    latest = LatestFrame(lambda: camera, 0, "scripted")
    camera.give(0, 1)
    camera.wait_until_read()
    threading.Timer(0.05, camera.give, [2]).start()  # the read that close() waits for
    latest.close()
    assert threading.active_count() <= threads
    (closer,) = camera.closed_by
    assert closer.name == "camera scripted"
    assert latest.read() is None
    latest.close()
    assert len(camera.closed_by) == 1


def test_closing_wakes_who_waits_and_does_not_wait_for_a_read_that_hangs(
    camera: ScriptedCamera,
) -> None:
    latest = LatestFrame(lambda: camera, 0, "scripted")
    start = monotonic()
    threading.Timer(0.1, latest.close).start()
    assert latest.read() is None
    latest.close()
    assert monotonic() - start < SOON_S - 1  # after which the read would fail
    camera.give(None)


def test_a_failure_while_closing_is_not_lost(camera: ScriptedCamera) -> None:
    failure = OSError("busy")

    def close() -> None:
        raise failure

    camera.close = close  # type: ignore[method-assign]
    camera.give(None)
    with (
        LatestFrame(lambda: camera, 0) as latest,
        pytest.raises(EdgeEmotionError, match="busy") as caught,
    ):
        latest.read()
    assert caught.value.__cause__ is failure
