"""What every sink offers, whatever it does with the readings."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from edge_emotion.types import Frame, Reading

_Sink = TypeVar("_Sink", bound="Sink")


class Sink(Protocol):
    """Takes each frame with its readings; leaving its `with` block closes it.

    Attributes:
        closed: whoever watches has seen enough (closed the window), so the run may end.
        in_main_thread: whether `write` must be called in the program's main thread.
        whole_on_close: what it writes is nowhere to be found before it is closed.
    """

    closed: bool = False
    in_main_thread: bool = False
    whole_on_close: bool = False

    @property
    def name(self) -> str:
        """A word for its kind."""
        return type(self).__name__.removesuffix("Sink").lower()

    @property
    def failures(self) -> int:
        """How often it failed without ending the run."""
        return 0

    @property
    def failure(self) -> Exception | None:
        """What ended a thread of its own, which the next `write` raises; None while all is well."""
        return None

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Take one frame and what was read in it, the frames in their order.

        Raises:
            EdgeEmotionError: it could not be written or shown.
        """
        ...

    def close(self) -> None:
        """Finish what was written, so that it is whole after an interruption too."""
        ...

    def __enter__(self: _Sink) -> _Sink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
