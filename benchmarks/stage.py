"""Clips whose every face is known: people of labelled pictures, moved over photographs without any.

A person is cut out with a soft ellipse and can be placed, sized and turned at will; a hand is an
ellipse of skin with noise on it.  Every frame gets the noise of a camera in a living room.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from edge_emotion.data.images import read_image
from edge_emotion.data.table import read_rows
from edge_emotion.preprocess import SquareCrop
from edge_emotion.types import Floats, Image

WIDTH_PX, HEIGHT_PX = 640, 480
FPS = 30
_NOISE = 3.0
_NOISE_MARGIN_PX = 64
_HEAD = (0.66, 0.88)  # half axes of the ellipse around a head, in sides of its crop
_HAND_BGR = (120, 150, 200)


@dataclass(frozen=True)
class Person:
    """A picture of one person.

    Attributes:
        image: `(H, W, 3)` BGR.
        points: `(15, 2)` in its pixels.
        crop: the networks' crop.
    """

    image: Image
    points: Floats
    crop: SquareCrop


@dataclass(frozen=True)
class Place:
    """Where a person is in a frame: centre and side of the crop in px, and how far it is turned.

    `half_covered` says that part of the face is behind something.
    """

    x: float
    y: float
    side: float = 120.0
    turn_deg: float = 0.0
    half_covered: bool = False


def read_empty(folder: Path) -> dict[str, Image]:
    """The photographs of a detection set that show nobody, by their names."""
    names = [
        row["image"] for _, row in read_rows(folder / "faces.csv", ("image", "x1")) if not row["x1"]
    ]
    return {name: read_image(folder / "images" / name) for name in names}


def backdrop(photograph: Image) -> Image:
    """A photograph as the background of a clip."""
    return cv2.resize(photograph, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR_EXACT)


def to_place(person: Person, place: Place) -> Floats:
    """The `(2, 3)` affine map from a person's picture to a frame."""
    scale = place.side / person.crop.side
    center = (person.crop.x + person.crop.side / 2, person.crop.y + person.crop.side / 2)
    matrix = cv2.getRotationMatrix2D(center, -place.turn_deg, scale)
    matrix[:, 2] += (place.x - center[0], place.y - center[1])
    return np.asarray(matrix, np.float32)


def points_at(person: Person, place: Place) -> Floats:
    """A person's `(15, 2)` points in a frame."""
    matrix = to_place(person, place)
    return (person.points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def draw(
    background: Image, cast: Sequence[tuple[Person, Place]], rng: np.random.Generator
) -> Image:
    """A frame of people before a background, the last in front, with a camera's noise."""
    frame = background.copy()
    for person, place in cast:
        _blend(frame, place, person)
    return _noisy(frame, rng)


def draw_hand(frame: Image, place: Place) -> Image:
    """A frame with a hand of the size of a head in front of all."""
    frame = frame.copy()
    _blend(frame, place, None)
    return frame


def _blend(frame: Image, place: Place, person: Person | None) -> None:
    """Draw a person's head, or a hand, into a frame."""
    reach = round(1.1 * place.side)
    left, top = max(0, round(place.x) - reach), max(0, round(place.y) - reach)
    window = frame[top : round(place.y) + reach, left : round(place.x) + reach]
    if not window.size:
        return
    size = window.shape[1::-1]
    drawn = np.full(window.shape, _HAND_BGR, np.uint8)
    if person is not None:
        matrix = to_place(person, place)
        matrix[:, 2] -= (left, top)
        drawn = cv2.warpAffine(person.image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(window.shape[:2], np.float32)
    axes = (round(_HEAD[0] * place.side), round(_HEAD[1] * place.side))
    center = (round(place.x) - left, round(place.y) - top)
    cv2.ellipse(mask, center, axes, place.turn_deg, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.04 * place.side)
    window[:] = cv2.blendLinear(drawn, window, mask, 1 - mask)


@cache
def _noise() -> tuple[Image, Image]:
    """What a camera's noise adds and what it takes away, larger than a frame."""
    shape = (HEIGHT_PX + _NOISE_MARGIN_PX, WIDTH_PX + _NOISE_MARGIN_PX, 3)
    noise = np.rint(np.random.default_rng(0).normal(0, _NOISE, shape)).clip(-99, 99)
    return np.maximum(noise, 0).astype(np.uint8), np.maximum(-noise, 0).astype(np.uint8)


def _noisy(frame: Image, rng: np.random.Generator) -> Image:
    """Add another part of the noise to every frame."""
    x, y = rng.integers(_NOISE_MARGIN_PX, size=2)
    more, less = (noise[y : y + HEIGHT_PX, x : x + WIDTH_PX] for noise in _noise())
    return cv2.subtract(cv2.add(frame, more), less)
