import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame
from edge_emotion_device.cameras.base import Camera
from edge_emotion_device.cameras.latest import LatestFrame

SOON_S = 5.0  # far more than a test needs; only a failing one waits so long


def frame(index: int) -> Frame:
    return Frame(np.zeros((2, 2), np.uint8), index, index / 10)


class ScriptedCamera(Camera):
    """Gives a frame for each `give`; `exhausted` tells that all given ones have been read."""

    kind = "live"
    fps = 10.0
    name = "scripted"

    def __init__(self) -> None:
        self._script: list[Frame | Exception | None] = []
        self._changed = threading.Condition()
        self._index = 0
        self._waiting = False
        self.closed_by: list[threading.Thread] = []

    def give(self, *steps: int | Exception | None) -> None:
        with self._changed:
            self._script += [frame(step) if isinstance(step, int) else step for step in steps]
            self._waiting = False
            self._changed.notify_all()

    def wait_until_read(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._waiting, SOON_S)

    def read(self) -> Frame | None:
        with self._changed:
            if not self._script:
                self._waiting = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: bool(self._script), SOON_S)
            step = self._script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def close(self) -> None:
        self.closed_by.append(threading.current_thread())


@pytest.fixture
def camera() -> ScriptedCamera:
    return ScriptedCamera()


@pytest.fixture
def latest(camera: ScriptedCamera) -> Iterator[LatestFrame]:
    with LatestFrame(camera) as latest:
        yield latest
        camera.give(None)  # lets a read that still waits come back


def index_of(read: Frame | None) -> int:
    assert read is not None
    return read.index


def test_it_is_a_camera_like_the_one_it_reads(latest: LatestFrame) -> None:
    assert (latest.kind, latest.fps, latest.name, latest.dropped) == ("live", 10.0, "scripted", 0)


def test_only_the_newest_frame_is_kept_and_the_others_are_counted(
    camera: ScriptedCamera, latest: LatestFrame
) -> None:
    camera.give(0, 1, 2, 3)
    camera.wait_until_read()
    assert index_of(latest.read(SOON_S)) == 3
    assert latest.dropped == 3


def test_a_reader_as_quick_as_the_camera_drops_nothing(
    camera: ScriptedCamera, latest: LatestFrame
) -> None:
    for index in range(5):
        camera.give(index)
        assert index_of(latest.read(SOON_S)) == index
    assert latest.dropped == 0


def test_a_frame_is_never_handed_out_twice(camera: ScriptedCamera, latest: LatestFrame) -> None:
    camera.give(0)
    latest.read(SOON_S)
    with pytest.raises(EdgeEmotionError, match=r"scripted has given no frame for 0.05 s"):
        latest.read(0.05)
    camera.give(1)
    assert index_of(latest.read(SOON_S)) == 1


def test_the_last_frame_is_handed_out_before_the_end(
    camera: ScriptedCamera, latest: LatestFrame
) -> None:
    camera.give(0, None)
    assert index_of(latest.read(SOON_S)) == 0
    assert latest.read(SOON_S) is None
    assert latest.read(SOON_S) is None


@pytest.mark.parametrize("failure", [EdgeEmotionError("cable cut"), RuntimeError("cable cut")])
def test_the_cameras_failure_reaches_the_reader_with_its_cause(
    camera: ScriptedCamera, latest: LatestFrame, failure: Exception
) -> None:
    camera.give(0, failure)
    assert index_of(latest.read(SOON_S)) == 0
    with pytest.raises(EdgeEmotionError, match="cable cut") as caught:
        latest.read(SOON_S)
    assert caught.value.__cause__ is failure


def test_the_thread_owns_the_camera_and_ends_with_close(camera: ScriptedCamera) -> None:
    threads = threading.active_count()
    latest = LatestFrame(camera)
    camera.give(0, 1)
    camera.wait_until_read()
    threading.Timer(0.05, camera.give, [2]).start()  # the read that close() waits for
    latest.close()
    assert threading.active_count() <= threads
    (closer,) = camera.closed_by
    assert closer.name == "camera scripted"
    assert latest.read(SOON_S) is None
    latest.close()
    assert len(camera.closed_by) == 1


def test_a_failure_while_closing_is_not_lost(camera: ScriptedCamera) -> None:
    failure = OSError("busy")

    def close() -> None:
        raise failure

    camera.close = close  # type: ignore[method-assign]
    camera.give(None)
    with LatestFrame(camera) as latest, pytest.raises(EdgeEmotionError, match="busy") as caught:
        latest.read(SOON_S)
    assert caught.value.__cause__ is failure
