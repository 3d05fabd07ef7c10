"""A shell for the examples: a bash in a scratch folder, in a network of its own where it can be."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

# An address printed on stderr, by which it is known that a server listens.
_READY = ("listening on http", "the page is at http")
_OVER = "=== it ended with"
_LOOPBACK_UP = (  # as `ip link set lo up` does, which not every system has
    "import fcntl, socket, struct; "
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 1))"
)


class Ended(NamedTuple):
    """How a command ended: its exit code, and what it wrote to stdout and stderr."""

    code: int
    output: str


class Session:
    """A running bash; variables and servers stay from one command to the next.

    Args:
        folder: to work in.
        binaries: the folder of `edge-emotion` and its Python.
        environment: variables besides the usual ones.
    """

    def __init__(self, folder: Path, binaries: Path, environment: dict[str, str]) -> None:
        self._folder, self._count = folder, 0
        self._commands = folder / ".commands"
        self._commands.mkdir(exist_ok=True)
        self._server: Path | None = None
        self._codes, theirs = os.pipe()
        path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
        self._bash = subprocess.Popen(
            [*_own_network(), "bash", "--noprofile", "--norc"],
            cwd=folder,
            env={**os.environ, "PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
            | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            pass_fds=[theirs],
            start_new_session=True,
        )
        self._theirs = theirs
        if _own_network():
            self.run(f"{sys.executable} -c {_quoted(_LOOPBACK_UP)}")

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        os.killpg(self._bash.pid, signal.SIGKILL)
        self._bash.wait()
        os.close(self._codes)
        os.close(self._theirs)

    def run(self, command: str, timeout_s: float = 120) -> Ended:
        """Run a command and wait for its end.

        Raises:
            TimeoutError: it did not end.
        """
        script, output = self._write(command)
        self._say(f". {script} > {output} 2>&1 < /dev/null; echo $? >&{self._theirs}")
        return Ended(self._code(command, timeout_s), _text(output))

    def serve(self, command: str, timeout_s: float = 60) -> Ended:
        """Start a server, in place of one that runs, and wait until it listens.

        Returns:
            0, or -1 if it does not listen within this time; and what it has written.
        """
        self.stop()
        script, output = self._write(command)
        self._say(f"(. {script}; echo {_OVER} $?) > {output} 2>&1 < /dev/null & server=$!")
        self._server = output
        until_s = time.monotonic() + timeout_s
        while not any(sign in _text(output) for sign in _READY):
            if _OVER in _text(output) or time.monotonic() > until_s:
                return Ended(-1, _text(output))
            time.sleep(0.05)
        return Ended(0, _text(output))

    def stop(self) -> Ended:
        """End the server, if there is one, as systemd would."""
        if self._server is None:
            return Ended(0, "")
        output, self._server = self._server, None
        self._say(f"pkill -TERM -P $server; wait $server; echo 0 >&{self._theirs}")
        self._code("the server's end", 30)
        text, _, code = _text(output).rpartition(_OVER)
        return Ended(int(code or -1), text)

    def _write(self, command: str) -> tuple[Path, Path]:
        self._count += 1
        script = self._commands / f"{self._count}.sh"
        script.write_text(f"{command}\n", encoding="utf-8")
        return script, script.with_suffix(".txt")

    def _say(self, line: str) -> None:
        assert self._bash.stdin is not None
        self._bash.stdin.write(f"{line}\n")
        self._bash.stdin.flush()

    def _code(self, command: str, timeout_s: float) -> int:
        told, _, _ = select.select([self._codes], [], [], timeout_s)
        if not told:
            raise TimeoutError(f"still running after {timeout_s:.0f} s: {command}")
        return int(os.read(self._codes, 16))


def _own_network() -> list[str]:
    """What gives a command a network of its own, in which every port is free; else nothing."""
    wanted = ["unshare", "--net", "--map-root-user"]
    if shutil.which(wanted[0]) is None:
        return []
    return (
        wanted
        if subprocess.run([*wanted, "true"], stderr=subprocess.DEVNULL).returncode == 0
        else []
    )


def _text(output: Path) -> str:
    return output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
