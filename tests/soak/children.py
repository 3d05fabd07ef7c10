"""Processes of a soak: none outlives it, and each is told from a shell's Ctrl-C."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.commands import command

_SET_DEATH_SIGNAL = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


def start(line: list[str], **how: Any) -> subprocess.Popen[str]:
    """A process that ends with this one, whatever ends it."""
    return subprocess.Popen(
        line, text=True, start_new_session=True, preexec_fn=_end_with_parent, **how
    )


def _end_with_parent() -> None:
    _libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


@dataclass(frozen=True)
class Ended:
    """A run that has ended.

    Attributes:
        code: its exit code.
        at_s: when, by `time.monotonic`.
        frames, readings: that its summary tells; None where there was none.
    """

    code: int
    at_s: float
    frames: int | None
    readings: int | None


class Supervised:
    """`edge-emotion run`, started again after a failure as systemd does.

    Args:
        arguments: of the command.
        pause_s: before it is started again.

    Attributes:
        process: the one that is there now.
        told: its lines on stderr, of all starts.
        ended: the runs that are over.
    """

    def __init__(self, arguments: list[str], pause_s: float) -> None:
        self._line, self._pause_s = command("run", *arguments), pause_s
        self.told: list[str] = []
        self.ended: list[Ended] = []
        self._mark = 0
        self._stopping = threading.Event()
        self.process = self._start()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """Have it read its settings again."""
        self._mark = len(self.told)
        self.process.send_signal(signal.SIGHUP)

    def has_told(self, words: str) -> bool:
        """Whether it has said something since `hang_up`."""
        return any(words in line for line in self.told[self._mark :])

    def stop(self, patience_s: float) -> float:
        """End it as systemd does; returns how long that took."""
        self._stopping.set()
        begun_s = time.monotonic()
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
        self._thread.join(patience_s)
        with suppress(ProcessLookupError):
            self.process.kill()
        self._thread.join(5)
        return time.monotonic() - begun_s

    def _start(self) -> "subprocess.Popen[str]":
        # The death signal comes when the *thread* ends that started the process.
        return start(self._line, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def _watch(self) -> None:
        while True:
            lines: list[str] = []
            assert self.process.stderr is not None
            for line in self.process.stderr:
                lines.append(line.rstrip())
                self.told.append(lines[-1])
            code = self.process.wait()
            counts = [_count(lines, word) for word in ("frames", "readings")]
            self.ended.append(Ended(code, time.monotonic(), *counts))
            if self._stopping.wait(self._pause_s):
                return
            self.process = self._start()


def _count(lines: list[str], word: str) -> int | None:
    """What the closing summary says: `frames     120 read, ...`."""
    found = [match for line in lines if (match := re.match(rf"{word} +(\d+)", line))]
    return int(found[-1][1]) if found else None


@dataclass(frozen=True)
class Use:
    """What a process has.

    Attributes:
        at_s: when it was looked at.
        rss_mb: memory.
        descriptors: open files.
        threads: of it.
    """

    at_s: float
    rss_mb: float
    descriptors: int
    threads: int


def use_of(process: "subprocess.Popen[str]") -> Use | None:
    """What a process has now; None where it is gone."""
    place = Path("/proc") / str(process.pid)
    try:
        status = (place / "status").read_text()
        descriptors = len(list((place / "fd").iterdir()))
        rss = re.search(r"VmRSS:\s+(\d+) kB", status)
        threads = re.search(r"Threads:\s+(\d+)", status)
    except OSError:
        return None
    if rss is None or threads is None:  # a zombie
        return None
    return Use(time.monotonic(), int(rss[1]) / 1024, descriptors, int(threads[1]))


def own_mounts() -> str:
    """Give this process mounts of its own, which end with it; says why not where that cannot be."""
    new_namespace, private, recursive = 0x00020000, 1 << 18, 1 << 14  # CLONE_NEWNS, MS_*
    if os.geteuid():
        return "only root can mount a small disk"
    if _libc.unshare(new_namespace) or _libc.mount(b"none", b"/", None, private | recursive, None):
        return f"no mounts of its own: {os.strerror(ctypes.get_errno())}"
    return ""


def mount_disk(folder: Path, megabytes: int) -> str:
    """Mount a small disk in memory; says why not where that cannot be."""
    size = f"size={megabytes}m".encode()
    if _libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, size):
        return f"no small disk: {os.strerror(ctypes.get_errno())}"
    return ""


def unmount(folder: Path) -> None:
    """Take a disk away again, whoever still has files of it."""
    detach = 2  # MNT_DETACH
    _libc.umount2(os.fsencode(folder), detach)


def warn(text: str) -> None:
    """Tell how the soak goes."""
    sys.stderr.write(f"soak: {text}\n")
