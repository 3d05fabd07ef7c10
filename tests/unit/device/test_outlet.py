"""The outlet: every frame reaches every sink in order, whatever a sink does."""

import threading
import time

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

    def __init__(self, *, slow_s: float = 0.0, fails_at: int = -1, main: bool = False) -> None:
        self.frames: list[int] = []
        self.closed_in = ""
        self.threads: set[str] = set()
        self.in_main_thread = main
        self._slow_s, self._fails_at = slow_s, fails_at

    def write(self, frame, readings) -> None:
        if frame.index == self._fails_at:
            raise EdgeEmotionError("the disk is full")
        time.sleep(self._slow_s)
        self.frames.append(frame.index)
        self.threads.add(threading.current_thread().name)

    def close(self) -> None:
        assert not self.closed_in
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


@pytest.mark.parametrize("frames", [2, 30])  # what waits has room, or the loop waits for room
def test_a_sink_that_hangs_does_not_hold_up_the_end_and_is_not_closed(frames):
    sink, stopped = Noting(slow_s=30.0), threading.Event()
    outlet = Outlet([sink], stopped.is_set)
    threading.Timer(0.2, stopped.set).start()
    start = time.perf_counter()
    with pytest.raises(EdgeEmotionError, match="the last readings are lost"):
        try:
            write(outlet, frames)
        finally:
            outlet.close()
    assert time.perf_counter() - start < 5
    assert not sink.closed_in  # it is still writing


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
