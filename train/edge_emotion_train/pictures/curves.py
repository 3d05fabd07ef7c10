"""A training's course: what `history.csv` holds, and its curves."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from edge_emotion.types import Floats
from edge_emotion_train.pictures.style import BAR, INK, LINE, SOFT, new_chart, styled

_SHARES = ("accuracy", "average_precision", "recall")
_APART = 0.2  # of the axis: two ends farther apart than that have their labels beside them
_USUAL_PERCENT = 97  # of the values; a first epoch far above them is cut off


@dataclass(frozen=True)
class Course:
    """What was measured after each epoch.

    Attributes:
        columns: name: `(E,) float64`; NaN where a row has no number.
        starts: of the phases after the first, `(row, name)`.
    """

    columns: dict[str, Floats]
    starts: tuple[tuple[int, str], ...]

    def __len__(self) -> int:
        return max(map(len, self.columns.values()), default=0)


def read_history(file: Path) -> Course:
    """Read a run's history.csv, whichever columns it has; empty where there is none."""
    if not file.is_file():
        return Course({}, ())
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = [name for name in (rows[0] if rows else ()) if name and name != "phase"]
    columns = {name: np.array([_number(row[name]) for row in rows]) for name in names}
    phases = [row.get("phase") or "" for row in rows]
    epochs = columns.get("epoch", np.arange(len(rows)))
    starts = tuple(
        (row, phases[row])
        for row in range(1, len(rows))
        if phases[row] != phases[row - 1] or epochs[row] < epochs[row - 1]
    )
    return Course(columns, starts)


@styled
def curve(history: Course, measure: str, title: str) -> Figure:
    """A measure of training and validation over the epochs.

    Args:
        history: with the columns `measure` and `val_` + `measure`, or one of them.
        measure: loss, accuracy, rmse_px, average_precision or recall.
        title: of the chart, with the unit.
    """
    figure, axes = new_chart()
    lines = {"training": (measure, BAR), "validation": (f"val_{measure}", INK)}
    drawn = {
        label: (history.columns[column], color)
        for label, (column, color) in lines.items()
        if column in history.columns
    }
    percent = measure in _SHARES
    low, high = _usual_range([values for values, _ in drawn.values()])
    last = {label: float(values[-1]) for label, (values, _) in drawn.items()}
    close = max(last.values()) - min(last.values()) < _APART * (high - low)
    epochs = np.arange(1, len(history) + 1)
    for label, (values, color) in drawn.items():
        axes.plot(epochs, values, color=color, linewidth=1.4)
        value = f"{last[label]:.1%}" if percent else f"{last[label]:.3g}"
        above = last[label] == max(last.values())
        axes.annotate(
            f"{label}\n{value}", (epochs[-1], last[label]), xytext=(5, 0),
            textcoords="offset points", color=color,
            va=("bottom" if above else "top") if close else "center",
        )  # fmt: skip
    for row, name in history.starts:
        axes.axvline(row + 0.5, color=SOFT, linewidth=0.8, linestyle=":")
        axes.annotate(
            name, (row + 0.5, 1), xycoords=("data", "axes fraction"), xytext=(-3, -2),
            textcoords="offset points", rotation=90, ha="right", va="top", color=SOFT, fontsize=8,
        )  # fmt: skip
    if percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylim(low - 0.15 * (high - low), high + 0.08 * (high - low))
    axes.set_xlim(1, max(2, len(history)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.spines["bottom"].set_color(LINE)
    return figure


def _usual_range(series: Sequence[Floats]) -> tuple[float, float]:
    """What an axis has to show: everything but the first epochs' largest values."""
    known = np.concatenate([values[np.isfinite(values)] for values in series])
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(np.percentile(known, _USUAL_PERCENT))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
