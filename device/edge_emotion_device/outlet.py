"""Where readings leave the frame loop: the sinks, in a thread of their own."""

from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Thread
from time import perf_counter

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame, Reading
from edge_emotion_device.sinks.base import Sink

_WAITING = 4  # frames: enough for a slow one, and few enough to hold in memory
_LOOK_EVERY_S = 0.2
_LAST_WORDS_S = 1.5  # for what is still waiting when a run ends

_Item = tuple[Frame, Sequence[Reading]]


class Outlet:
    """Hands frames and readings on, in their order, while the next frame is being read.

    A sink that falls behind holds the run up after a few frames: readings are not lost.  The
    window alone is written to in the caller's thread, for Tk wants the main one.

    Args:
        sinks: open ones; the caller closes them after this.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._here = [sink for sink in sinks if sink.in_main_thread]
        self._there = [sink for sink in sinks if not sink.in_main_thread]
        self._queue: Queue[_Item | None] = Queue(_WAITING)
        self._failure: Exception | None = None
        self._busy_ms = 0.0
        self._thread = Thread(target=self._work, name="sinks", daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether whoever watches has seen enough."""
        return any(sink.closed for sink in (*self._here, *self._there))

    @property
    def busy_ms(self) -> float:
        """What the sinks' own thread took for the last frame it finished."""
        return self._busy_ms

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Hand one frame and what was read in it to all sinks.

        Raises:
            EdgeEmotionError, ReaderGone: a sink failed, with this frame or one before.
        """
        for sink in self._here:
            sink.write(frame, readings)
        while True:  # in slices, so that a signal is taken and a failure is seen
            if self._failure is not None:
                raise self._failure
            with suppress(Full):
                self._queue.put((frame, readings), timeout=_LOOK_EVERY_S)
                return

    def close(self) -> None:
        """Write what is still waiting.

        Raises:
            EdgeEmotionError, ReaderGone: a sink failed, or has hung.
        """
        with suppress(Full):
            self._queue.put(None, timeout=_LAST_WORDS_S)
            self._thread.join(_LAST_WORDS_S)
        if self._failure is not None:
            raise self._failure
        if self._thread.is_alive():
            raise EdgeEmotionError(
                f"the sinks have not taken a frame for {_LAST_WORDS_S:g} s; some readings are lost",
                remedy="check the disk, or whoever reads stdout",
            )

    def _work(self) -> None:
        try:
            while (item := self._queue.get()) is not None:
                start = perf_counter()
                for sink in self._there:
                    sink.write(*item)
                self._busy_ms = 1000 * (perf_counter() - start)
        except Exception as error:  # raised in the frame loop
            self._failure = error
            self._drain()

    def _drain(self) -> None:
        """Let the loop that is putting in come to see the failure."""
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
