"""Writing files so that a crash leaves the old content or the new, never half of either."""

import ctypes
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from edge_emotion.errors import EdgeEmotionError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to, and rename it to `path` on success.

    On an exception the temporary file is removed and `path` is as it was.  The temporary name keeps
    the suffix of `path`, because writers such as Keras and OpenCV choose the format by it.

    Raises:
        EdgeEmotionError: the folder cannot be written to, or the disk is full.
    """
    check_place(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}.", suffix=f".part{path.suffix}", dir=path.parent
        )
        os.close(handle)
    except OSError as error:
        raise cannot_write(path, error) from error
    part = Path(name)
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Find out before any work is done that a path cannot become a file.

    Raises:
        EdgeEmotionError: it is a folder, or lies below a file.
    """
    if path.is_dir():
        raise EdgeEmotionError(f"cannot write {path}: it is a folder", remedy="name a file")
    check_folder(path.parent, path)


def check_folder(folder: Path, path: Path) -> None:
    """Find out that something can be a folder.

    Args:
        folder: that is to be one.
        path: what is to be written, as the message calls it.

    Raises:
        EdgeEmotionError: it is a file, or lies below one.
    """
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise EdgeEmotionError(
                f"cannot write {path}: {place} is a file", remedy="name another folder"
            )


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step (see `replacing`)."""
    with replacing(path) as part:
        part.write_bytes(content)


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write several files, none of which changes before all of them are on the disk.

    They take their places one right behind the other, in the order given.

    Raises:
        EdgeEmotionError: one of them cannot be written; all are as they were.
    """
    with ExitStack() as parts:
        for path, content in list(contents.items())[::-1]:  # the stack leaves the last one first
            with parts.enter_context(replacing(path)).open("wb") as part:
                part.write(content)
                part.flush()
                os.fsync(part.fileno())


def write_text(path: Path, content: str) -> None:
    """Write `content` as UTF-8 to `path` in one step (see `replacing`)."""
    write_bytes(path, content.encode())


def sync_folder(folder: Path) -> None:
    """Have every file below a folder on the disk, not only in memory."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as written:
                os.fsync(written.fileno())


def exchange(first: Path, second: Path) -> None:
    """Let two folders take each other's places, in one step where the system can (renameat2(2)).

    Raises:
        OSError: one of them cannot be moved; both are where they were.
    """
    if _exchanged_at_once(first, second):
        return
    aside = first.with_name(f"{first.name}.aside")
    try:
        second.rename(aside)
        first.rename(second)
    except BaseException:
        if not second.exists():
            aside.rename(second)
        raise
    aside.rename(first)


def _exchanged_at_once(first: Path, second: Path) -> bool:
    here, exchange_them = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # another libc than glibc 2.28 and later
        return False
    return rename(here, os.fsencode(first), here, os.fsencode(second), exchange_them) == 0


def remove_leftovers(folder: Path) -> None:
    """Remove what a kill in the middle of writing left in a folder (see `replacing`).

    Nobody else may be writing into it.
    """
    for left in folder.glob(".*.part*"):
        with suppress(OSError):  # a folder, or gone
            left.unlink()


def cannot_write(path: Path, error: OSError) -> EdgeEmotionError:
    """The error for a file or folder that the system does not let us write."""
    return EdgeEmotionError(
        f"cannot write {path}: {error.strerror or error}",
        remedy="check the folder's permissions and the free space, or name another folder",
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
