"""A live camera that fails, hangs, goes away and comes back."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from time import monotonic, sleep

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.cameras import Camera, latest
from edge_emotion_device.cameras.latest import LatestFrame
from helpers.cameras import SOON_S, ScriptedCamera, index_of

GONE = EdgeEmotionError("scripted is gone", remedy="plug it in")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {
        "STALL_S": 1.0,  # a loaded machine takes its time
        "OPEN_STALL_S": 1.0,
        "FIRST_PAUSE_S": 0.02,
        "LONGEST_PAUSE_S": 1.0,
        "STEADY_S": 0.2,
        "LOOK_EVERY_S": 0.02,
        "CLOSE_S": 0.2,
    }.items():
        monkeypatch.setattr(latest, name, seconds)


class Openings:
    """What opening gives, one after the other: a camera, an exception, or what a function gives."""

    def __init__(self, *then: ScriptedCamera | Exception | Callable[[], Camera]) -> None:
        self.then = list(then)
        self.times_s: list[float] = []

    def __call__(self) -> Camera:
        self.times_s.append(monotonic())
        step = self.then.pop(0) if len(self.then) > 1 else self.then[0]
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, ScriptedCamera) else step()

    @property
    def pauses_s(self) -> list[float]:
        return [
            later - sooner for sooner, later in zip(self.times_s, self.times_s[1:], strict=False)
        ]


class HangingCamera(ScriptedCamera):
    """Gives its steps, then a read that only comes back when told to."""

    def __init__(self, *steps: int) -> None:
        super().__init__(*steps)
        self.released = threading.Event()

    def read(self):
        if self._script:
            return super().read()
        assert self.released.wait(2 * SOON_S)
        return ScriptedCamera(99).read()


@pytest.fixture
def hanging() -> Iterator[Callable[..., HangingCamera]]:
    made: list[HangingCamera] = []

    def make(*steps: int) -> HangingCamera:
        made.append(HangingCamera(*steps))
        return made[-1]

    yield make
    for camera in made:
        camera.released.set()


def wait_for(condition: Callable[[], bool]) -> None:
    until_s = monotonic() + SOON_S
    while not condition():
        assert monotonic() < until_s
        sleep(0.005)


def test_a_lost_camera_is_opened_again_and_both_are_told_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    openings = Openings(GONE, GONE, GONE, ScriptedCamera(0, 1))
    lost = ScriptedCamera(0, EdgeEmotionError("scripted lost its cable"))
    with LatestFrame(Openings(lost, openings), give_up_s=SOON_S) as camera:
        assert index_of(camera.read()) == 0
        assert camera.read() is not None
        assert camera.reopened == 1
    assert len(openings.times_s) == 4
    assert len(lost.closed_by) == 1
    loss, back = capsys.readouterr().err.splitlines()
    assert loss == ("edge-emotion: scripted lost its cable; trying to open it again for 5 s")
    assert back.startswith("edge-emotion: scripted is back after 0.")


def test_numbers_and_times_of_frames_go_on_over_a_reopening() -> None:
    first, second = ScriptedCamera(7, GONE), ScriptedCamera()
    with LatestFrame(Openings(first, second), give_up_s=SOON_S) as camera:
        before = camera.read()
        frames = [before]
        for index in (0, 1, 5):
            second.give(index)
            frames.append(camera.read())
        second.give(None)
        assert camera.read() is None
    assert [index_of(frame) for frame in frames] == [7, 8, 9, 13]
    times = [frame.time_s for frame in frames if frame]
    assert times[0] == 0.7
    assert 0.7 < times[1] < 0.7 + SOON_S
    assert times[2] - times[1] == pytest.approx(0.1)
    assert times[3] - times[1] == pytest.approx(0.5)


def test_the_pauses_between_tries_double_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest, "LONGEST_PAUSE_S", 0.08)
    openings = Openings(GONE)
    with LatestFrame(Openings(ScriptedCamera(GONE), openings), give_up_s=math.inf):
        wait_for(lambda: len(openings.times_s) > 8)
    for pause_s, least_s in zip(openings.pauses_s, (0.04, 0.08, 0.08), strict=False):
        assert pause_s >= least_s
    assert min(openings.pauses_s[5:]) < 0.6  # 1.28 and more, if they doubled on


def test_a_camera_that_comes_and_goes_does_not_begin_with_the_first_pause_again() -> None:
    openings = Openings(lambda: ScriptedCamera(0, GONE))
    with LatestFrame(Openings(ScriptedCamera(GONE), openings), give_up_s=math.inf) as camera:
        wait_for(lambda: len(openings.times_s) > 4)
        assert openings.pauses_s[2] >= 0.16
        assert camera.reopened >= 4


def test_a_camera_that_held_for_a_while_begins_with_the_first_pause_again() -> None:
    steady = ScriptedCamera()
    openings = Openings(GONE, GONE, GONE, GONE, steady, ScriptedCamera())
    with LatestFrame(Openings(ScriptedCamera(GONE), openings), give_up_s=math.inf):
        wait_for(lambda: len(openings.times_s) == 5)
        steady.give(0)
        sleep(0.3)
        lost_s = monotonic()
        steady.give(GONE)
        wait_for(lambda: len(openings.times_s) == 6)
        assert openings.times_s[5] - lost_s < 0.6  # the next would have been 0.64
        openings.then[0].give(None)


def test_after_give_up_the_reason_reaches_the_consumer_with_its_cause() -> None:
    camera = LatestFrame(Openings(ScriptedCamera(0, RuntimeError("pulled")), GONE), give_up_s=0.4)
    with camera:
        assert index_of(camera.read()) == 0
        with pytest.raises(EdgeEmotionError) as caught:
            camera.read()
    message = "scripted has given no frame for 0.4 s: scripted is gone; plug it in"
    assert str(caught.value) == message
    assert caught.value.__cause__ is GONE


def test_without_a_limit_it_never_gives_up(capsys: pytest.CaptureFixture[str]) -> None:
    with LatestFrame(Openings(ScriptedCamera(GONE), GONE), give_up_s=math.inf) as camera:
        assert not camera.wait(0.6)
    loss = "edge-emotion: scripted is gone; plug it in; trying to open it again\n"
    assert capsys.readouterr().err == loss


def test_a_read_that_hangs_is_left_behind_for_a_fresh_camera(
    hanging: Callable[..., HangingCamera], capsys: pytest.CaptureFixture[str]
) -> None:
    hung, fresh = hanging(3), ScriptedCamera(0)
    with LatestFrame(Openings(hung, fresh), give_up_s=SOON_S) as camera:
        assert index_of(camera.read()) == 3
        assert index_of(camera.read()) == 4
        hung.released.set()  # what it still gives is nobody's
        wait_for(lambda: len(hung.closed_by) == 1)
        assert not camera.wait(0.1)
        assert camera.reopened == 1
        fresh.give(None)
    loss, back = capsys.readouterr().err.splitlines()
    assert "scripted hangs: nothing has come from it for 1 s; check its cable" in loss
    assert "is back" in back


def test_an_opening_that_hangs_is_left_behind_too() -> None:
    stuck, released, late = threading.Event(), threading.Event(), ScriptedCamera(5)

    def open_late() -> Camera:
        stuck.set()
        assert released.wait(SOON_S)
        return late

    fresh = ScriptedCamera(0)
    camera = LatestFrame(Openings(ScriptedCamera(GONE), open_late, fresh), give_up_s=SOON_S)
    with camera:
        assert index_of(camera.read()) == 0
        assert stuck.is_set()
        released.set()
        wait_for(lambda: len(late.closed_by) == 1)
        fresh.give(None)


def test_one_that_hangs_again_and_again_ends_the_program(
    hanging: Callable[..., HangingCamera], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest, "STALL_S", 0.1)
    openings = Openings(hanging)
    with LatestFrame(openings, give_up_s=math.inf) as camera:
        with pytest.raises(EdgeEmotionError, match=r"scripted hangs.*start the program again"):
            camera.read()
        assert len(openings.times_s) == latest.MAX_HUNG + 1


def test_a_first_opening_that_hangs_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest, "OPEN_STALL_S", 0.1)
    released, late = threading.Event(), ScriptedCamera(0)

    def open_late() -> Camera:
        assert released.wait(SOON_S)
        return late

    with LatestFrame(open_late, name="usb:0") as camera:
        with pytest.raises(EdgeEmotionError, match=r"usb:0 hangs.*; check its cable"):
            camera.opened(SOON_S)
        released.set()
        wait_for(lambda: len(late.closed_by) == 1)


def test_without_patience_a_camera_may_take_its_time_until_it_is_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scripted = ScriptedCamera()
    with LatestFrame(Openings(scripted), give_up_s=0) as camera:
        assert not camera.wait(0.2)
        scripted.give(0)
        assert index_of(camera.read()) == 0
        scripted.give(GONE)
        with pytest.raises(EdgeEmotionError, match=r"^scripted is gone; plug it in$"):
            camera.read()
    assert capsys.readouterr().err == ""


def test_without_patience_a_camera_that_hangs_is_lost(
    hanging: Callable[..., HangingCamera], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest, "STALL_S", 0.2)
    with (
        LatestFrame(Openings(hanging), give_up_s=0) as camera,
        pytest.raises(EdgeEmotionError, match=r"scripted hangs.*check its cable"),
    ):
        camera.read()


def test_closing_does_not_wait_for_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest, "FIRST_PAUSE_S", 60.0)
    monkeypatch.setattr(latest, "LONGEST_PAUSE_S", 60.0)
    monkeypatch.setattr(latest, "CLOSE_S", 10.0)
    camera = LatestFrame(Openings(ScriptedCamera(GONE), GONE))
    assert not camera.wait(0.1)
    start_s = monotonic()
    camera.close()
    assert monotonic() - start_s < 1


def test_a_camera_that_came_back_may_end() -> None:
    openings = Openings(ScriptedCamera(0, None))
    with LatestFrame(Openings(ScriptedCamera(GONE), openings), give_up_s=SOON_S) as camera:
        assert index_of(camera.read()) == 0
        assert camera.read() is None


@pytest.mark.parametrize("jump_s", [-1e6, 1e6])
def test_a_jump_of_the_clock_on_the_wall_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    jumped_s = time.time() + jump_s
    scripted = ScriptedCamera(0)
    with LatestFrame(Openings(scripted, GONE), give_up_s=SOON_S) as camera:
        first = camera.read()
        monkeypatch.setattr(time, "time", lambda: jumped_s)
        scripted.give(1)
        second = camera.read()
        scripted.give(None)
    assert first is not None
    assert second is not None
    assert second.time_s - first.time_s == pytest.approx(0.1)
