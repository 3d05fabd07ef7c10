"""Names beside the points of a chart, where they cover neither points nor each other."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from edge_emotion_train.pictures.style import INK, SOFT

_SIZE_PT = 8
_AROUND = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_STEPS_PT = (8.0, 15.0, 24.0)
_MARKER_PT, _APART_PT = 5.0, 3.0
# What each fault of a place costs.
_OVER_A_LABEL, _OVER_A_MARKER, _OVER_A_LINE, _OUTSIDE = 6.0, 4.0, 1.5, 10.0
_NEARER_TO_ANOTHER, _FARTHER = 3.0, 0.6


class Labelled(NamedTuple):
    """A point in the axes' units and what is written beside it."""

    x: float
    y: float
    text: str


def label_points(
    figure: Figure, axes: Axes, points: Sequence[Labelled], lines: Sequence[Bbox] = ()
) -> None:
    """Write every point's text near it, the places chosen one after the other.

    Args:
        figure, axes: with everything else drawn and the limits set.
        points: what to label.
        lines: error bars and the like in the axes' units, rather not written across.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # what is written now moves nothing
    scale = figure.dpi / 72
    at = [axes.transData.transform((point.x, point.y)) for point in points]
    near = _MARKER_PT * scale
    marks = [Bbox([[x - near, y - near], [x + near, y + near]]) for x, y in at]
    across = [line.transformed(axes.transData) for line in lines]
    written: list[Bbox] = []
    for (x, y), point in sorted(zip(at, points, strict=True), key=lambda pair: -pair[0][1]):
        text = axes.text(0, 0, point.text, fontsize=_SIZE_PT, color=INK)
        extent = text.get_window_extent()
        text.remove()
        best, place, cost = (0.0, 0.0), extent, float("inf")
        for step, (right, up) in ((step, way) for step in _STEPS_PT for way in _AROUND):
            left, low = _corner(x, y, right, up, step * scale, extent)
            box = Bbox.from_bounds(left, low, extent.width, extent.height)
            trial = (
                _cost(box, (x, y), written, marks, across, axes.bbox)
                + _FARTHER * step / _STEPS_PT[0]
            )
            if trial < cost:
                best, place, cost = (left, low), box, trial
        written.append(place)
        _write(axes, point, best, _is_far(place, x, y, scale))


def _write(axes: Axes, point: Labelled, corner: tuple[float, float], far: bool) -> None:
    """Text at a corner in display units, a line from it to its point if that is far."""
    left, low = map(float, axes.transData.inverted().transform(corner))
    line = {"arrowstyle": "-", "color": SOFT, "linewidth": 0.5, "shrinkB": 4} if far else None
    axes.annotate(
        point.text, (point.x, point.y), (left, low), fontsize=_SIZE_PT, color=INK, arrowprops=line
    )


def _corner(
    x: float, y: float, right: int, up: int, step: float, extent: Bbox
) -> tuple[float, float]:
    """The lower left corner of a text that stands in a direction from a point."""
    left = x + right * step - (extent.width if right < 0 else 0 if right else extent.width / 2)
    low = y + up * step - (extent.height if up < 0 else 0 if up else extent.height / 2)
    return left, low


def _is_far(box: Bbox, x: float, y: float, scale: float) -> bool:
    return _distance(box, (x, y)) > (_STEPS_PT[0] + 1) * scale


def _cost(
    box: Bbox,
    own: tuple[float, float],
    written: Sequence[Bbox],
    marks: Sequence[Bbox],
    lines: Sequence[Bbox],
    whole: Bbox,
) -> float:
    """How bad a place for a text is: what it covers, and whether it seems another point's."""
    apart = box.padded(_APART_PT)
    cost = _OVER_A_LABEL * sum(apart.overlaps(other) for other in written)
    cost += _OVER_A_MARKER * sum(box.overlaps(other) for other in marks)
    cost += _OVER_A_LINE * sum(box.overlaps(other) for other in lines)
    middles = [((mark.x0 + mark.x1) / 2, (mark.y0 + mark.y1) / 2) for mark in marks]
    if min(_distance(box, at) for at in middles) < 0.8 * _distance(box, own):
        cost += _NEARER_TO_ANOTHER
    inside = whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1
    return cost + (0 if inside else _OUTSIDE)


def _distance(box: Bbox, at: tuple[float, float]) -> float:
    """From a point to the nearest of a text."""
    x, y = at
    return math.hypot(max(box.x0 - x, x - box.x1, 0), max(box.y0 - y, y - box.y1, 0))
