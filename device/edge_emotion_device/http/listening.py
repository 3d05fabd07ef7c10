"""The socket a server listens on."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from edge_emotion.errors import EdgeEmotionError


@contextmanager
def listening(host: str, port: int, remedy: str) -> Iterator[socket.socket]:
    """Listen at an address.

    Args:
        host: name or address.
        port: 0 takes a free one.
        remedy: what to do where that is not possible.

    Raises:
        EdgeEmotionError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no domain can have
        why = str(getattr(error, "strerror", error)).partition(" (while")[0]
        raise EdgeEmotionError(f"cannot listen on {host}:{port}: {why}", remedy=remedy) from error
    with listener:
        # Connections inherit it.  Without, a reply's body waits 40 ms for the client to acknowledge
        # its head: asyncio sets it for itself only on sockets that were made with IPPROTO_TCP.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def url(listener: socket.socket, path: str, host: str = "") -> str:
    """The address of a path there, under the name `host` if one is given."""
    address, port = listener.getsockname()[:2]
    named = host or address
    shown = f"[{named}]" if ":" in named else named
    return f"http://{shown}:{port}{path}"


def is_loopback(listener: socket.socket) -> bool:
    """Whether only programs of this machine reach it."""
    return ip_address(listener.getsockname()[0]).is_loopback
