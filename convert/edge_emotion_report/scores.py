"""The tasks' figures from the tables that `convert` and `evaluate` write."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from edge_emotion_report import fields
from edge_emotion_report.fields import MalformedError, Table
from edge_emotion_report.records import Change, Interval, Score, Source
from edge_emotion_report.tasks import FACTS

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

    An accuracy without an interval has Wilson's, from its rows; other figures are no share of
    their rows, and without one have none.
    """
    facts = FACTS[task]
    value, rows = fields.number(table, facts.measure), fields.number(table, "rows")
    if value is None or rows is None or rows < 1:
        return None
    if facts.unit == "%" and value > 1:
        raise MalformedError(f"{facts.measure} is {value:g}")
    interval = fields.pair(table, "interval_95")
    if interval is None and task == "emotion":
        interval = wilson(value, rows)
    return Score(rows_of, int(rows), value, interval, source, _beside(task, table))


def _beside(task: str, table: Table) -> float | None:
    """The task's second figure; None where it has none."""
    told = FACTS[task].beside
    if told is None:
        return None
    group, part, _ = told
    return fields.number(fields.inside(table, group), part)


def wilson(share: float, rows: float) -> Interval:
    """The 95 % score interval of a share of rows (Wilson 1927)."""
    squared = _Z * _Z
    middle = (share + squared / (2 * rows)) / (1 + squared / rows)
    half = _Z * math.sqrt(share * (1 - share) / rows + squared / (4 * rows * rows))
    half /= 1 + squared / rows
    return middle - half, middle + half


def better(task: str, value: float, other: float) -> bool:
    """Whether a figure is better than another: an accuracy above it, an error below."""
    return value < other if FACTS[task].is_error else value > other


def main_change(task: str, changes: Sequence[Change]) -> Change | None:
    """What a format lost by the task's main figure; None if that was not measured."""
    found = (one for one in changes if one.measure == FACTS[task].measure)
    return next((one for one in found if one.drop is not None), None)
