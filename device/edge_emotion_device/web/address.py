"""What `--web` may say."""

from edge_emotion.errors import WrongUse

_HERE = "127.0.0.1"
_EXPECTED = "[HOST:]PORT: 8080 for this machine alone, or 0.0.0.0:8080 for others too"


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of `PORT`, `HOST:PORT` or `[IPV6]:PORT`; port 0 takes a free one.

    Raises:
        WrongUse: it is none of them.
    """
    host, colon, port = text.rpartition(":")
    if not colon:
        host = _HERE
    elif host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""  # an IPv6 address without brackets: the port may be a part of it
    number = port.isascii() and port.isdecimal() and len(port) < 6
    if not (host and number and int(port) < 65536):
        raise WrongUse(f"--web {text}", expected=_EXPECTED)
    return host, int(port)
