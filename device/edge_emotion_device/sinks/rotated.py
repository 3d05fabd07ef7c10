"""A text file that begins anew when it is full, as `logging.handlers.RotatingFileHandler` does."""

import os
from math import inf
from pathlib import Path

from edge_emotion.locks import lock

_REMEDY = "end it, or name another --output"


class RotatedFile:
    """Adds to a file; once it is full it becomes FILE.1, FILE.1 becomes FILE.2, and so on.

    Each `write` stays in one piece and is in the file when it returns.  Renaming replaces the
    oldest in one step, so that a crash or a full disk loses nothing besides.  Only a regular file
    is renamed: no pipe, and nothing that is named by way of /dev or /proc, such as /dev/stdout.

    Args:
        path: of the file; where it is a link, what that points to is renamed, and the link stays.
        most_bytes: of one file, unless one `write` is longer.
        keep: former files; with 0 a full file is emptied.  Older ones are removed with the next.
        heading: what stands before the first `write` in each file; not in what is never renamed.

    Raises:
        OSError: it cannot be opened.
        EdgeEmotionError: another run writes to it.
    """

    def __init__(self, path: Path, most_bytes: float, keep: int, heading: str = "") -> None:
        of_the_system = path.absolute().parts[1] in ("dev", "proc")
        self._path, self._keep = path.resolve(), keep
        self._file = path.open("ab", buffering=0)
        self._is_ours = self._path.is_file() and not of_the_system
        if self._is_ours:
            self._lock()
        self._most_bytes = most_bytes if self._is_ours else inf
        self.head(heading)

    def head(self, heading: str) -> None:
        """Take a heading, for the next `write` and each file from here on."""
        self._heading = self._due = heading if self._is_ours else ""

    def write(self, text: str) -> None:
        """Add text.

        Raises:
            OSError: it could not be written, or only in part.
        """
        size_bytes = os.fstat(self._file.fileno()).st_size
        if size_bytes and size_bytes + len((self._due + text).encode()) > self._most_bytes:
            self._begin_anew()
            self._due = self._heading
        left = memoryview((self._due + text).encode())
        self._due = ""
        while left:
            left = left[self._file.write(left) :]

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _begin_anew(self) -> None:
        for older in reversed(former_files(self._path)[self._keep :]):  # of a run that kept more
            older.unlink()
        if not self._keep:
            self._file.truncate(0)
            return
        former = [self._path, *(former_file(self._path, age + 1) for age in range(self._keep))]
        for newer, older in zip(former[-2::-1], former[:0:-1], strict=True):
            if newer.exists():
                newer.replace(older)
        self._file.close()
        self._file = self._path.open("ab", buffering=0)
        self._lock()

    def _lock(self) -> None:
        try:
            lock(self._file.fileno(), self._path, _REMEDY)
        except BaseException:
            self._file.close()
            raise


def former_files(path: Path) -> list[Path]:
    """What a file was before it began anew, FILE.1 and so on, the newest first."""
    found: list[Path] = []
    while (older := former_file(path, len(found) + 1)).is_file():
        found.append(older)
    return found


def former_file(path: Path, age: int) -> Path:
    """Where the content of a file is after it has begun anew `age` times, from 1."""
    return path.with_name(f"{path.name}.{age}")
