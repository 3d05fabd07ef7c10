"""Where readings leave the frame loop: the sinks, in a thread of their own."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from queue import Empty, Full, Queue
from threading import Lock, Thread
from time import monotonic, perf_counter

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame, Reading
from edge_emotion_device.sinks.base import Sink

_WAITING = 4  # frames: enough for a slow one, and few enough to hold in memory
_LOOK_EVERY_S = 0.1
_LAST_WORDS_S = 1.5  # for one write, when a run is stopped

_Item = tuple[Frame, Sequence[Reading]]


class _Left(Exception):
    """Nobody waits for the thread any more."""


class Outlet:
    """Hands frames and readings on, in their order, while the next frame is being read.

    A sink that falls behind holds the run up after a few frames: readings are not lost, unless the
    run is stopped while a sink hangs.  Sinks are written to and closed in a thread of their own;
    the window alone is used in the caller's thread, for Tk wants the main one.

    A stopped run waits for what was handed on, however slow, and for files to be finished.  It
    waits no longer for a sink that takes nothing for 1.5 s, and finishes the others without it.

    Args:
        sinks: open ones, which are written to and closed in this order; closing this closes them.
        stopped: how often the run was told to end; after the second time nothing is waited for.

    Attributes:
        busy_ms: what the sinks' own thread took for the last frame it finished.
    """

    def __init__(self, sinks: Sequence[Sink], stopped: Callable[[], int] = lambda: 0) -> None:
        self._here = [sink for sink in sinks if sink.in_main_thread]
        self._there = [sink for sink in sinks if not sink.in_main_thread]
        self._stopped = stopped
        self._stopped_s: float | None = None  # when it was first seen
        self._queue: Queue[_Item | None] = Queue(_WAITING)
        self._failure: Exception | None = None
        self._given = self._finished = 0  # frames
        self._lock = Lock()  # of the next three
        self._at: Sink | None = None  # that is being written to, and since when
        self._at_s = 0.0
        self._left: Sink | None = None  # that hung when the run was stopped
        self.busy_ms = 0.0
        self._thread = Thread(target=self._work, name="sinks", daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether whoever watches has seen enough."""
        return any(sink.closed for sink in (*self._here, *self._there))

    def check(self) -> None:
        """Look after the sinks while there is no frame to hand on.

        Raises:
            EdgeEmotionError, ReaderGone: one has failed.
        """
        if self._failure is not None:
            raise self._failure
        for sink in self._there:
            if sink.failure is not None:
                raise sink.failure

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Hand one frame and what was read in it to all sinks.

        Raises:
            EdgeEmotionError, ReaderGone: a sink failed, with this frame or one before.
        """
        for sink in self._here:
            sink.write(frame, readings)
        self._given += 1
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
            while self._thread.is_alive() and self._left is None:
                if self._stopped() > 1:
                    return
                self._thread.join(_LOOK_EVERY_S)
                with self._lock:
                    self._left = self._hanging()
            if self._left is not None:
                closing.callback(self._raise_lost, self._left)
                _close_all(closing, (sink for sink in self._there if sink is not self._left))
            elif self._failure is not None:
                raise self._failure

    def _put(self, item: _Item | None) -> None:
        """Put in, in slices, so that a failure or the end of the run is seen."""
        while True:
            if self._failure is not None:
                raise self._failure
            with suppress(Full):
                self._queue.put(item, timeout=_LOOK_EVERY_S)
                return
            if hanging := self._hanging():
                self._raise_lost(hanging)

    def _hanging(self) -> Sink | None:
        """The sink that takes nothing although the run is stopped; to close one may take long."""
        if self._stopped_s is None and self._stopped():
            self._stopped_s = monotonic()
        if self._stopped_s is None:
            return None
        late = monotonic() - max(self._stopped_s, self._at_s) > _LAST_WORDS_S
        return self._at if late else None

    def _raise_lost(self, hanging: Sink) -> None:
        also = ", and its whole file" if hanging.whole_on_close else ""
        raise EdgeEmotionError(
            f"the sink {hanging.name} took nothing for {_LAST_WORDS_S:g} s; the last readings are "
            f"lost, of {self._given - self._finished} frames{also}; everything else is written",
            remedy="check the disk, or whoever reads stdout",
        )

    def _work(self) -> None:
        """The sinks' thread: nobody else touches them, so that none is closed while it writes."""
        try:
            try:
                self._write_all()
            finally:
                self._turn_to(None)
                with ExitStack() as closing:
                    _close_all(closing, self._there)
        except _Left:
            pass
        except Exception as error:  # raised in the frame loop
            self._failure = error
            with suppress(Empty):  # the loop may be waiting for room
                while True:
                    self._queue.get_nowait()

    def _write_all(self) -> None:
        while (item := self._queue.get()) is not None:
            start = perf_counter()
            for sink in self._there:
                self._turn_to(sink)
                sink.write(*item)
            self._turn_to(None)
            self._finished += 1
            self.busy_ms = 1000 * (perf_counter() - start)

    def _turn_to(self, sink: Sink | None) -> None:
        """Begin to write to a sink, or to none."""
        with self._lock:
            if self._left is not None:
                raise _Left
            self._at_s, self._at = monotonic(), sink


def _close_all(closing: ExitStack, sinks: Iterable[Sink]) -> None:
    """Have the stack close them, the first one first."""
    for sink in reversed(list(sinks)):
        closing.callback(sink.close)
