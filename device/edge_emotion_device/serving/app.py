"""The ASGI application: bodies in, within limits, and replies out."""

import asyncio
import json
import sys
import traceback
import zlib

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edge_emotion_device.serving.handler import Handler
from edge_emotion_device.serving.paths import Asked, parse_path
from edge_emotion_device.serving.refusal import Refusal, invalid, too_large, unavailable
from edge_emotion_device.serving.workers import Workers

_READ_S = 20.0  # for a body to come in
_BODIES_HELD = 4  # bodies of the largest size that may be in memory at the same time
_GZIP = 16 + zlib.MAX_WBITS


class ServingApp:
    """Answers what `tensorflow_model_server --rest_api_port` answers.

    Args:
        handler: knows the answers.
        workers: find them.
        most_bytes: of a body.
    """

    def __init__(self, handler: Handler, workers: Workers, most_bytes: int) -> None:
        self._handler, self._workers, self._most_bytes = handler, workers, most_bytes
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._answer(Request(scope, receive))
        except Refusal as refusal:
            response = _refused(refusal)
        except ClientDisconnect:
            return
        except Exception:  # a defect: told here, not to the client
            traceback.print_exc(file=sys.stderr)
            response = _refused(Refusal(500, "internal error; the server's log has more"))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        asked = parse_path(request.method, request.scope["raw_path"].decode("latin-1"))
        if request.method == "GET":
            return _json(self._handler.question(asked))
        body = bytearray()
        try:
            await asyncio.wait_for(self._read(request, body), _READ_S)
            zipped = request.headers.get("content-encoding", "").lower() == "gzip"
            return await self._workers.run(self._predict, asked, body, zipped)
        except asyncio.TimeoutError as error:
            raise Refusal(408, f"the body did not come within {_READ_S:g} s") from error
        finally:
            self._held_bytes -= len(body)

    def _predict(self, asked: Asked, body: bytearray, zipped: bool) -> Response:
        """In a worker; a refusal ends here, with the frames that hold the body's many lists."""
        try:
            content = self._unzipped(body) if zipped else body
            return _json(self._handler.prediction(asked, content))
        except Refusal as refusal:
            return _refused(refusal)

    async def _read(self, request: Request, body: bytearray) -> None:
        claimed = request.headers.get("content-length", "")
        if claimed.isdecimal() and int(claimed) > self._most_bytes:
            raise too_large(f"a body of {claimed} bytes", self._most_bytes)
        async for chunk in request.stream():
            if len(body) + len(chunk) > self._most_bytes:
                raise too_large("a larger body", self._most_bytes)
            if self._held_bytes + len(chunk) > _BODIES_HELD * self._most_bytes:
                raise unavailable("too many large requests at once; try again later")
            body += chunk
            self._held_bytes += len(chunk)

    def _unzipped(self, body: bytearray) -> bytes:
        try:
            content = zlib.decompressobj(_GZIP).decompress(body, self._most_bytes + 1)
        except zlib.error as error:
            raise invalid("a body that says gzip and is none") from error
        if len(content) > self._most_bytes:
            raise too_large("a body that is larger unzipped", self._most_bytes)
        return content


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type="application/json")


def _refused(refusal: Refusal) -> Response:
    content = json.dumps({"error": str(refusal)}, indent=4).encode()
    response = _json(content, refusal.status)
    if refusal.status == 503:
        response.headers["retry-after"] = "1"
    return response
