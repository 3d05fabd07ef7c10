"""`edge-emotion serve` as a user runs it: a process on a free port of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.commands import command
from helpers.told import Told

_WITH_LIMITS = (
    "from edge_emotion.cli import main; "
    "from edge_emotion_device.http import protocol; from edge_emotion_device.serving import app"
)


class Server(Told):
    """A running server.

    Args:
        arguments: of the command.
        limits: statements that set other limits in the modules app and protocol.

    Attributes:
        url: of its models, without a slash at the end.
        port: it listens on.
    """

    def __init__(self, *arguments: str | Path, limits: str = "") -> None:
        line = command("serve", "--port", "0", "--poll", "0.2", *arguments)
        if limits:
            line[1:3] = ["-c", f"{_WITH_LIMITS}; {limits}; main()"]
        super().__init__(line, "listening on ")
        self.port = int(self.url.split(":")[2].partition("/")[0])


@contextmanager
def serving(*arguments: str | Path, limits: str = "") -> Iterator[Server]:
    """Run a server with these arguments and limits while in the block."""
    server = Server(*arguments, limits=limits)
    try:
        yield server
    finally:
        server.end()
