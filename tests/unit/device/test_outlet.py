"""The outlet: every frame reaches every sink in order, whatever a sink does."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame
from edge_emotion_device import outlet as outlet_module
from edge_emotion_device.outlet import Outlet
from edge_emotion_device.sinks import Sink

IMAGE = np.zeros((4, 4), np.uint8)


class Noting(Sink):
    """Notes the frames and the thread in which they come."""

    failure = None

    def __init__(
        self,
        *,
        slow_s: float = 0.0,
        close_s: float = 0.0,
        fails_at: int = -1,
        main: bool = False,
        free: threading.Event | None = None,
    ) -> None:
        self.frames: list[int] = []
        self.closed_in = ""
        self._close_s, self._free = close_s, free
        self.threads: set[str] = set()
        self.in_main_thread = main
        self._slow_s, self._fails_at = slow_s, fails_at

    def write(self, frame, readings) -> None:
        if frame.index == self._fails_at:
            raise EdgeEmotionError("the disk is full")
        time.sleep(self._slow_s)
        if self._free is not None:
            self._free.wait(60)
        self.frames.append(frame.index)
        self.threads.add(threading.current_thread().name)

    def close(self) -> None:
        assert not self.closed_in
        time.sleep(self._close_s)
        self.closed_in = threading.current_thread().name


def write(outlet: Outlet, count: int) -> None:
    for index in range(count):
        outlet.write(Frame(IMAGE, index, float(index)), [])


def test_each_sink_gets_each_frame_in_order_however_slow_it_is():
    sinks = [Noting(), Noting(slow_s=0.002)]
    outlet = Outlet(sinks)
    write(outlet, 50)
    outlet.close()
    assert sinks[0].frames == sinks[1].frames == list(range(50))


def test_sinks_work_and_close_in_their_own_thread_but_the_window_in_the_main_one():
    file, window = Noting(), Noting(main=True)
    outlet = Outlet([file, window])
    write(outlet, 3)
    outlet.close()
    assert file.threads == {file.closed_in} == {"sinks"}
    assert window.threads == {window.closed_in} == {threading.current_thread().name}


def test_the_frame_loop_does_not_wait_for_a_sink():
    free = threading.Event()
    sink = Noting()
    sink.write = lambda frame, readings: free.wait()
    outlet = Outlet([sink])
    write(outlet, 4)  # comes back, though the sink does not
    free.set()
    outlet.close()


@pytest.mark.parametrize("last", [5, 100])  # seen when it ends, and while it runs
def test_a_failing_sink_fails_the_run(last):
    outlet = Outlet([Noting(fails_at=5)])
    with pytest.raises(EdgeEmotionError, match="the disk is full"):
        write(outlet, last + 1)
        outlet.close()


@pytest.fixture
def free() -> Iterator[threading.Event]:
    """Ends the hanging of sinks, at the end of the test at last."""
    event = threading.Event()
    yield event
    event.set()


# What waits has room, or the loop waits for room.
@pytest.mark.parametrize(("frames", "lost"), [(2, 2), (30, 6)])
def test_a_sink_that_hangs_does_not_hold_up_the_end(monkeypatch, free, frames, lost):
    monkeypatch.setattr(outlet_module, "_LAST_WORDS_S", 0.1)
    before, hangs, after = Noting(), Noting(free=free), Noting()
    outlet = Outlet([before, hangs, after], lambda: 1)
    told = rf"the last readings are lost, of {lost} frames; everything else is written"
    with pytest.raises(EdgeEmotionError, match=told):
        try:
            write(outlet, frames)
        finally:
            outlet.close()
    assert before.closed_in and after.closed_in  # so their files are whole
    assert not hangs.closed_in  # it is still writing
    free.set()
    outlet._thread.join(60)
    assert after.frames == []  # it was closed and is left alone


def test_what_is_lost_with_a_file_that_appears_on_close_is_told(monkeypatch, free):
    monkeypatch.setattr(outlet_module, "_LAST_WORDS_S", 0.1)
    sink = Noting(free=free)
    sink.whole_on_close = True
    outlet = Outlet([sink], lambda: 1)
    write(outlet, 1)
    with pytest.raises(EdgeEmotionError, match="and its whole file"):
        outlet.close()


def test_a_stopped_run_waits_once_for_a_sink_that_hangs(monkeypatch, free):
    """Not in the loop, to tell the end and to join, one after the other."""
    now_s = [0.0]
    monkeypatch.setattr(outlet_module, "monotonic", lambda: now_s[0])
    outlet = Outlet([Noting(free=free)], lambda: 1)

    def later(seconds: float) -> None:
        now_s[0] += seconds

    really_put, really_join = outlet._queue.put, outlet._thread.join
    outlet._queue.put = lambda item, timeout: (later(timeout), really_put(item, timeout=0.01))
    outlet._thread.join = lambda timeout: (later(timeout), really_join(0.01))
    with pytest.raises(EdgeEmotionError, match="lost"):
        try:
            write(outlet, 30)
        finally:
            outlet.close()
    assert now_s[0] < outlet_module._LAST_WORDS_S + 1  # with what the first frames took


@pytest.mark.parametrize("slow", [{"slow_s": 0.15}, {"close_s": 0.5}])
def test_a_slow_sink_is_waited_for_when_the_run_is_stopped(monkeypatch, slow):
    """A board that encodes, or a card that takes its time to have it all."""
    monkeypatch.setattr(outlet_module, "_LAST_WORDS_S", 0.3)
    sink = Noting(**slow)
    outlet = Outlet([sink], lambda: 1)
    write(outlet, 5)
    outlet.close()
    assert sink.frames == [0, 1, 2, 3, 4] and sink.closed_in


def test_nothing_is_waited_for_when_the_run_is_stopped_again(free):
    outlet = Outlet([Noting(free=free)], lambda: 2)
    write(outlet, 1)
    outlet.close()
    assert outlet._thread.is_alive()


def test_files_are_finished_before_those_who_listen_are_told_goodbye():
    closed: list[int] = []
    sinks = [Noting() for _ in range(3)]
    for number, sink in enumerate(sinks):
        sink.close = lambda number=number: closed.append(number)
    Outlet(sinks).close()
    assert closed == [0, 1, 2]


def test_a_failed_sink_is_told_while_no_frame_comes():
    outlet = Outlet([Noting(fails_at=0)])
    outlet.check()
    write(outlet, 1)
    outlet._thread.join(60)
    with pytest.raises(EdgeEmotionError, match="the disk is full"):
        outlet.check()


def test_a_thread_of_a_sinks_own_that_ended_is_told_while_no_frame_comes():
    sink = Noting()
    outlet = Outlet([sink])
    sink.failure = ValueError("what")
    with pytest.raises(ValueError, match="what"):
        outlet.check()
    outlet.close()


def test_a_slow_sink_is_waited_for_when_nobody_stops_the_run(monkeypatch):
    monkeypatch.setattr(outlet_module, "_LAST_WORDS_S", 0.01)
    sink = Noting(slow_s=0.2)
    outlet = Outlet([sink])
    write(outlet, 4)
    outlet.close()
    assert sink.frames == [0, 1, 2, 3]


def test_a_closed_window_is_noticed():
    window = Noting(main=True)
    outlet = Outlet([Noting(), window])
    assert not outlet.closed
    window.closed = True
    assert outlet.closed
    outlet.close()
