"""Where the broker is, and how to log in there: the address, the login, the certificates."""

import os
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from edge_emotion.errors import WrongUse
from edge_emotion_device.secret_file import read_secret

LOGIN_VARIABLE = "EDGE_EMOTION_MQTT_LOGIN"
WHERE_LOGINS_BELONG = f"write user:password into a file for --mqtt-login-file, or {LOGIN_VARIABLE}"

_PORTS = {"mqtt": 1883, "mqtts": 8883}  # IANA's
_FORM = "mqtt://HOST[:PORT][/PREFIX], or mqtts:// for TLS"
_LONGEST_PREFIX_BYTES = 200
# Where a password may stand in an address that is none: in the port's place or a query.
_SECRET = re.compile(r":(?!//)(?!\d+(?:/|$)).*|[?#].*", re.DOTALL)


@dataclass(frozen=True)
class Address:
    """Where a broker is, and which topics there are ours.

    Attributes:
        tls: whether the connection is encrypted.
        prefix: of all topics, without a slash at the end.
    """

    host: str
    port: int
    tls: bool
    prefix: str

    @property
    def name(self) -> str:
        """The broker in messages: `HOST:PORT`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Login:
    """Who we are to the broker."""

    user: str
    password: str = field(repr=False)


def parse_address(url: str, hostname: str | None = None) -> Address:
    """The parts of `mqtt://HOST[:PORT][/PREFIX]`.

    Args:
        url: may be `mqtts://`, which is encrypted.
        hostname: of this machine, for the prefix where the address names none.

    Raises:
        WrongUse: it is something else, or holds a login: the process list shows it to everybody.
    """
    if "@" in url:  # even where it stands for something else: the message must not show it
        raise WrongUse(
            "--mqtt with a login in the address, which every user of this machine can see",
            expected=_FORM,
            remedy=WHERE_LOGINS_BELONG,
        )
    shown = _SECRET.sub("…", url)
    wrong = WrongUse(f"--mqtt {shown!r}", expected=_FORM)
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
        host.encode("idna")  # as the socket will
    except ValueError as error:
        raise wrong from error
    possible = host and " " not in host and url.isprintable()
    if parts.scheme not in _PORTS or not possible or port == 0 or "?" in url or "#" in url:
        raise wrong
    return Address(
        host,
        port or _PORTS[parts.scheme],
        parts.scheme == "mqtts",
        _prefix(unquote(parts.path).strip("/")) or _default_prefix(hostname),
    )


def _prefix(prefix: str) -> str:
    levels = prefix.split("/") if prefix else []
    possible = prefix.isprintable() and not re.search(r"[+# ]|^\$", prefix) and all(levels)
    if not possible or len(prefix.encode(errors="replace")) > _LONGEST_PREFIX_BYTES:
        raise WrongUse(
            f"--mqtt with the prefix {prefix[:80]!r}",
            expected="levels with a slash between, such as home/hall, without +, # and spaces",
        )
    return prefix


def _default_prefix(hostname: str | None) -> str:
    name = re.sub(r"[^\w.-]", "_", hostname or socket.gethostname(), flags=re.ASCII)
    return f"edge-emotion/{name or 'device'}"


def read_login(file: Path | None, environment: Mapping[str, str] = os.environ) -> Login | None:
    """The login from a file with one line `user:password`, else from the environment, or None.

    Raises:
        WrongUse: the file cannot be read, or either holds something else.  What it holds is not
            in the message.
    """
    if file is not None:
        return _login(read_secret(file, "login", "--mqtt-login-file"), f"the login file {file}")
    if text := environment.get(LOGIN_VARIABLE):
        return _login(text, LOGIN_VARIABLE)
    return None


def _login(text: str, where: str) -> Login:
    lines = text.strip("\r\n").splitlines()
    user, colon, password = lines[0].partition(":") if len(lines) == 1 else ("", "", "")
    if not user or not colon or not lines[0].isprintable():
        raise WrongUse(f"{where} holds no login", expected="one line, user:password")
    return Login(user, password)


def tls_context(address: Address, ca_file: Path | None) -> ssl.SSLContext | None:
    """What decides whether the broker is trusted; None for a connection that is not encrypted.

    Args:
        address: of the broker.
        ca_file: certificates to trust, in PEM; the system's without.

    Raises:
        WrongUse: the file cannot be used, or would not be.
    """
    if not address.tls:
        if ca_file is not None:
            raise WrongUse(
                "--mqtt-ca-file with an address that is not encrypted",
                expected="an address that begins with mqtts://",
            )
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        why = getattr(error, "reason", None) or error.strerror
        raise WrongUse(
            f"cannot take certificates from {ca_file}: {why}",
            expected="a PEM file with the certificate of who signed the broker's",
        ) from error
