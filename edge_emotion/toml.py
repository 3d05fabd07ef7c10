"""Python's TOML reader: `tomllib`, or the same from PyPI before Python 3.11 has it."""

import re
import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["NotToml", "line_of", "loads"]

_DEEPEST = 20  # tables and lists inside each other; nothing of ours has more than four


class NotToml(ValueError):
    """A text is no TOML, or none that a person would write."""


def loads(text: str) -> dict[str, Any]:
    """The tables of a TOML document.

    Raises:
        NotToml: it is none, is nested without end, or has a number without end.
    """
    try:
        document = tomllib.loads(text)
    except RecursionError as error:
        raise NotToml("it is nested without end") from error
    except ValueError as error:  # TOMLDecodeError is one, and so is an int of 5,000 digits
        raise NotToml(str(error)) from error
    inside: list[Any] = [document]
    for _ in range(_DEEPEST):
        tables = [one.values() if isinstance(one, dict) else one for one in inside]
        inside = [part for one in tables for part in one if isinstance(part, dict | list)]
    if inside:
        raise NotToml(f"it is nested more than {_DEEPEST} deep")
    return document


def line_of(text: str, key: str, table: str = "") -> str:
    """Where a key stands, for messages, since the reader does not tell.

    Args:
        text: a TOML document.
        key: a key, or the name of a table, inside `table`.
        table: the name of the table that it is in; empty at the top.

    Returns:
        `:N`, the line that sets the key or begins the table; empty where none does.
    """
    current, own = "", f"{table}.{key}" if table else key
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*[\"']?([\w.-]+)", line)
        current = header[1] if header else current
        if (header and current == own) or (
            current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line)
        ):
            return f":{number}"
    return ""
