"""Servers of ours as a user runs them, known by the address that they tell; and what comes back."""

import socket
import subprocess
import threading
from typing import Any


class Told:
    """A command that listens, and tells where on stderr.

    Args:
        line: the command.
        ready: what stands before the address.
        how: more for `subprocess.Popen`.

    Attributes:
        url: the address.
        process: to send signals to.
        told: its lines on stderr so far.
    """

    def __init__(self, line: list[str], ready: str, **how: Any) -> None:
        self.process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, **how)
        self.told: list[str] = []
        self.url = self._address(ready)
        threading.Thread(target=self._listen, daemon=True).start()

    def end(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def _address(self, ready: str) -> str:
        for line in self.process.stderr:
            self.told.append(line.rstrip())
            if ready in line:
                return line.partition(ready)[2].strip()
        raise AssertionError(f"it did not start: {self.told}")

    def _listen(self) -> None:
        for line in self.process.stderr:
            self.told.append(line.rstrip())


def received(client: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    parts = []
    while True:
        try:
            part = client.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)
