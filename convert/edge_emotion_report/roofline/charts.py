"""The charts of a network's layers: the roofline, and where its time goes."""

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from edge_emotion_report.charts import logarithmic
from edge_emotion_report.labels import Labelled, label_points
from edge_emotion_report.records import Roofline, TimedLayer
from edge_emotion_report.roofline.gains import (
    at_peak_us,
    gain,
    intensity,
    named,
    share_of_peak,
    together_us,
)
from edge_emotion_report.style import SERIES, drawn
from edge_emotion_report.wording import count, figure, plain
from edge_emotion_train.pictures.style import INK, new_chart

_LARGEST_DOT = 260.0  # square points
_ABOVE = 1.3  # of the peak: so high reaches the chart
_SAME_SPEED = 1.12  # dots of one shape that share a label
_MOST_LABELS, _MOST_ROWS = 16, 24
_ROW_IN = 0.21
_ROOM_FOR_NAMES = 26  # characters


@drawn
def roof(roofline: Roofline, title: str) -> Figure:
    """Attained multiply-accumulates a second against those a byte, below the device's roof.

    Args:
        roofline: at least one layer of it multiplies, and takes longer than the noise.
        title: of the chart.
    """
    figure_, axes = new_chart(3.4)
    dots = list(_dots(roofline))
    peak, slope = roofline.peak_macs_per_s / 1e9, roofline.memory_bytes_per_s
    ridge = None if slope is None else 1e9 * peak / slope
    xs = [*(x for x, _, _ in dots), *([ridge] if ridge else [])]
    logarithmic(axes, "x", [2 * max(xs), min(xs) / 4])
    speeds = [y for _, y, _ in dots]
    logarithmic(axes, "y", [max(*speeds, _ABOVE * peak), min(*speeds, peak) / 2])
    _draw_roof(axes, peak, slope)
    longest = max(layer.us for _, _, layer in dots)
    color, marker, _ = SERIES[0]
    axes.scatter(
        [x for x, _, _ in dots], speeds,
        [max(12.0, _LARGEST_DOT * layer.us / longest) for *_, layer in dots],
        color=color, marker=marker, alpha=0.75, edgecolors=INK, linewidths=0.6, zorder=3,
    )  # fmt: skip
    axes.set(xlabel="MAC a byte that is read or written", ylabel="GMAC/s")
    axes.set_title(title)
    low, high = axes.get_xlim()
    label_points(figure_, axes, _labels(dots), [Bbox([[ridge or low, peak], [high, peak]])])
    return figure_


def _dots(roofline: Roofline) -> Iterator[tuple[float, float, TimedLayer]]:
    for layer in roofline.layers:
        dense, share = intensity(layer), share_of_peak(layer, roofline)
        if dense is not None and share is not None:
            yield dense, share * roofline.peak_macs_per_s / 1e9, layer


def has_dots(roofline: Roofline) -> bool:
    """Whether there is anything for `roof` to draw."""
    return any(True for _ in _dots(roofline))


def _draw_roof(axes: Axes, peak: float, slope: float | None) -> None:
    """The peak in GMAC/s, and before it what copying memory allows in bytes a second."""
    low, high = axes.get_xlim()
    ridge = low if slope is None else max(low, 1e9 * peak / slope)
    axes.plot([ridge, high], [peak, peak], color=INK, linewidth=1.4, zorder=2)
    told = f"int8 peak, {figure(peak)} GMAC/s"
    at, side = ((-5, 0), "right") if ridge > low else ((2, 6), "left")
    axes.annotate(
        told, (ridge, peak), at, textcoords="offset points", ha=side, va="center", fontsize=8,
        color=INK,
    )  # fmt: skip
    if slope is not None and ridge > low:
        start = max(low, 1e9 * axes.get_ylim()[0] / slope)
        axes.plot([start, ridge], [start * slope / 1e9, peak], color=INK, linewidth=1.4, zorder=2)
        below, where = ((7, -1), "top") if start == low else ((14, 3), "bottom")
        axes.annotate(
            f"memory, {figure(slope / 1e9)} GB/s", (start, start * slope / 1e9), below,
            textcoords="offset points", va=where, fontsize=8, color=INK,
        )  # fmt: skip


def _labels(dots: Sequence[tuple[float, float, TimedLayer]]) -> list[Labelled]:
    """Numbers of the layers that take longest; those that lie on one another share a label."""
    longest = sorted(dots, key=lambda dot: -dot[2].us)[:_MOST_LABELS]
    groups: list[list[tuple[float, float, TimedLayer]]] = []
    for dot in sorted(longest, key=lambda dot: dot[:2]):
        last = groups[-1][-1] if groups else None
        if last is not None and last[0] == dot[0] and dot[1] < _SAME_SPEED * last[1]:
            groups[-1].append(dot)
        else:
            groups.append([dot])
    found = []
    for group in groups:
        x, y, _ = group[len(group) // 2]
        numbers = sorted(layer.number for *_, layer in group)
        found.append(Labelled(x, y, ", ".join(map(str, numbers))))
    return found


@drawn
def times(roofline: Roofline, title: str) -> Figure:
    """A bar for each layer in the order of the graph: its time at the peak, and what is left."""
    found = gain(roofline)
    shown = sorted(found.layers, key=lambda layer: -layer.us)[:_MOST_ROWS]
    rows = [layer for layer in found.layers if layer in shown]
    rest = [*found.rest, *(layer for layer in found.layers if layer not in shown)]
    places = len(rows) + bool(rest)
    figure_, axes = new_chart(1.1 + _ROW_IN * places)
    fastest = [min(layer.us, at_peak_us(layer, roofline) or 0.0) for layer in rows]
    lengths = [*(layer.us for layer in rows), *([together_us(rest)] if rest else [])]
    (blue, _, _), (orange, _, hatch) = SERIES[:2]
    axes.barh(range(len(rows)), fastest, 0.62, color=blue, label="at the peak")
    axes.barh(
        range(places), [one - fast for one, fast in zip(lengths, [*fastest, 0.0], strict=False)],
        0.62, [*fastest, 0.0][:places], color=orange, hatch=hatch, edgecolor=INK, linewidth=0.4,
        label="left to gain",
    )  # fmt: skip
    reach = max(lengths)
    for place, length in enumerate(lengths):
        layer = rows[place] if place < len(rows) else None
        end = _draw_interval(axes, place, layer, reach)
        share = None if layer is None else share_of_peak(layer, roofline)
        told = f"{length:.1f} µs" + ("" if share is None else f", {share:.0%}")
        axes.text(
            max(length, end) + 0.025 * reach, place, told, va="center", fontsize=7.5, color=INK
        )
    names = [plain(named(layer), _ROOM_FOR_NAMES) for layer in rows]
    axes.set_yticks(range(places), [*names, *([_rest_of(rest)] if rest else [])], fontsize=7.5)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(places - 0.4, -0.6)
    axes.set_xlim(0, 1.32 * reach)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set(xlabel="µs, and the share of the peak")
    axes.set_title(title)
    axes.grid(visible=False, axis="y")
    figure_.legend(loc="outside lower left", ncols=2, fontsize=8, handlelength=1.5)
    return figure_


def _draw_interval(axes: Axes, place: int, layer: TimedLayer | None, reach: float) -> float:
    """Between what half of the rounds lay; returns where that ends on the chart."""
    if layer is None or layer.us_interval is None:
        return 0.0
    low, high = (min(max(end, 0.0), 1.1 * reach) for end in layer.us_interval)
    axes.plot([low, high], [place, place], color=INK, linewidth=1.0, zorder=3)
    return high


def _rest_of(layers: Sequence[TimedLayer]) -> str:
    return f"the rest: {count(len(layers), 'layer')}"
