"""One request to an ASGI application, without a server."""

import asyncio
from typing import Any


class Vanished:
    """In place of a piece of a body: the client is gone."""


async def ask(
    app: Any, method: str, path: str, *body: Any, headers: dict[str, str] | None = None
) -> tuple[int, bytes] | None:
    """Status and body of the reply; None if there was none.

    Args:
        app: the application.
        method, path: of the request; the path as it is sent.
        body: its pieces; `Vanished` is a client that goes, None one that says nothing more.
        headers: besides none.
    """
    pieces, sent = list(body), []

    async def receive() -> dict[str, Any]:
        piece = pieces.pop(0) if pieces else b""
        if piece is None:
            await asyncio.Event().wait()
        if piece is Vanished:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": b"",
        "headers": [
            (name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()
        ],
    }
    await app(scope, receive, send)
    if not sent:
        return None
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
