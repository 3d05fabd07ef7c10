"""The page as a sink."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from ipaddress import ip_address
from string import Template
from typing import TYPE_CHECKING

from edge_emotion.errors import warn
from edge_emotion.extras import need
from edge_emotion.types import Frame, Reading
from edge_emotion_device.options import RunOptions
from edge_emotion_device.outgoing import Outgoing
from edge_emotion_device.sinks.base import Sink
from edge_emotion_device.vitals import Vitals
from edge_emotion_device.web.address import parse_address
from edge_emotion_device.web.newest import Newest
from edge_emotion_device.web.secret import configured_token, new_token

if TYPE_CHECKING:
    from edge_emotion_device.web.server import Server

_REMEDY = "choose another --web [HOST:]PORT, or stop what listens there"
# In the kernel, which doubles it, for each connection: more would delay pictures by seconds.
_SEND_BUFFER_BYTES = 64 << 10
# Of these, not yet sent: what waits longer than a picture or two take is out of date.
_UNSENT_BYTES = 16 << 10


class WebSink(Sink):
    """Shows the newest frame and its readings to whoever looks; the run waits for nobody.

    Attributes:
        url: of the page, with its token where one was made up.
    """

    def __init__(
        self, url: str, newest: Newest, outgoing: Outgoing, server: "Server", opened: ExitStack
    ) -> None:
        """Take over a server that was opened; see `open`."""
        self.url, self._server = url, server
        self._newest, self._outgoing, self._opened = newest, outgoing, opened

    @classmethod
    def open(cls, options: RunOptions, vitals: Callable[[], Vitals]) -> "WebSink":
        """Begin to listen, and tell where on stderr.

        Args:
            options: `web`, `web_token_file`, `pictures` and `anonymize` count.
            vitals: how the run goes; called in the server's thread.

        Raises:
            WrongUse: the address or the token is none.
            MissingExtra: the packages of the extra `web` are not installed.
            EdgeEmotionError: the port is taken, or the address not this machine's.
        """
        need("web", "starlette", "uvicorn", "orjson", "prometheus_client")
        from edge_emotion_device.http.listening import is_loopback, listening, url
        from edge_emotion_device.web.access import Access
        from edge_emotion_device.web.app import make_app, page_file
        from edge_emotion_device.web.pictures import Pictures
        from edge_emotion_device.web.server import Server

        host, port = parse_address(options.web or "")
        token = configured_token(options.web_token_file)
        told = ""
        with ExitStack() as opening:
            listener = opening.enter_context(listening(host, port, _REMEDY))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):
                unsent = (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
                listener.setsockopt(*unsent)
            if token is None and not is_loopback(listener):
                token = new_token()
                told = f"?token={token}"
            loop = asyncio.new_event_loop()
            newest, outgoing = Newest(loop), Outgoing(options.anonymize and options.pictures)
            pictures = Pictures(outgoing) if options.pictures else None
            if pictures is not None:
                opening.callback(pictures.close)
            login = Template(page_file("login.html"))
            app = Access(
                make_app(newest, vitals, pictures), token, host, listener.getsockname()[1], login
            )
            everywhere = ip_address(listener.getsockname()[0]).is_unspecified
            shown = socket.gethostname() if everywhere else host
            address = f"{url(listener, '/', shown)}{told}"
            server = Server(loop, listener, app, newest.end)  # whose the listener is from here on
            opening.callback(server.close)
            warn(f"the page is at {address}")
            return cls(address, newest, outgoing, server, opening.pop_all())

    @property
    def failures(self) -> int:
        """1 when the server has ended by itself."""
        return int(self._server.failure is not None)

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Keep a frame until the next one comes."""
        self._outgoing.see(frame, readings)
        self._newest.put(frame, readings)

    def close(self) -> None:
        """Tell the viewers that the run has ended, and stop; hung ones are not waited for."""
        self._opened.close()
