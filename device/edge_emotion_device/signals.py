"""The signals that end a run, or have it read its settings again."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM)
_REREADING = (signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()  # Windows has none


class Woken(Exception):
    """A signal came while nothing was at hand."""


class Signals:
    """Takes SIGINT, SIGTERM and SIGHUP so that the frame at hand is written before they count.

    Attributes:
        stop: SIGINT or SIGTERM, if it came; 0 before.
        reread: whether SIGHUP came.
    """

    def __init__(self) -> None:
        self.stop = 0
        self.reread = False
        self._idle = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal; a second SIGINT or SIGTERM ends the program at once."""
        if number in _STOPPING:
            self.stop = number
            signal.signal(number, signal.default_int_handler)
        else:
            self.reread = True
        if self._idle:
            raise Woken

    @property
    def came(self) -> bool:
        """Whether there is one to be answered."""
        return bool(self.stop or self.reread)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals while in the block."""
        before = {number: signal.signal(number, self) for number in (*_STOPPING, *_REREADING)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Nothing is at hand in the block: a signal ends it at once.

        One that came just before does not; ask for `came` first.
        """
        with suppress(Woken):
            self._idle = True
            try:
                yield
            finally:
                self._idle = False
