"""Work that would hold up the event loop, in a few threads and with a bounded queue."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from edge_emotion_device.serving.refusal import unavailable

Answer = TypeVar("Answer")


class Workers:
    """Threads that take one piece of work after the other.  Close them, or use a `with` block.

    Args:
        threads: that work at the same time.
        most_waiting: pieces of work that may wait for one.
    """

    def __init__(self, threads: int, most_waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="predict")
        self._room = BoundedSemaphore(threads + most_waiting)

    async def run(self, work: Callable[..., Answer], *given: object) -> Answer:
        """What `work` gives for the arguments.

        Raises:
            Refusal: too much waits already.
        """
        if not self._room.acquire(blocking=False):
            raise unavailable("too many requests wait already; try again later")
        future = self._pool.submit(work, *given)
        # It takes room until a thread is done with it, even if nobody waits for it any more.
        future.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Drop what waits; what is being worked on comes to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
