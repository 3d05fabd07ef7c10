"""What the columns of a CSV file hold, without knowing what they mean."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from edge_emotion.data.table import read_rows

# A column with more different values than this is told by its range, not value by value.
_VALUES_TOLD = 12
_PIXELS_AT_LEAST = 10


@dataclass(frozen=True)
class Column:
    """One column of a CSV file.

    Attributes:
        name: in the header.
        kind: whole numbers, numbers, text, pixels (gray values with spaces between), or empty.
        missing: rows in which it is empty.
        low, high: its range, where it holds numbers.
        values: rows by value, where there are few different ones.
    """

    name: str
    kind: str
    missing: int
    low: float | None
    high: float | None
    values: dict[str, int]


@dataclass
class _Tally:
    """What has been seen of one column so far."""

    missing: int = 0
    numbers: bool = True
    whole: bool = True
    pixels: bool = True
    low: float = float("inf")
    high: float = float("-inf")
    values: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        text = text.strip()
        if not text:
            self.missing += 1
            return
        self.pixels = self.pixels and text.count(" ") >= _PIXELS_AT_LEAST
        if self.pixels:
            return
        if len(self.values) <= _VALUES_TOLD:
            self.values[text] += 1
        if not self.numbers:
            return
        try:
            value = float(text)
        except ValueError:
            self.numbers = False
            return
        self.whole = self.whole and value.is_integer()
        self.low, self.high = min(self.low, value), max(self.high, value)

    def column(self, name: str, rows: int) -> Column:
        few = 0 < len(self.values) <= min(_VALUES_TOLD, rows // 2)
        values = dict(sorted(self.values.items())) if few else {}
        if self.missing == rows:
            return Column(name, "empty", self.missing, None, None, {})
        if self.pixels:
            return Column(name, "pixels", self.missing, None, None, {})
        if self.numbers:
            kind = "whole numbers" if self.whole else "numbers"
            return Column(name, kind, self.missing, self.low, self.high, values)
        return Column(name, "text", self.missing, None, None, values)


def read_columns(path: Path) -> tuple[Column, ...]:
    """Every column of a CSV file, plain or zipped.

    Raises:
        EdgeEmotionError: it cannot be read.
    """
    tallies: dict[str, _Tally] = {}
    rows = 0
    for _, row in read_rows(path, ()):
        rows += 1
        for name, text in row.items():
            tallies.setdefault(name, _Tally()).add(text)
    return tuple(tally.column(name, rows) for name, tally in tallies.items())
