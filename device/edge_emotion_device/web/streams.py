"""What goes on and on: pictures as MJPEG, readings as server-sent events."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from edge_emotion_device.web.facts import Facts, vitals_json
from edge_emotion_device.web.newest import Newest
from edge_emotion_device.web.pace import Pace
from edge_emotion_device.web.pictures import Pictures

BOUNDARY = "frame"
MOST_VIEWERS = 16
_READINGS_A_SECOND = 15
_VITALS_EVERY_S = 1.0
_COME_BACK_MS = 2000  # after which a browser tries again
_RETRY_AFTER_S = "5"


class Seats:
    """Room for so many viewers at a time."""

    def __init__(self, free: int = MOST_VIEWERS) -> None:
        self.free = free


class Stream(StreamingResponse):
    """An answer that takes its time, or 503 where there is no seat.

    A HEAD gets its headers alone.
    """

    def __init__(
        self, content: AsyncIterator[bytes], media_type: str, seats: Seats, **headers: str
    ) -> None:
        # X-Accel-Buffering: nginx would otherwise collect what is to be seen now.
        headers = {"x-accel-buffering": "no", **headers}
        super().__init__(content, media_type=media_type, headers=headers)
        self._seats = seats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the viewer goes or the run ends."""
        if not self._seats.free:
            full = {"error": "too many viewers"}
            await JSONResponse(full, 503, {"retry-after": _RETRY_AFTER_S})(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            await Response(headers=dict(self.headers))(scope, receive, send)
            return
        self._seats.free -= 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._seats.free += 1


async def mjpeg(newest: Newest, pictures: Pictures, pace: Pace) -> AsyncIterator[bytes]:
    """The pictures for one viewer, as many and as good as its link takes.

    Each part comes with the delimiter behind it, for browsers show it only then.
    """
    loop = asyncio.get_running_loop()
    seen = 0
    yield f"--{BOUNDARY}\r\n".encode()
    while (item := await newest.after(seen)) is not None:
        seen, begun_s = item.number, loop.time()
        jpeg = await pictures.jpeg(item, pace.level)
        del item  # a viewer that hangs does not keep it
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        encoded_s = loop.time()
        # A send waits for the one before it to be taken, so the empty one waits for this.
        yield head.encode() + jpeg + f"\r\n--{BOUNDARY}\r\n".encode()
        yield b""
        sent_s = loop.time()
        pace.sent(len(jpeg), sent_s - encoded_s, sent_s)
        await asyncio.sleep(max(0.0, begun_s + 1 / pace.fps - sent_s))


async def events(newest: Newest, facts: Facts, brief: bool) -> AsyncIterator[bytes]:
    """The newest readings, at most 15 times a second, and each second how the run goes."""
    loop = asyncio.get_running_loop()
    seen = 0
    vitals_due_s = loop.time()
    yield f"retry: {_COME_BACK_MS}\n\n".encode()
    while not newest.ended:
        left_s = vitals_due_s - loop.time()
        if left_s <= 0:
            vitals_due_s = loop.time() + _VITALS_EVERY_S
            yield _event("vitals", vitals_json(facts.vitals()))
            continue
        try:
            item = await asyncio.wait_for(newest.after(seen), left_s)
        except asyncio.TimeoutError:
            continue
        if item is not None:
            seen, told = item.number, facts.readings(item, brief)
            del item
            yield _event("reading", told)
            yield b""  # the next is not chosen before this one is taken
            await asyncio.sleep(1 / _READINGS_A_SECOND)
    yield _event("end", b"{}")


def _event(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
