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
        pass


def write(outlet: Outlet, count: int) -> None:
    for index in range(count):
        outlet.write(Frame(IMAGE, index, float(index)), [])


def test_each_sink_gets_each_frame_in_order_however_slow_it_is():
    sinks = [Noting(), Noting(slow_s=0.002)]
    outlet = Outlet(sinks)
    write(outlet, 50)
    outlet.close()
    assert sinks[0].frames == sinks[1].frames == list(range(50))


def test_sinks_work_in_their_own_thread_but_the_window_in_the_main_one():
    file, window = Noting(), Noting(main=True)
    outlet = Outlet([file, window])
    write(outlet, 3)
    outlet.close()
    assert file.threads == {"sinks"}
    assert window.threads == {threading.current_thread().name}


def test_the_frame_loop_does_not_wait_for_a_sink():
    outlet = Outlet([Noting(slow_s=0.1)])
    start = time.perf_counter()
    write(outlet, 3)
    assert time.perf_counter() - start < 0.1
    outlet.close()


@pytest.mark.parametrize("last", [5, 100])  # seen when it ends, and while it runs
def test_a_failing_sink_fails_the_run(last):
    outlet = Outlet([Noting(fails_at=5)])
    with pytest.raises(EdgeEmotionError, match="the disk is full"):
        write(outlet, last + 1)
        outlet.close()


def test_a_sink_that_hangs_does_not_hold_up_the_end(monkeypatch):
    monkeypatch.setattr(outlet_module, "_LAST_WORDS_S", 0.1)
    outlet = Outlet([Noting(slow_s=2.0)])
    write(outlet, 2)
    start = time.perf_counter()
    with pytest.raises(EdgeEmotionError, match="some readings are lost"):
        outlet.close()
    assert time.perf_counter() - start < 1.0


def test_a_closed_window_is_noticed():
    window = Noting(main=True)
    outlet = Outlet([Noting(), window])
    assert not outlet.closed
    window.closed = True
    assert outlet.closed
    outlet.close()
