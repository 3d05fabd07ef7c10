"""What network cameras share: addresses that hide their password, and hosts that answer."""

import re
import socket
from urllib.parse import SplitResult, urlsplit

from edge_emotion.errors import EdgeEmotionError, WrongUse

CONNECT_S = 5.0
# Some cameras want it in the path: rtsp://HOST/user=admin&password=secret&channel=1.
_PASSWORD = re.compile(r"((?:password|passwd|pass|pwd)(?:=|%3d))[^&;/]*", re.IGNORECASE)


def split(address: str) -> SplitResult:
    """The parts of an address.

    Raises:
        WrongUse: it is none.
    """
    try:
        return urlsplit(address)
    except ValueError as error:  # which may show the password
        scheme = address.partition(":")[0]
        expected = f"{scheme}://HOST/PATH"
        raise WrongUse(f"a {scheme} address that is none", expected=expected) from error


def without_user(parts: SplitResult) -> SplitResult:
    """The address without a name and password before the host."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2])


def without_password(address: str) -> str:
    """The address as messages show it: without name, password and query, for some cameras want the
    password there, or in the path.

    Raises:
        WrongUse: it is no address.
    """
    parts = without_user(split(address))
    path = _PASSWORD.sub(r"\1…", parts.path)
    query, fragment = ("…" if part else "" for part in (parts.query, parts.fragment))
    return parts._replace(path=path, query=query, fragment=fragment).geturl()


def check_reachable(address: str, default_port: int) -> None:
    """Make sure that somebody listens at an address; FFmpeg tells nothing and may take its time.

    Raises:
        WrongUse: the address names no host, or a port that is none.
        EdgeEmotionError: the host is unknown, does not answer or refuses.
    """
    name, parts = without_password(address), split(address)
    try:
        host, port = parts.hostname, parts.port or default_port
    except ValueError as error:
        raise WrongUse(f"the address {name}: {error}", expected="HOST:PORT") from error
    if not host:
        raise WrongUse(f"the address {name} names no host", expected=f"{parts.scheme}://HOST/PATH")
    try:
        socket.create_connection((host, port), CONNECT_S).close()
    except OSError as error:
        raise unreachable(name, error) from error


def unreachable(name: str, error: object) -> EdgeEmotionError:
    """The error for an address at which nobody answers."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return EdgeEmotionError(
        f"{name} gives no frame: {reason}",
        remedy="check the address, the network, and that the camera is on",
    )
