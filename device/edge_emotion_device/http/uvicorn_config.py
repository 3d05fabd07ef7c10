"""uvicorn as both servers use it."""

import uvicorn
from starlette.types import ASGIApp

from edge_emotion_device.http import protocol

_GRACE_S = 1  # for requests that are being answered when the server is told to end


def uvicorn_config(app: ASGIApp) -> uvicorn.Config:
    """Connections within limits, and not a word on stderr."""
    return uvicorn.Config(
        app,
        http=protocol.BoundedProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",  # what clients do wrong is told to them
        access_log=False,
        server_header=False,
        timeout_keep_alive=protocol.STILL_S,
        timeout_graceful_shutdown=_GRACE_S,
    )
