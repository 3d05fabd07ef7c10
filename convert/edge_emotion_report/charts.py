"""The report's charts of models: accuracy against cost, what formats lose, and in which layers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from edge_emotion_report.labels import Labelled, label_points
from edge_emotion_report.pareto import front
from edge_emotion_report.records import Change, Explanation, Interval
from edge_emotion_report.style import dots, drawn, mark
from edge_emotion_report.tasks import FACTS
from edge_emotion_report.wording import plain
from edge_emotion_train.pictures.style import BAR, INK, SOFT, new_chart

_ROOM = 0.14  # of an axis, around what is drawn
_RATIO_FOR_LOG = 4.0
_LAYERS = 8
_ROOM_FOR_NAMES = 26  # characters
_ROW_IN = 0.24


@dataclass(frozen=True)
class Point:
    """A model on a chart: what it costs and how right it is, with their 95 % intervals."""

    label: str
    format: str
    peer: bool
    cost: float
    score: float
    cost_interval: Interval
    score_interval: Interval


@drawn
def trade_off(points: Sequence[Point], task: str, cost: str, title: str, worth: str = "") -> Figure:
    """Accuracy against what it costs, with the front of those that no other beats in both.

    Up is better and left is cheaper.

    Args:
        points: at least one.
        task: an error is drawn upside down.
        cost: what the axis across says.
        title: of the chart.
        worth: what the axis upwards says, where that is not the task's main figure.
    """
    figure, axes = new_chart(3.4)
    facts = FACTS[task]
    upward = -1 if facts.is_error else 1
    _set_limits(axes, points, upward)
    best = front([(point.cost, upward * point.score) for point in points])
    _draw_front(axes, [points[at] for at in best], upward)
    for point in points:
        dots(
            axes, [point.cost], [point.score], mark(point.format, point.peer), size=7,
            across=[point.cost_interval], along=[point.score_interval],
        )  # fmt: skip
    axes.set(xlabel=cost)
    better = " (up is better)" if facts.is_error else ""
    axes.set_ylabel(worth or f"{facts.figure}, {facts.unit}{better}")
    axes.set_title(title)
    labels = [Labelled(point.cost, point.score, point.label) for point in points]
    crossed = [bar for point in points for bar in _bars(point)]
    label_points(figure, axes, labels, [*crossed, *_stairs(axes, [points[at] for at in best])])
    return figure


def _set_limits(axes: Axes, points: Sequence[Point], upward: int) -> None:
    costs = [end for point in points for end in (point.cost, *(point.cost_interval or ()))]
    scores = [end for point in points for end in (point.score, *(point.score_interval or ()))]
    logarithmic(axes, "x", costs)
    low, high = min(scores), max(scores)
    room = _ROOM * ((high - low) or abs(high) or 1.0)
    axes.set_ylim(*(low - room, high + room)[::upward])
    axes.yaxis.set_major_locator(MaxNLocator(6))


def logarithmic(axes: Axes, name: str, values: Sequence[float], base: float | None = None) -> None:
    """Set an axis's limits around positive values, on a logarithmic scale if they lie far apart.

    Args:
        axes: to set.
        name: x or y.
        values: shown on it.
        base: where the axis begins instead, for a scale without logarithms.
    """
    low, high = min(values), max(values)
    axis = axes.xaxis if name == "x" else axes.yaxis
    set_limits = axes.set_xlim if name == "x" else axes.set_ylim
    if high > _RATIO_FOR_LOG * low > 0:
        (axes.set_xscale if name == "x" else axes.set_yscale)("log")
        room = (high / low) ** _ROOM
        set_limits(low / room, high * room)
        decades = np.log10(high / low)
        steps = (1.0, 2.0, 5.0) if decades < 2 else (1.0, 3.0) if decades < 3 else (1.0,)
        axis.set_major_locator(LogLocator(subs=steps, numticks=20))
        axis.set_minor_locator(NullLocator())
    else:
        room = _ROOM * ((high - low) or high or 1.0)
        set_limits(max(0.0, low - room) if base is None else base, high + room)
        axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def _draw_front(axes: Axes, kept: Sequence[Point], upward: int) -> None:
    """Stairs: whatever is below and right of them is beaten by one of the points."""
    far, bottom = axes.get_xlim()[1], axes.get_ylim()[0]
    costs = [kept[0].cost, *(point.cost for point in kept), far]
    scores = [bottom, *(point.score for point in kept), kept[-1].score]
    axes.step(costs, scores, where="post", color=SOFT, linewidth=1.2, linestyle="--", zorder=1)
    axes.fill_between(
        costs, scores, bottom, step="post", color=SOFT, alpha=0.08, linewidth=0, zorder=0
    )


def _stairs(axes: Axes, kept: Sequence[Point]) -> list[Bbox]:
    """The front's level parts."""
    ends = [*(point.cost for point in kept[1:]), axes.get_xlim()[1]]
    return [
        Bbox([[point.cost, point.score], [end, point.score]])
        for point, end in zip(kept, ends, strict=True)
    ]


def _bars(point: Point) -> list[Bbox]:
    bars = []
    if point.cost_interval is not None:
        low, high = point.cost_interval
        bars.append(Bbox([[low, point.score], [high, point.score]]))
    if point.score_interval is not None:
        low, high = point.score_interval
        bars.append(Bbox([[point.cost, low], [point.cost, high]]))
    return bars


@drawn
def changes(
    formats: Sequence[tuple[str, Sequence[Change]]], names: Sequence[tuple[str, str]], title: str
) -> Figure:
    """What each format loses by each measure, with 95 % intervals; right of 0 is worse.

    Args:
        formats: names and changes.
        names: of the measures that are drawn, and what they are called, from the top.
        title: of the chart.
    """
    rows = len(names)
    dodge = 0.7 / max(1, len(formats))
    height = 0.9 + rows * (0.13 + 0.11 * len(formats)) + _ROW_IN * (1 + len(formats) // 4)
    figure, axes = new_chart(height)
    axes.axvline(0, color=INK, linewidth=1)
    for place, (format_name, found) in enumerate(formats):
        by_name = {one.measure: one for one in found}
        shift = (place - (len(formats) - 1) / 2) * dodge
        known = [
            (row + shift, one.drop, one.interval)
            for row, (name, _) in enumerate(names)
            if (one := by_name.get(name)) is not None and one.drop is not None
        ]
        dots(
            axes, [drop for _, drop, _ in known], [y for y, _, _ in known], mark(format_name),
            across=[interval for *_, interval in known], size=5, label=format_name,
        )  # fmt: skip
    axes.set_yticks(range(rows), [called for _, called in names])
    axes.set_ylim(rows - 0.5, -0.5)
    axes.tick_params(axis="y", labelcolor=INK)
    units = dict.fromkeys(one.unit for _, found in formats for one in found)
    unit = "px" if "px" in units else "points"
    axes.set_xlabel(f"{unit} lost (right of 0 is worse)")
    axes.set_title(title)
    for row in range(1, rows):
        axes.axhline(row - 0.5, color=SOFT, linewidth=0.3)
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower left", ncols=4, fontsize=8, handlelength=1, columnspacing=1)
    return figure


@drawn
def layers(explanation: Explanation) -> Figure:
    """The share of int8's noise that each of the dearest layers adds."""
    dearest = [layer for layer in explanation.layers if layer.share == layer.share][:_LAYERS]
    figure, axes = new_chart(0.9 + _ROW_IN * len(dearest))
    places = range(len(dearest))
    axes.barh(places, [100 * layer.share for layer in dearest], 0.65, color=BAR)
    for place, layer in zip(places, dearest, strict=True):
        axes.text(
            100 * layer.share, place, f" {layer.share:.0%}", va="center", fontsize=8, color=INK
        )
    axes.set_yticks(
        places, [plain(f"{layer.name}, {layer.operator}", _ROOM_FOR_NAMES) for layer in dearest]
    )
    axes.tick_params(axis="y", labelcolor=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 112 * max((layer.share for layer in dearest), default=1.0) or 1.0)
    axes.set(xlabel="of the noise that int8 adds, %")
    name = plain(explanation.name, _ROOM_FOR_NAMES)
    axes.set_title(f"{name}: {len(dearest)} of {len(explanation.layers)} layers")
    axes.grid(visible=False, axis="y")
    return figure
