"""A text file that begins anew when it is full, as `logging.handlers.RotatingFileHandler` does."""

import os
from math import inf
from pathlib import Path


class RotatedFile:
    """Adds to a file; once it is full it becomes FILE.1, FILE.1 becomes FILE.2, and so on.

    Each `write` stays in one piece and is in the file when it returns.  Renaming replaces the
    oldest in one step, so that a crash or a full disk loses nothing besides.  Only a regular file
    is renamed: no pipe, and nothing that is named by way of /dev or /proc, such as /dev/stdout.

    Args:
        path: of the file; where it is a link, what that points to is renamed, and the link stays.
        most_bytes: of one file, unless one `write` is longer.
        keep: former files; with 0 a full file is emptied.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, most_bytes: float, keep: int) -> None:
        self._file = path.open("ab", buffering=0)
        of_the_system = path.absolute().parts[1] in ("dev", "proc")
        self._path, self._keep = path.resolve(), keep
        self._most_bytes = most_bytes if self._path.is_file() and not of_the_system else inf

    def write(self, text: str) -> None:
        """Add text.

        Raises:
            OSError: it could not be written, or only in part.
        """
        left = memoryview(text.encode())
        size_bytes = os.fstat(self._file.fileno()).st_size
        if size_bytes and size_bytes + len(left) > self._most_bytes:
            self._begin_anew()
        while left:
            left = left[self._file.write(left) :]

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _begin_anew(self) -> None:
        if not self._keep:
            self._file.truncate(0)
            return
        former = [self._path, *(former_file(self._path, age + 1) for age in range(self._keep))]
        for newer, older in zip(former[-2::-1], former[:0:-1], strict=True):
            if newer.exists():
                newer.replace(older)
        self._file.close()
        self._file = self._path.open("ab", buffering=0)


def former_file(path: Path, age: int) -> Path:
    """Where the content of a file is after it has begun anew `age` times, from 1."""
    return path.with_name(f"{path.name}.{age}")
