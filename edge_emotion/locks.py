"""One program at a time: a lock on what is written to, which ends with whoever holds it.

The locks are the kernel's, of flock(2), on the folder or the file itself: nothing is left on the
disk, and a crash leaves none behind.  Where a file system knows none (some network shares) nothing
is locked.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import cannot_write, check_folder, remove_leftovers

_HELD = (errno.EWOULDBLOCK, errno.EACCES)


@contextmanager
def alone_in(folder: Path, remedy: str) -> Iterator[None]:
    """Keep other programs of this toolkit from writing into a folder while in the block.

    It is made if need be, and taken away again where nothing was put into it.  What a crash left
    half written in it (see `files.replacing`) is removed.

    Args:
        folder: that is written to.
        remedy: what to do where another program has it.

    Raises:
        EdgeEmotionError: another program has it, or it cannot be made.
    """
    check_folder(folder, folder)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        lock(descriptor, folder, remedy)
        remove_leftovers(folder)
        yield
    finally:
        with suppress(OSError):  # not empty, as a rule
            for place in made:
                place.rmdir()
        os.close(descriptor)


def lock(descriptor: int, path: Path, remedy: str) -> None:
    """Lock an open file or folder until its last descriptor is closed.

    Args:
        descriptor: of the file or folder.
        path: as messages call it.
        remedy: what to do where another program has it.

    Raises:
        EdgeEmotionError: another program has it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _HELD:
            return
        raise EdgeEmotionError(
            f"another edge-emotion writes to {path}{_holder(descriptor)}", remedy=remedy
        ) from error


def _holder(descriptor: int) -> str:
    """Who holds a lock, as far as the kernel tells (proc_locks(5)): ` (pid N)`, or nothing."""
    inode = str(os.fstat(descriptor).st_ino)
    with suppress(OSError):
        for line in Path("/proc/locks").read_text().splitlines():
            _, kind, *_, pid, place, _, _ = line.split()
            if kind == "FLOCK" and place.rpartition(":")[2] == inode and int(pid) > 0:
                return f" (pid {pid})"
    return ""
