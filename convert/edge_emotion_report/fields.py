"""Reading fields of somebody else's JSON: of the type that is meant, or missing, or refused."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from edge_emotion_report.records import Interval, Source
from edge_emotion_report.tasks import TASKS
from edge_emotion_report.wording import LONGEST, plain

LONGEST_SENTENCE = 1000  # characters of a command, or of what is said in a sentence

Table = Mapping[str, Any]
Kind = TypeVar("Kind")


class MalformedError(ValueError):
    """A file, or an entry of one, is not what its schema says; the message says where."""


class Fence:
    """Reads one part of a file after the other, so that a wrong one costs no other.

    Attributes:
        wrong: a sentence about each part that cannot be used.
    """

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def read(self, where: str, read: Callable[[], Kind], otherwise: Kind) -> Kind:
        """What `read` returns; `otherwise` if it is wrong, which is noted.

        Args:
            where: the part is, for the note; may be empty.
            read: raises MalformedError.
            otherwise: stands for a part that cannot be used.
        """
        try:
            return read()
        except MalformedError as error:
            self.wrong.append(f"{where}: {error}" if where else str(error))
            return otherwise

    def source(self, content: Table, file: Path, kind: str, command: str) -> Source:
        """What a file says of itself; `command` where it tells none."""
        told = self.read("", lambda: text(content, "command", longest=LONGEST_SENTENCE), "")
        made, version = self.text(content, "made"), self.text(content, "tool")
        return Source(file, kind, told or command, made, version)

    def number(self, table: Table, key: str, where: str = "") -> float | None:
        """As `number`; None where it is wrong, which is noted."""
        return self.read(where, lambda: number(table, key), None)

    def text(self, table: Table, key: str, where: str = "") -> str:
        """As `text`; empty where it is wrong, which is noted."""
        return self.read(where, lambda: text(table, key), "")

    def inside(self, table: Table, key: str) -> Table:
        """As `inside`; empty where it is wrong, which is noted."""
        return self.read("", lambda: inside(table, key), {})

    def entries(self, table: Table, key: str, where: str = "") -> list[Any]:
        """As `entries`; empty where it is wrong, which is noted."""
        return self.read(where, lambda: entries(table, key), [])

    def usable(
        self, table: Table, key: str, read: Callable[[Table, str], Kind], within: str = ""
    ) -> list[Kind]:
        """What `read` makes of each entry that can be used; the others are noted.

        Args:
            table, key: of the entries, which are tables.
            read: given an entry and where it is; raises MalformedError.
            within: the part of the file that `table` is, for the notes.
        """
        found = []
        for place, entry in enumerate(self.entries(table, key, within), 1):
            where = f"{within}, {key}, entry {place}" if within else f"{key}, entry {place}"
            one: Kind | None = self.read(where, partial(_read, read, entry, where), None)
            if one is not None:
                found.append(one)
        return found


def _read(read: Callable[[Table, str], Kind], entry: object, where: str) -> Kind:
    if not isinstance(entry, dict):
        raise MalformedError("it is no table")
    return read(entry, where)


def check_version(content: Table, read: int) -> None:
    """Refuse a file of another version of its format than `read`.

    Raises:
        MalformedError: it is.
    """
    version = content.get("version")
    if version != read:
        raise MalformedError(f"it is of version {version!r} of the format, this reads {read}")


def median(table: Table) -> tuple[float | None, Interval]:
    """The median of durations and its interval, in ms; None where one is missing.

    Raises:
        MalformedError: one is 0 or below; durations are drawn on a logarithmic scale.
    """
    p50_ms, interval = number(table, "p50_ms"), pair(table, "p50_interval_ms")
    if p50_ms == 0 or (interval is not None and interval[0] <= 0):
        raise MalformedError("p50_ms is 0")
    return p50_ms, interval


def number(table: Table, key: str) -> float | None:
    """A finite number that is not negative; None where it is missing, null or NaN.

    Raises:
        MalformedError: anything else.
    """
    found = signed(table, key)
    if found is not None and found < 0:
        raise MalformedError(f"{key} is {found:g}")
    return found


def signed(table: Table, key: str) -> float | None:
    """A finite number; None where it is missing, null or NaN.

    Raises:
        MalformedError: anything else.
    """
    return _number(table.get(key), key)


def pair(table: Table, key: str) -> tuple[float, float] | None:
    """An interval's two ends in their order; None where one is missing.

    Raises:
        MalformedError: it is no list of two numbers.
    """
    found = table.get(key)
    if found is None:
        return None
    if not isinstance(found, list) or len(found) != 2:
        raise MalformedError(f"{key} is no list of two numbers")
    low, high = (_number(end, key) for end in found)
    return None if low is None or high is None else (min(low, high), max(low, high))


def text(table: Table, key: str, otherwise: str | None = "", longest: int = LONGEST) -> str:
    """A line of text that can be shown, cut off; `otherwise` where it is missing.

    Raises:
        MalformedError: it is no text, or it is missing and `otherwise` is None.
    """
    found = table.get(key, None)
    if found is None and otherwise is not None:
        return otherwise
    if not isinstance(found, str):
        raise MalformedError(f"{key} is missing" if found is None else f"{key} is no text")
    return plain(found, longest)


def task(table: Table) -> str:
    """One of the tasks that a report knows.

    Raises:
        MalformedError: another one.
    """
    found = text(table, "task", None)
    if found not in TASKS:
        raise MalformedError(f"task is {found or 'empty'}")
    return found


def inside(table: Table, key: str) -> Table:
    """A table within; empty where it is missing.

    Raises:
        MalformedError: it is something else.
    """
    found = table.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise MalformedError(f"{key} is no table")
    return found


def entries(table: Table, key: str) -> list[Any]:
    """A list; empty where it is missing.

    Raises:
        MalformedError: it is something else.
    """
    found = table.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise MalformedError(f"{key} is no list")
    return found


def _number(found: object, key: str) -> float | None:
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise MalformedError(f"{key} is no number")
    try:
        value = float(found)
    except OverflowError as error:
        raise MalformedError(f"{key} is out of all proportion") from error
    if math.isinf(value):
        raise MalformedError(f"{key} is infinite")
    return None if math.isnan(value) else value
