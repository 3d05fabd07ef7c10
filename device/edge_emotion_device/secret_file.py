"""Passwords and tokens in files, so that no command line shows them."""

import os
import stat
from pathlib import Path

from edge_emotion.errors import WrongUse, warn

_MOST_BYTES = 4096


def read_secret(file: Path, what: str, option: str) -> str:
    """The text of a file; told if every user may read it.

    Args:
        file: that holds it.
        what: it is, for messages, such as "login".
        option: that named the file.

    Raises:
        WrongUse: it cannot be read, is no text, or far too long.
    """
    try:
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & stat.S_IROTH:
                warn(f"every user of this machine can read the {what} in {file}; chmod o-r {file}")
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise WrongUse(
            f"cannot read the {what} in {file}: {error.strerror}", remedy=f"check {option}"
        ) from error
    if len(content) > _MOST_BYTES:
        raise WrongUse(f"the {what} in {file} is too long", expected=f"{_MOST_BYTES} bytes at most")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise WrongUse(f"the {what} in {file} is none", expected="text in UTF-8") from error
