"""The signals that end a run, or have it read its settings again."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_HANGUP = getattr(signal, "SIGHUP", None)  # Windows has none


class Stopped(BaseException):
    """SIGINT or SIGTERM came while something was being opened, or came a second time."""


class Signals:
    """Takes SIGINT, SIGTERM and SIGHUP so that the frame at hand is written before they count.

    They set flags, and whatever waits looks at them a few times a second: an exception out of a
    handler could come in the middle of taking a lock.  Only while cameras and models are opened,
    which may take long and holds none of ours, one is raised.

    Args:
        rereads: whether SIGHUP asks for the settings; without, it ends the run as SIGTERM does.

    Attributes:
        stop: the first SIGINT, SIGTERM or SIGHUP that ends the run; 0 before.
        stops: how many came.
        reread: whether SIGHUP asked for the settings.
    """

    def __init__(self, rereads: bool = False) -> None:
        self.stop = self.stops = 0
        self.reread = False
        self._rereads = rereads
        self._opening = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal; a second one to stop ends the program without waiting for anything."""
        if self._rereads and number == _HANGUP:
            self.reread = True
            return
        self.stop = self.stop or number
        self.stops += 1
        if self._opening or self.stops > 1:
            raise Stopped

    @property
    def came(self) -> bool:
        """Whether there is one to be answered."""
        return bool(self.stop or self.reread)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals while in the block, but not those that are ignored (nohup)."""
        numbers = [signal.SIGINT, signal.SIGTERM, *([_HANGUP] if _HANGUP else [])]
        before = {number: signal.getsignal(number) for number in numbers}
        taken = [number for number in numbers if before[number] != signal.SIG_IGN]
        for number in taken:
            signal.signal(number, self)
        try:
            yield
        finally:
            for number in taken:
                signal.signal(number, before[number])

    @contextmanager
    def opening(self) -> Iterator[None]:
        """A signal to stop raises `Stopped` in the block.

        Raises:
            Stopped: one came before.
        """
        self._opening = True
        try:
            if self.stop:
                raise Stopped
            yield
        finally:
            self._opening = False
