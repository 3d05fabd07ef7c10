"""The report's charts of devices: threads and delegates, a frame's stages, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from edge_emotion_report.charts import logarithmic
from edge_emotion_report.records import Interval
from edge_emotion_report.style import SERIES, dots, drawn, mark
from edge_emotion_report.wording import figure as shown
from edge_emotion_train.pictures.style import INK, new_chart

_DASHES = ("-", "--", ":", "-.")  # of delegates
_ROW_IN = 0.3
_LEGEND_ROW_IN = 0.2


@dataclass(frozen=True)
class Dot:
    """A median time with its interval, in ms."""

    p50_ms: float
    interval_ms: Interval


@dataclass(frozen=True)
class Line:
    """One model by the number of threads, on one delegate."""

    label: str
    format: str
    peer: bool
    delegate: str
    dots: Mapping[int, Dot]


@drawn
def threads(lines: Sequence[Line], once: str, title: str) -> Figure:
    """Median time by the number of threads; a delegate other than the CPU has another dash.

    Args:
        lines: at least one.
        once: what the time is of, "a face".
        title: of the chart.
    """
    figure, axes = new_chart(3.1 + _LEGEND_ROW_IN * ((len(lines) + 2) // 3))
    counts = sorted({count for line in lines for count in line.dots})
    delegates = list(dict.fromkeys(line.delegate for line in lines))
    for number, line in enumerate(lines):
        found = sorted(line.dots.items())
        shift = 0.04 * (number - (len(lines) - 1) / 2)  # so that intervals stay apart
        dots(
            axes,
            [counts.index(count) + shift for count, _ in found],
            [dot.p50_ms for _, dot in found],
            mark(line.format, line.peer),
            along=[dot.interval_ms for _, dot in found],
            size=5.5,
            line=_DASHES[delegates.index(line.delegate) % len(_DASHES)],
            label=line.label if len(delegates) == 1 else f"{line.label}, {line.delegate}",
        )
    values = [
        end for line in lines for dot in line.dots.values()
        for end in (dot.p50_ms, *(dot.interval_ms or ()))
    ]  # fmt: skip
    logarithmic(axes, "y", values, base=0.0)
    axes.set_xticks(range(len(counts)), list(map(str, counts)))
    axes.set_xlim(-0.4, len(counts) - 0.6)
    axes.set(xlabel="threads", ylabel=f"ms {once}, p50")
    axes.set_title(title)
    axes.grid(visible=False, axis="x")
    figure.legend(loc="outside lower left", ncols=3, fontsize=8, handlelength=2, columnspacing=1)
    return figure


@drawn
def stages(rows: Sequence[tuple[str, Mapping[str, float]]], title: str) -> Figure:
    """Where a frame's time goes: a bar for each setting, its stages one behind the other.

    Args:
        rows: what was measured, and ms a frame of each stage.
        title: of the chart.
    """
    figure, axes = new_chart(1.3 + 1.6 * _ROW_IN * len(rows))
    names = list(dict.fromkeys(name for _, found in rows for name in found))
    longest = max(sum(found.values()) for _, found in rows)
    for number, name in enumerate(names):
        color, _, hatch = SERIES[number % len(SERIES)]
        lefts = [sum(found.get(before, 0) for before in names[:number]) for _, found in rows]
        widths = [found.get(name, 0.0) for _, found in rows]
        axes.barh(
            range(len(rows)), widths, 0.5, lefts, color=color, label=name, hatch=hatch,
            edgecolor=INK, linewidth=0.5,
        )  # fmt: skip
    for place, (_, found) in enumerate(rows):
        total = sum(found.values())
        axes.text(
            total + 0.015 * longest, place, f"{shown(total)} ms", va="center", fontsize=8, color=INK
        )
    axes.set_yticks(range(len(rows)), [label for label, _ in rows])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1.22 * longest)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set(xlabel="ms a frame, mean")
    axes.set_title(title)
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower left", ncols=4, fontsize=8, handlelength=1.5, columnspacing=1)
    return figure


@drawn
def devices(
    rows: Sequence[tuple[str, Mapping[str, Dot]]], names: Sequence[str], once: str, title: str
) -> Figure:
    """The same models on several devices, each at its fastest setting.

    Args:
        rows: a model, and its time on every device where that was measured.
        names: of the devices.
        once: what the time is of, "a face".
        title: of the chart.
    """
    figure, axes = new_chart(1.2 + _ROW_IN * len(rows) + _LEGEND_ROW_IN * len(names))
    for number, name in enumerate(names):
        color, marker, _ = SERIES[number % len(SERIES)]
        known = [(place, found[name]) for place, (_, found) in enumerate(rows) if name in found]
        dots(
            axes, [dot.p50_ms for _, dot in known], [place for place, _ in known], (color, marker),
            across=[dot.interval_ms for _, dot in known], label=name,
        )  # fmt: skip
    values = [
        end for _, found in rows for dot in found.values()
        for end in (dot.p50_ms, *(dot.interval_ms or ()))
    ]  # fmt: skip
    logarithmic(axes, "x", values)
    axes.set_yticks(range(len(rows)), [label for label, _ in rows])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set(xlabel=f"ms {once}, p50")
    axes.set_title(title)
    figure.legend(loc="outside lower left", fontsize=8, handlelength=1)
    return figure
