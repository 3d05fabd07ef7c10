"""The newest frame, handed from the sinks' thread to the server's."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import NamedTuple

from edge_emotion.types import Frame, Reading


class Item(NamedTuple):
    """A frame, what was read in it, and its number from 1 on; never changed."""

    frame: Frame
    readings: Sequence[Reading]
    number: int


class Newest:
    """Keeps one frame and its readings.  While nobody waits for it, a new one costs an assignment.

    Args:
        loop: of those who wait.

    Attributes:
        item: the newest; None before the first.
        ended: there will be none any more.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.item: Item | None = None
        self._numbers = count(1)
        self.ended = False
        self._loop = loop
        self._awaited = False
        self._news = asyncio.Event()

    def put(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Take the next frame; called in another thread than all else here."""
        self.item = Item(frame, readings, next(self._numbers))
        if self._awaited:
            self._awaited = False
            with suppress(RuntimeError):  # the loop has ended, and the run goes on
                self._loop.call_soon_threadsafe(self._tell)

    async def after(self, seen: int) -> Item | None:
        """The newest, once its number is another than `seen`; None when the run has ended.

        Who waits keeps the number alone, for a frame of each viewer would fill the memory.
        """
        while not self.ended:
            news = self._news
            self._awaited = True  # before the look, so that none comes unnoticed between the two
            if self.item is not None and self.item.number != seen:
                return self.item
            await news.wait()
        return None

    def end(self) -> None:
        """Tell those who wait that the run has ended."""
        self.ended = True
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
