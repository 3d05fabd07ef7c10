"""How the report's charts look: a colour and a shape for everything, so that either is enough."""

from collections.abc import Callable, Sequence
from html import escape
from typing import ParamSpec

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edge_emotion.palette import COLORS
from edge_emotion.types import Floats
from edge_emotion_report.records import Interval
from edge_emotion_train.pictures.style import BAR, INK, SOFT, as_svg, styled

Arguments = ParamSpec("Arguments")
_text_as_it_is = matplotlib.rc_context({"text.parse_math": False, "hatch.linewidth": 0.5})

_BLUE, _SKY, _YELLOW = COLORS["Sad"], "#56B4E9", "#F0E442"  # Okabe and Ito's
_FORMATS = {
    "int8": (_BLUE, "o"),
    "dynamic": (COLORS["Disgust"], "^"),
    "float16": (COLORS["Happy"], "D"),
    "float32": (COLORS["Angry"], "s"),
    "int16x8": (COLORS["Surprise"], "v"),
    "int8, Edge TPU": (_SKY, "*"),
}
_OTHER = (SOFT, "P")
PEER = (INK, "X")
# Marks of what has no fixed one: devices, settings, stages.
SERIES = (
    (_BLUE, "o", ""),
    (COLORS["Happy"], "D", "///"),
    (COLORS["Disgust"], "^", ".."),
    (BAR, "X", "xx"),
    (COLORS["Angry"], "s", "\\\\\\"),
    (COLORS["Surprise"], "v", "--"),
    (_SKY, "P", "++"),
    (_YELLOW, "h", "oo"),
)
_TOO_DARK = {_BLUE.lower(): "--blue"}  # on a dark page: the page's style has another


def mark(format_name: str, peer: bool = False) -> tuple[str, str]:
    """Colour and marker of a model."""
    return PEER if peer else _FORMATS.get(format_name, _OTHER)


def drawn(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """A decorator of the functions that draw: names in charts are text, never formulas."""
    return styled(_text_as_it_is(draw))


def dots(
    axes: Axes,
    xs: Sequence[float],
    ys: Sequence[float],
    mark: tuple[str, str],
    *,
    across: Sequence[Interval] = (),
    along: Sequence[Interval] = (),
    size: float = 6,
    line: str = "none",
    label: str = "",
) -> None:
    """Marked points with their intervals, joined by a line if one is asked for.

    Args:
        axes: to draw on.
        xs, ys: of each point.
        mark: colour and marker.
        across, along: intervals of the xs, of the ys.
        size: of the marker, in points.
        line: matplotlib's style of it.
        label: for the legend.
    """
    axes.errorbar(
        xs, ys, xerr=_lengths(xs, across), yerr=_lengths(ys, along),
        color=mark[0], marker=mark[1], markersize=size, markeredgecolor=INK, markeredgewidth=0.6,
        linestyle=line, linewidth=1.1, elinewidth=1, capsize=2, capthick=1, zorder=3,
        label=label or None,
    )  # fmt: skip


def _lengths(values: Sequence[float], intervals: Sequence[Interval]) -> Floats | None:
    """`(2, N)` lengths of error bars; 0 without an interval, or where it misses its figure."""
    if not any(intervals):
        return None
    ends = [one or (value, value) for value, one in zip(values, intervals, strict=True)]
    lengths = [
        (max(0.0, value - low), max(0.0, high - value))
        for value, (low, high) in zip(values, ends, strict=True)
    ]
    return np.array(lengths, np.float32).T


def svg(figure: Figure, name: str, title: str) -> str:
    """A chart for the page, with a title for those who cannot see it.

    Args:
        figure: the chart.
        name: a word that no other chart on the page has.
        title: what it shows, in a sentence.
    """
    text = as_svg(figure, name)
    for color, variable in _TOO_DARK.items():
        text = text.replace(color, f"var({variable}, {color})")
    label = escape(title)
    text = text.replace('role="img"', f'role="img" aria-label="{label}"', 1)
    opening, _, rest = text.partition(">")
    return f"{opening}><title>{label}</title>{rest}"
