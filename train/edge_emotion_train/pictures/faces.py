"""Faces with answers drawn on them, as SVG that a page lays out or `sheet` joins to one picture."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.pages import MARK, RIM, dots, picture
from edge_emotion.palette import COLORS
from edge_emotion.types import Floats, Image

SIDE = 96  # units of a face in every cell, so that points are drawn in their pixels
_CAPTION = 26  # units below it
_GAP = 6
_NAME_LENGTH = 24


@dataclass(frozen=True)
class Grid:
    """Cells of one size, laid out in rows.

    Attributes:
        cells: SVG elements, each with the same viewBox.
        title: above them, or "".
        kind: CSS class of the page.
        columns: in a picture of their own; a page takes as many as fit.
    """

    cells: Sequence[str]
    title: str = ""
    kind: str = ""
    columns: int = 5


def face(
    image: Image,
    text: str,
    origin: str,
    *,
    points: Floats | None = None,
    truth: Floats | None = None,
    probabilities: Floats | None = None,
) -> str:
    """A cell: the face with its points, the emotions as one bar below it, and two lines of text.

    Args:
        image: `(S, S) uint8`.
        text: what was answered.
        origin: where the face comes from.
        points: `(15, 2)` answered, in pixels of the 96 px face: orange dots.
        truth: `(15, 2)`, NaN where unknown: white rings, each joined to its dot.
        probabilities: `(5,)`.
    """
    marks = ""
    if points is not None:
        marks = ("" if truth is None else "".join(_deviations(points, truth))) + dots(points)
    bar = "" if probabilities is None else "".join(_stacked(probabilities))
    below = SIDE + (3 if probabilities is None else 7)
    return (
        f'<svg viewBox="0 0 {SIDE} {SIDE + _CAPTION}" role="img" aria-label="{escape(text)}">'
        f"{picture(image, SIDE)}{marks}{bar}"
        f'<text x="0" y="{below + 7}" font-size="7.5" fill="currentColor">{escape(text)}</text>'
        f'<text x="0" y="{below + 16}" font-size="6.5" fill="currentColor" fill-opacity=".65">'
        f"<title>{escape(origin)}</title>{escape(_short(origin))}</text></svg>"
    )


def point_errors(image: Image, mean_face: Floats, errors_px: Floats) -> str:
    """A cell: around each mean point a circle whose radius is the point's mean error.

    Args:
        image: the mean picture.
        mean_face: `(15, 2)` in pixels of the 96 px face.
        errors_px: `(15,)` mean distances; NaN where none was measured.
    """
    drawn = [
        _point_error(name, x, y, error)
        for name, (x, y), error in zip(KEYPOINTS, mean_face + 0.5, errors_px, strict=True)
        if not math.isnan(error)
    ]
    marks = "".join(circle for circle, _ in drawn) + "".join(figure for _, figure in drawn)
    label = "mean error of each point in pixels"
    return (
        f'<svg viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{label}">'
        f"{picture(image, SIDE)}{marks}</svg>"
    )


def map_cell(image: Image) -> str:
    """A cell with one channel of a feature map, its pixels to be seen."""
    return f'<svg viewBox="0 0 {SIDE} {SIDE}">{picture(image, SIDE, pixelated=True)}</svg>'


def sheet(grids: Sequence[Grid]) -> str:
    """Grids one below the other as a single SVG picture."""
    parts, top, right = [], 0, 0
    for grid in grids:
        if grid.title:
            parts.append(
                f'<text x="{_GAP}" y="{top + 16}" font-size="12" fill="currentColor">'
                f"{escape(grid.title)}</text>"
            )
            top += 18
        for number, cell in enumerate(grid.cells):
            _, _, width, height = map(int, _view_box(cell))
            row, column = divmod(number, grid.columns)
            x, y = _GAP + column * (width + _GAP), top + _GAP + row * (height + _GAP)
            place = f'<svg x="{x}" y="{y}" width="{width}" height="{height}" '
            parts.append(cell.replace("<svg ", place, 1))
            right = max(right, x + width)
        if grid.cells:
            top += _GAP + math.ceil(len(grid.cells) / grid.columns) * (height + _GAP)
    return f'<svg viewBox="0 0 {right + _GAP} {top + _GAP}">{"".join(parts)}</svg>'


def _short(name: str) -> str:
    """A name that fits below a face; the middle of a longer one is left out."""
    half = _NAME_LENGTH // 2
    return name if len(name) <= _NAME_LENGTH else f"{name[: half - 1]}…{name[-half:]}"


def _view_box(cell: str) -> list[str]:
    found = re.search(r'viewBox="([^"]+)"', cell)
    assert found, cell[:80]
    return found[1].split()


def _point_error(name: str, x: float, y: float, error: float) -> tuple[str, str]:
    lowest = name == KEYPOINTS[-1]  # the bottom lip, whose figure would lie on the top lip
    baseline = y + error + 2.8 if lowest else y - error - 0.9
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{error:.2f}" fill="{MARK}" fill-opacity=".45"'
        f' stroke="{MARK}" stroke-width=".4"><title>{name}</title></circle>',
        f'<text x="{x:.1f}" y="{baseline:.1f}" font-size="3.2" text-anchor="middle" fill="#fff"'
        f' stroke="{RIM}" stroke-width=".7" paint-order="stroke">{error:.1f}</text>',
    )


def _deviations(points: Floats, truth: Floats) -> Iterator[str]:
    for (x, y), (true_x, true_y) in zip(points + 0.5, truth + 0.5, strict=True):
        if not np.isnan(true_x):
            yield (
                f'<path d="M{x:.1f} {y:.1f}L{true_x:.1f} {true_y:.1f}" stroke="{MARK}"/>'
                f'<circle cx="{true_x:.1f}" cy="{true_y:.1f}" r="1.9" fill="none" stroke="#fff"'
                ' stroke-width=".8"/>'
            )


def _stacked(probabilities: Floats) -> Iterator[str]:
    left = 0.0
    for name, share in zip(EMOTIONS, probabilities, strict=True):
        width = SIDE * float(share)
        yield (
            f'<rect x="{left:.1f}" y="{SIDE + 1.5}" width="{width:.1f}" height="4"'
            f' fill="{COLORS[name]}"><title>{name} {share:.0%}</title></rect>'
        )
        left += width
