"""Writing files so that a crash leaves the old content or the new, never half of either."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
        raise _cannot_write(path, error) from error
    part = Path(name)
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Find out before any work is done that a path cannot become a file.

    Raises:
        EdgeEmotionError: it is a folder, or lies below a file.
    """
    if path.is_dir():
        raise EdgeEmotionError(f"cannot write {path}: it is a folder", remedy="name a file")
    for folder in path.parents:
        if folder.exists() and not folder.is_dir():
            raise EdgeEmotionError(
                f"cannot write {path}: {folder} is a file", remedy="name another folder"
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


def _cannot_write(path: Path, error: OSError) -> EdgeEmotionError:
    return EdgeEmotionError(
        f"cannot write {path}: {error.strerror or error}",
        remedy="check the folder's permissions and the free space, or name another folder",
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
