"""`edge-emotion serve` as a user runs it: a process on a free port of this machine."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.commands import command

_READY = "listening on "
_WITH_LIMITS = (
    "from edge_emotion.cli import main; "
    "from edge_emotion_device.http import protocol; from edge_emotion_device.serving import app"
)


class Server:
    """A running server.

    Args:
        arguments: of the command.
        limits: statements that set other limits in the modules app and protocol.

    Attributes:
        url: of its models, without a slash at the end.
        port: it listens on.
        process: to send signals to.
        told: its lines on stderr so far.
    """

    def __init__(self, *arguments: str | Path, limits: str = "") -> None:
        line = command("serve", "--port", "0", "--poll", "0.2", *arguments)
        if limits:
            line[1:3] = ["-c", f"{_WITH_LIMITS}; {limits}; main()"]
        self.process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
        self.told: list[str] = []
        self.url = self._address()
        self.port = int(self.url.split(":")[2].partition("/")[0])
        threading.Thread(target=self._listen, daemon=True).start()

    def _address(self) -> str:
        for line in self.process.stderr:
            self.told.append(line.rstrip())
            if _READY in line:
                return line.partition(_READY)[2].strip()
        raise AssertionError(f"the server did not start: {self.told}")

    def _listen(self) -> None:
        for line in self.process.stderr:
            self.told.append(line.rstrip())


@contextmanager
def serving(*arguments: str | Path, limits: str = "") -> Iterator[Server]:
    """Run a server with these arguments and limits while in the block."""
    server = Server(*arguments, limits=limits)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
