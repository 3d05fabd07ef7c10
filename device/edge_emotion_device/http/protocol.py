"""Connections within limits: uvicorn has none for a client that connects and then says nothing."""

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 256
STILL_S = 30  # for a request to come in, or between two of them
STALLED_S = 20  # for a client to take what was sent
_LOOK_AGAIN_S = 1.0  # at a connection whose answer takes longer


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP over h11, which bounds the headers of a request.

    A connection on which no request comes to its end for `STILL_S` seconds is closed, and so is one
    that takes nothing of an answer for `STALLED_S`; how long an answer may take is the
    application's matter.  Where there are too many, the one that has been idle longest makes room.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._since_s = self.loop.time()
        self._begun = False
        self._timer: TimerHandle | None = None
        self._stalled: TimerHandle | None = None
        self._untaken_bytes = 0  # at the last look

    @property
    def idle(self) -> bool:
        """Whether no request of this connection is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Take a new connection, and let go of another if it is one too many."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # what the socket does not take is to be waited for
        self._watch()
        if len(self.connections) > MOST_CONNECTIONS:
            all_of_us = [other for other in self.connections if isinstance(other, BoundedProtocol)]
            oldest = min(
                (other for other in all_of_us if other.idle), key=lambda other: other._since_s
            )
            self.connections.discard(oldest)  # at once: many may come in one turn of the loop
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        for timer in (self._timer, self._stalled):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request."""
        if not self._begun:
            self._begun, self._since_s = True, self.loop.time()
        super().data_received(data)

    def pause_writing(self) -> None:
        """The client does not take what was sent: wait for it, but not for ever."""
        super().pause_writing()
        self._untaken_bytes = self.transport.get_write_buffer_size()
        self._stalled = self.loop.call_later(STALLED_S, self._look_whether_it_takes)

    def resume_writing(self) -> None:
        """The client has taken all of it."""
        if self._stalled is not None:
            self._stalled.cancel()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Be ready for the next request."""
        self._begun, self._since_s = False, self.loop.time()
        super().on_response_complete()

    def _look_whether_it_takes(self) -> None:
        before, self._untaken_bytes = self._untaken_bytes, self.transport.get_write_buffer_size()
        if self._untaken_bytes < before:
            self._stalled = self.loop.call_later(STALLED_S, self._look_whether_it_takes)
        else:
            self.transport.abort()

    def _watch(self) -> None:
        left_s = self._since_s + STILL_S - self.loop.time()
        if left_s <= 0 and self.idle:
            self.transport.abort()
        else:
            self._timer = self.loop.call_later(max(left_s, _LOOK_AGAIN_S), self._watch)
