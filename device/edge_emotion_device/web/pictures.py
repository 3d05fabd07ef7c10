"""One encoder of JPEG for all viewers: each frame at most once in each quality, and on demand."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import cv2

from edge_emotion.types import Image
from edge_emotion_device.outgoing import Outgoing
from edge_emotion_device.web.newest import Item
from edge_emotion_device.web.pace import Level

SNAPSHOT = Level(width_px=1 << 16, quality=92)


class Pictures:
    """Draws and encodes in one thread of its own; OpenCV works there without holding up others.

    Args:
        outgoing: draws what may leave the process.
    """

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._worker = ThreadPoolExecutor(1, "page pictures")
        self._latest = 0  # its number
        self._encoded: dict[Level, asyncio.Future[bytes]] = {}  # of the latest
        self._drawn: tuple[Item, Image] | None = None

    async def jpeg(self, item: Item, level: Level) -> bytes:
        """A frame with its readings drawn on it, as a JPEG that viewers share."""
        if self._latest != item.number:
            self._latest = item.number
            self._encoded.clear()
        if level not in self._encoded:
            loop = asyncio.get_running_loop()
            self._encoded[level] = loop.run_in_executor(self._worker, self._encode, item, level)
        return await asyncio.shield(self._encoded[level])  # one viewer may go while others wait

    def close(self) -> None:
        """End the thread, once it has done what it is at."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _encode(self, item: Item, level: Level) -> bytes:
        """In the worker, which alone touches `_drawn`."""
        if self._drawn is None or self._drawn[0] is not item:
            self._drawn = (item, self._outgoing.picture(item.frame, item.readings))
        image = self._drawn[1]
        height, width = image.shape[:2]
        if width > level.width_px:
            size = (level.width_px, max(1, round(height * level.width_px / width)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        encoded, content = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, level.quality))
        assert encoded
        return content.tobytes()
