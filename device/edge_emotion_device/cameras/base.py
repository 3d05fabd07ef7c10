"""What every camera offers, whatever its frames come from."""

import time
from typing import Literal, Protocol, TypeVar

from edge_emotion.errors import WrongUse
from edge_emotion.types import Frame

Kind = Literal["live", "clip", "pictures"]

_Camera = TypeVar("_Camera", bound="Camera")


class Camera(Protocol):
    """A source of frames; it is open once made, and leaving its `with` block closes it.

    Attributes:
        kind: "live" favours freshness (wrap it in `LatestFrame`), of a "clip" every frame is
            taken, and "pictures" are separate: a face in one says nothing about the next.
        fps: frames per second the source announces, None where it announces none.
        name: what messages call it.
        dropped: frames that a newer one replaced before anybody read them.
        reopened: how often it was lost and came back.
        trouble: why it gives no frames at this moment; empty while it does.
    """

    kind: Kind
    fps: float | None
    name: str
    dropped: int = 0
    reopened: int = 0
    trouble: str = ""

    def wait(self, timeout_s: float) -> bool:
        """Whether `read` is to be called now: those with a thread wait for a frame or the end."""
        return True

    def read(self) -> Frame | None:
        """The next frame, or None at the end of the source; blocks until there is one.

        Raises:
            EdgeEmotionError: the source failed or, when live, stopped giving frames.
        """
        ...

    def close(self) -> None:
        """Give the device or file back; a second call does nothing."""
        ...

    def __enter__(self: _Camera) -> _Camera:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Stopwatch:
    """Seconds of the monotonic clock since it was made: the time of a live source's frames."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def elapsed_s(self) -> float:
        """Seconds passed since the source was opened."""
        return time.monotonic() - self._start_s


def device_number(source: str) -> int:
    """The N of a source `word[:N]`, 0 where none is given.

    Raises:
        WrongUse: N is not a whole number from 0.
    """
    word, _, number = source.partition(":")
    if not number:
        return 0
    if not number.isdecimal():
        raise WrongUse(f"camera {source}", expected=f"{word} or {word}:N, such as {word}:0")
    return int(number)
