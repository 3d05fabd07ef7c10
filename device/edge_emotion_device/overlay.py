"""Drawing readings on a frame: box, points, a chip with the label, and five bars.

Sizes follow the face's.  Chip and bars go beside the face, never on one, and stay in the picture.
With several faces a chip begins with the number of its own, by which the page knows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge_emotion.labels import EMOTIONS
from edge_emotion.palette import COLORS
from edge_emotion.types import Image, Reading

Colour = tuple[int, int, int]  # BGR

COLOURS: dict[str, Colour] = {
    name: (int(color[5:], 16), int(color[3:5], 16), int(color[1:3], 16))
    for name, color in COLORS.items()
}
DARK: Colour = (0x33, 0x33, 0x33)
LIGHT: Colour = (0xE8, 0xE8, 0xE8)
TRACK: Colour = (0x1E, 0x1E, 0x1E)  # the empty part of a bar

FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_CAPITAL_PX = 22  # height of its capitals at scale 1
PANEL_OPACITY = 0.85
_LETTERS = (max(map(len, EMOTIONS)), 2)  # of a bar's name; two tell all five apart
SUBPIXEL_BITS = 4  # OpenCV draws in 1/16 px with this `shift`


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle of whole pixels."""

    x: int
    y: int
    width: int
    height: int

    def overlap(self, other: "Rect") -> int:
        """Pixels the two have in common."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(0, width) * max(0, height)

    def moved_into(self, width: int, height: int) -> "Rect":
        """The rectangle shifted into a picture, as far as it fits."""
        return Rect(
            max(0, min(self.x, width - self.width)),
            max(0, min(self.y, height - self.height)),
            self.width,
            self.height,
        )


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths in pixels of what belongs to one face."""

    line: int
    radius: int
    gap: int
    capital: int
    point: float

    @classmethod
    def of(cls, face: Rect) -> "Sizes":
        """In proportion to the face, but never too small to read nor larger than pleasant."""
        side = min(max(face.width, face.height), 340)
        return cls(
            line=round(1 + side / 170),
            radius=max(4, round(side / 14)),
            gap=max(4, round(side / 26)),
            capital=max(8, round(side / 20)),
            point=max(1.6, side / 90),
        )


def draw_overlay(image: Image, readings: Sequence[Reading]) -> Image:
    """A copy of a frame with its readings drawn on it.

    Args:
        image: `(H, W, 3)` BGR or `(H, W)` gray, uint8.
        readings: of this frame.

    Returns:
        `(H, W, 3) uint8` BGR.
    """
    canvas = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image.copy()
    faces = [_face(reading) for reading in readings]
    taken = list(faces)
    for reading, face in zip(readings, faces, strict=True):
        sizes = Sizes.of(face)
        _draw_box(canvas, face, sizes, _colour(reading))
        _draw_points(canvas, reading, sizes)
        number = f"{reading.track_id}  " if len(readings) > 1 else ""
        taken.append(_draw_chip(canvas, reading, number, face, sizes, taken))
    for reading, face in zip(readings, faces, strict=True):
        bars = _draw_bars(canvas, reading, face, Sizes.of(face), taken)
        taken += [bars] if bars else []
    return canvas


def _face(reading: Reading) -> Rect:
    left, top, right, bottom = (round(edge) for edge in reading.box)
    return Rect(left, top, max(1, right - left), max(1, bottom - top))


def _colour(reading: Reading) -> Colour:
    return LIGHT if reading.label is None else COLOURS[reading.label]


def _draw_box(canvas: Image, face: Rect, sizes: Sizes, colour: Colour) -> None:
    """A thin rounded outline; a dark one under it keeps it visible on any background."""
    radius = min(sizes.radius, face.width // 2, face.height // 2)
    left, top = face.x, face.y
    right, bottom = face.x + face.width - 1, face.y + face.height - 1
    corners = (  # centre of the arc, its first angle
        (left + radius, top + radius, 180),
        (right - radius, top + radius, 270),
        (right - radius, bottom - radius, 0),
        (left + radius, bottom - radius, 90),
    )
    outline = np.concatenate(
        [
            cv2.ellipse2Poly((x, y), (radius, radius), 0, angle, angle + 90, 6)
            for x, y, angle in corners
        ]
    )
    cv2.polylines(canvas, [outline], True, DARK, sizes.line + 2, cv2.LINE_AA)
    cv2.polylines(canvas, [outline], True, colour, sizes.line, cv2.LINE_AA)


def _draw_points(canvas: Image, reading: Reading, sizes: Sizes) -> None:
    """Light points with a dark rim, which show on any skin."""
    unit = 1 << SUBPIXEL_BITS
    for x, y in reading.keypoints:
        center = (round(float(x) * unit), round(float(y) * unit))
        for radius, colour in ((sizes.point + 1, DARK), (sizes.point, LIGHT)):
            cv2.circle(canvas, center, round(radius * unit), colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)


def _draw_chip(
    canvas: Image,
    reading: Reading,
    number: str,
    face: Rect,
    sizes: Sizes,
    taken: Sequence[Rect],
) -> Rect:
    """Number, label and certainty on a dark chip, by preference above the face.

    Returns:
        Its place.
    """
    text = f"{number}undecided"
    if reading.label is not None:
        certainty = reading.smoothed[EMOTIONS.index(reading.label)]
        text = f"{number}{reading.label} {100 * certainty:.0f} %"
    capital = sizes.capital
    padding = round(capital * 0.8)
    width = _text_width(text, capital) + 3 * padding + capital
    height = capital + 2 * padding
    above, below = face.y - sizes.gap - height, face.y + face.height + sizes.gap
    far = face.x + face.width - width
    beside = (face.x - sizes.gap - width, face.x + face.width + sizes.gap)
    places = [(face.x, above), (far, above), (face.x, below), (far, below)]
    places += [(x, face.y) for x in beside]
    chip, _ = _best_place(canvas, [Rect(x, y, width, height) for x, y in places], taken)
    _fill_rounded(canvas, chip, round(height * 0.3), DARK, PANEL_OPACITY)
    middle = (chip.x + padding + capital // 2, chip.y + height // 2)
    cv2.circle(canvas, middle, round(capital * 0.5), _colour(reading), -1, cv2.LINE_AA)
    _write(canvas, text, chip.x + 2 * padding + capital, chip.y + padding + capital, capital)
    return chip


def _draw_bars(
    canvas: Image, reading: Reading, face: Rect, sizes: Sizes, taken: Sequence[Rect]
) -> Rect | None:
    """Five bars on a dark panel beside the face, each with its name, or as much as there is room.

    Returns:
        Their place; None where every place would hide a face, and nothing is drawn.
    """
    capital = max(7, round(sizes.capital * 0.75))
    padding = capital
    bar_width, bar_height = round(capital * 5), max(3, round(capital * 0.6))
    row = round(capital * 1.9)
    height = 5 * row - (row - capital) + 2 * padding
    for letters in _LETTERS:
        names = [name[:letters] for name in EMOTIONS]
        names_width = max(_text_width(name, capital) for name in names) + padding
        width = padding + bar_width + names_width + padding
        right, left = face.x + face.width + sizes.gap, face.x - sizes.gap - width
        low = face.y + face.height - height
        places = [(right, face.y), (left, face.y), (right, low), (left, low)]
        panel, hidden = _best_place(canvas, [Rect(x, y, width, height) for x, y in places], taken)
        if not hidden:
            break
    else:
        return None
    _fill_rounded(canvas, panel, round(capital * 0.9), DARK, PANEL_OPACITY)
    for rank, name in enumerate(EMOTIONS):
        x, y = panel.x + padding + names_width, panel.y + padding + rank * row
        _write(canvas, names[rank], panel.x + padding, y + capital, capital)
        middle = y + capital / 2
        _bar(canvas, x, middle, bar_width, bar_height, TRACK)
        part = float(np.clip(reading.smoothed[rank], 0, 1))
        _bar(canvas, x, middle, round(bar_width * part), bar_height, COLOURS[name])
    return panel


def _bar(canvas: Image, x: int, middle: float, width: int, height: int, colour: Colour) -> None:
    if width > 0:
        _fill_rounded(
            canvas, Rect(x, round(middle - height / 2), width, height), height // 2, colour, 1.0
        )


def _best_place(canvas: Image, places: Sequence[Rect], taken: Sequence[Rect]) -> tuple[Rect, int]:
    """The first of `places`, moved into the picture, that hides least; and the pixels it hides."""
    height, width = canvas.shape[:2]
    inside = [place.moved_into(width, height) for place in places]
    hidden = [sum(place.overlap(other) for other in taken) for place in inside]
    best = hidden.index(min(hidden))
    return inside[best], hidden[best]


def _fill_rounded(canvas: Image, rect: Rect, radius: int, colour: Colour, opacity: float) -> None:
    """Fill a rounded rectangle; what of it lies outside the picture is left out."""
    top, left = max(0, rect.y), max(0, rect.x)
    under = canvas[top : rect.y + rect.height, left : rect.x + rect.width]
    if not under.size:
        return
    radius = min(radius, rect.width // 2, rect.height // 2)
    cover = np.zeros((rect.height, rect.width), np.uint8)
    right, bottom = rect.width - 1, rect.height - 1
    cv2.rectangle(cover, (radius, 0), (right - radius, bottom), 255, -1)
    cv2.rectangle(cover, (0, radius), (right, bottom - radius), 255, -1)
    for x in (radius, right - radius):
        for y in (radius, bottom - radius):
            cv2.circle(cover, (x, y), radius, 255, -1, cv2.LINE_AA)
    seen = cover[top - rect.y :, left - rect.x :][: under.shape[0], : under.shape[1]]
    share = (seen.astype(np.float32) * (opacity / 255))[..., None]
    under[:] = np.rint(under + share * (np.array(colour, np.float32) - under)).astype(np.uint8)


def _text_width(text: str, capital_px: int) -> int:
    (width, _), _ = cv2.getTextSize(text, FONT, capital_px / FONT_CAPITAL_PX, _stroke(capital_px))
    return int(width)


def _write(canvas: Image, text: str, x: int, y: int, capital_px: int) -> None:
    """Write light text whose baseline starts at (x, y)."""
    scale, stroke = capital_px / FONT_CAPITAL_PX, _stroke(capital_px)
    cv2.putText(canvas, text, (x, y), FONT, scale, LIGHT, stroke, cv2.LINE_AA)


def _stroke(capital_px: int) -> int:
    return max(1, round(capital_px / 11))
