"""Accuracies and errors from the figures that `convert` and `evaluate` write."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from edge_emotion_report import fields
from edge_emotion_report.fields import MalformedError, Table
from edge_emotion_report.records import Interval, Score, Source

HEADLINE = {"emotion": "accuracy", "keypoints": "rmse_px"}
_Z = 1.959964  # 97.5 % of a normal distribution lies below


def scores_of(task: str, parts: Sequence[Any], source: Source) -> Iterator[Score]:
    """Of every set of an evaluation that has a figure."""
    for part in parts:
        if not isinstance(part, dict):
            raise MalformedError("a part is no table")
        found = table_score(task, part, fields.text(part, "rows_of", None), source)
        if found is not None:
            yield found


def table_score(task: str, table: Table, rows_of: str, source: Source) -> Score | None:
    """Of one table of figures; None where it has none.

    An accuracy without an interval has Wilson's, from its rows; an RMSE without one has none.
    """
    value, rows = fields.number(table, HEADLINE[task]), fields.number(table, "rows")
    if value is None or rows is None or rows < 1:
        return None
    if task == "emotion" and value > 1:
        raise MalformedError(f"accuracy is {value:g}")
    interval = fields.pair(table, "interval_95")
    if interval is None and task == "emotion":
        interval = wilson(value, int(rows))
    return Score(rows_of, int(rows), value, interval, source)


def wilson(share: float, rows: int) -> Interval:
    """The 95 % score interval of a share of rows (Wilson 1927)."""
    squared = _Z * _Z
    middle = (share + squared / (2 * rows)) / (1 + squared / rows)
    half = _Z * math.sqrt(share * (1 - share) / rows + squared / (4 * rows * rows))
    half /= 1 + squared / rows
    return middle - half, middle + half


def better(task: str, value: float, other: float) -> bool:
    """Whether a figure is better than another: an accuracy above it, an error below."""
    return value < other if task == "keypoints" else value > other


def gain(task: str, value: float, other: float) -> float:
    """By how much a figure is better than another, in its own unit."""
    return other - value if task == "keypoints" else value - other
