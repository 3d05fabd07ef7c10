"""Where readings leave the frame loop: the sinks, in a thread of their own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from queue import Empty, Full, Queue
from threading import Thread
from time import monotonic, perf_counter

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame, Reading
from edge_emotion_device.sinks.base import Sink

_WAITING = 4  # frames: enough for a slow one, and few enough to hold in memory
_LOOK_EVERY_S = 0.1
_LAST_WORDS_S = 1.5  # for what still waits when a run is stopped

_Item = tuple[Frame, Sequence[Reading]]


class Outlet:
    """Hands frames and readings on, in their order, while the next frame is being read.

    A sink that falls behind holds the run up after a few frames: readings are not lost, unless the
    run is stopped while a sink hangs.  Sinks are written to and closed in a thread of their own;
    the window alone is used in the caller's thread, for Tk wants the main one.

    Args:
        sinks: open ones; closing this closes them.
        stopped: whether the run is to end.

    Attributes:
        busy_ms: what the sinks' own thread took for the last frame it finished.
    """

    def __init__(self, sinks: Sequence[Sink], stopped: Callable[[], bool] = lambda: False) -> None:
        self._here = [sink for sink in sinks if sink.in_main_thread]
        self._there = [sink for sink in sinks if not sink.in_main_thread]
        self._stopped = stopped
        self._queue: Queue[_Item | None] = Queue(_WAITING)
        self._failure: Exception | None = None
        self.busy_ms = 0.0
        self._thread = Thread(target=self._work, name="sinks", daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether whoever watches has seen enough."""
        return any(sink.closed for sink in (*self._here, *self._there))

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Hand one frame and what was read in it to all sinks.

        Raises:
            EdgeEmotionError, ReaderGone: a sink failed, with this frame or one before.
        """
        for sink in self._here:
            sink.write(frame, readings)
        self._put((frame, readings))

    def close(self) -> None:
        """Write what is still waiting, and close the sinks.

        Raises:
            EdgeEmotionError, ReaderGone: a sink failed, or hung while the run was stopped.
        """
        with ExitStack() as closing:
            for sink in self._here:
                closing.callback(sink.close)
            with suppress(EdgeEmotionError):  # it is raised below
                self._put(None)
            for _ in self._while_waiting():
                self._thread.join(_LOOK_EVERY_S)
                if not self._thread.is_alive():
                    break
        if self._failure is not None:
            raise self._failure
        if self._thread.is_alive():
            raise self._hanging()

    def _put(self, item: _Item | None) -> None:
        """Put in, in slices, so that a failure or the end of the run is seen."""
        for _ in self._while_waiting():
            if self._failure is not None:
                raise self._failure
            with suppress(Full):
                self._queue.put(item, timeout=_LOOK_EVERY_S)
                return
        raise self._hanging()

    def _while_waiting(self) -> Iterator[None]:
        """Go on for ever, or for the last words once the run is stopped."""
        until_s: float | None = None
        while until_s is None or monotonic() < until_s:
            yield
            if self._stopped() and until_s is None:
                until_s = monotonic() + _LAST_WORDS_S

    def _hanging(self) -> EdgeEmotionError:
        return EdgeEmotionError(
            f"a sink has taken nothing for {_LAST_WORDS_S:g} s; the last readings are lost",
            remedy="check the disk, or whoever reads stdout",
        )

    def _work(self) -> None:
        """The sinks' thread: nobody else touches them, so that none is closed while it writes."""
        try:
            with ExitStack() as closing:
                for sink in self._there:
                    closing.callback(sink.close)
                while (item := self._queue.get()) is not None:
                    start = perf_counter()
                    for sink in self._there:
                        sink.write(*item)
                    self.busy_ms = 1000 * (perf_counter() - start)
        except Exception as error:  # raised in the frame loop
            self._failure = error
            with suppress(Empty):  # the loop may be waiting for room
                while True:
                    self._queue.get_nowait()
