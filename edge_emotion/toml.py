"""Python's TOML reader: `tomllib`, or the same from PyPI before Python 3.11 has it."""

import re
import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["line_of", "tomllib"]


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
