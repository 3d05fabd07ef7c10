"""The page's server: uvicorn in a thread and an event loop of its own."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from edge_emotion.errors import warn
from edge_emotion_device.http.uvicorn_config import uvicorn_config

_LAST_WORDS_S = 0.15  # for viewers to hear that the run has ended
_CLOSE_S = 0.6


class Server:
    """Serves while it is open; closing it does not wait for viewers that hang.

    Args:
        loop: is run in the server's thread, and closed at its end.
        listener: a listening socket; the server closes it.
        app: the application.
        on_end: called in the loop when the server is to end.

    Attributes:
        failure: what ended it before it was closed; None while all is well.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        app: ASGIApp,
        on_end: Callable[[], None],
    ) -> None:
        self._loop, self._listener, self._on_end = loop, listener, on_end
        self.failure: Exception | None = None
        self._server = uvicorn.Server(uvicorn_config(app))
        self._thread = Thread(target=self._work, name="page", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and let go of all viewers."""
        if self._thread.is_alive():
            with suppress(RuntimeError):  # it has ended in this moment
                self._loop.call_soon_threadsafe(self._end)
            self._thread.join(_CLOSE_S)

    def _work(self) -> None:
        try:
            self._loop.run_until_complete(self._server.serve([self._listener]))
        except Exception as error:
            self.failure = error
            warn(f"the page has ended: {error!r}; the run goes on without it")
        finally:
            self._listener.close()
            self._loop.close()

    def _end(self) -> None:
        self._on_end()
        self._loop.call_later(_LAST_WORDS_S, self._let_go)
        self._server.should_exit = True

    def _let_go(self) -> None:
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
