"""The token that whoever opens the page has to know."""

import os
import secrets
from pathlib import Path

from edge_emotion.errors import WrongUse
from edge_emotion_device.secret_file import read_secret

VARIABLE = "EDGE_EMOTION_WEB_TOKEN"
_SHORTEST = 8
_LONGEST = 256
_EXPECTED = f"{_SHORTEST} to {_LONGEST} letters, digits or signs of ASCII, without a space"


def configured_token(file: Path | None) -> str | None:
    """The token of the file, or else of the environment; None where neither has one.

    Raises:
        WrongUse: it cannot be read, or is not fit to be a token.
    """
    if file is not None:
        return _checked(read_secret(file, "token", "--web-token-file"), f"the token in {file}")
    if VARIABLE in os.environ:
        return _checked(os.environ[VARIABLE], f"the token in {VARIABLE}")
    return None


def new_token() -> str:
    """One that nobody guesses."""
    return secrets.token_urlsafe(16)


def _checked(text: str, what: str) -> str:
    token = text.strip()
    if not token:
        raise WrongUse(f"{what} is empty", expected=_EXPECTED)
    if not (_SHORTEST <= len(token) <= _LONGEST and all("!" <= sign <= "~" for sign in token)):
        raise WrongUse(f"{what} is not fit to be a token", expected=_EXPECTED)
    return token
