"""One look at one face: where its points lie, how it looks, and whether it is a face at all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_emotion.labels import LEFT_EYE, RIGHT_EYE
from edge_emotion.preprocess import FACE_IN_CROP, SquareCrop, crop_for_keypoints, resize_square
from edge_emotion.types import Floats, Image

# A crop that its own points would move further than this shows the face so far aside that it looks
# different, or no face.
_STEADY_IOU = 0.8
# The same face a frame later looks alike (correlation of 12×12 reductions, about 0.98); what looks
# otherwise is a cut, a hand before the face, or a face that is gone.
_SAME_LOOK = 0.6
_LOOK_SIDE_PX = 12
_SMALLEST_CROP_PX = 16

# Up to here a tilted face is read as well from an upright crop.  Beyond, its emotion and, from 15°
# on, its points are read better from one that is turned too: benchmarks/tracking.py, "roll".
_UPRIGHT_UP_TO_DEG = 10

# The points of a face stay on what they mark when the crop is moved one way and the other and
# widened by this, in parts of its side; on anything else the network answers with its mean face,
# which moves along.  A face that is new may stray as far as this, as the root mean square over its
# points: of what is found in annotated photographs 847 of Haar's 867 faces do, and 1,563 of the
# 2,229 of our own detector, which finds smaller ones and profiles; of what is none 2 of Haar's 45
# and 4 of its 94, and none of 832 squares drawn from photographs of nobody
# (benchmarks/face_rule.py).  One that is followed and turns away may stray a little further.
_NUDGE = 0.08
_WIDENED = 1.1
_STRAYS_UP_TO = 0.035
_FOLLOWED_STRAYS_UP_TO = 0.05


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the keypoint network saw in one crop.

    Attributes:
        crop: where it looked.
        face: `(48, 48) uint8`, for the emotion network.
        points: `(15, 2)` in frame pixels.
        look: as `look_of`.
        next_crop: where the points say that the face is.
    """

    crop: SquareCrop
    face: Image
    points: Floats
    look: Floats
    next_crop: SquareCrop

    @property
    def steady(self) -> bool:
        """Whether the points lie where the crop expects a face's to be."""
        return overlap(self.crop, self.next_crop) >= _STEADY_IOU


def next_crop(points: Floats, mean_face: Floats) -> SquareCrop:
    """The crop for `(15, 2)` points in frame pixels, turned with the eye line where that helps."""
    x, y = points[LEFT_EYE] - points[RIGHT_EYE]
    turn_deg = round(math.degrees(math.atan2(float(y), float(x))))
    if abs(turn_deg) <= _UPRIGHT_UP_TO_DEG:
        turn_deg = 0
    return crop_for_keypoints(points, mean_face, turn_deg)


def nudged(crop: SquareCrop) -> tuple[SquareCrop, SquareCrop]:
    """The crops to look at again, to tell a face from what is none: see `hold`."""
    down, up = (
        SquareCrop.around(
            crop.x + middle * crop.side - 0.5,
            crop.y + middle * crop.side - 0.5,
            _WIDENED * crop.side,
            crop.turn_deg,
        )
        for middle in (0.5 + _NUDGE, 0.5 - _NUDGE)
    )
    return down, up


def hold(points: Floats, again: Sequence[Floats], side: int, followed: bool) -> bool:
    """Whether `(15, 2)` points, found again from the nudged crops, stayed where they were."""
    strays = [float(np.sqrt(((found - points) ** 2).sum(axis=1).mean())) for found in again]
    limit = _FOLLOWED_STRAYS_UP_TO if followed else _STRAYS_UP_TO
    return sum(strays) / len(strays) <= limit * side


def look_of(face: Image) -> Floats:
    """How a `(48, 48) uint8` face looks: its 12×12 reduction, of mean 0 and length 1."""
    small = resize_square(face, _LOOK_SIDE_PX).ravel().astype(np.float32)
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)


def looks_same(one: Floats, other: Floats) -> bool:
    """Whether two looks are so much alike as those of a face in one frame and the next."""
    return float(one @ other) >= _SAME_LOOK


def overlap(one: SquareCrop, other: SquareCrop) -> float:
    """Intersection over union of two crops, as if neither were turned."""
    width = min(one.x + one.side, other.x + other.side) - max(one.x, other.x)
    height = min(one.y + one.side, other.y + other.side) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.side**2 + other.side**2 - shared)


def can_follow(crop: SquareCrop, height: int, width: int) -> bool:
    """Whether a crop is large enough, not larger than the frame allows, and centred inside it."""
    center_x, center_y = crop.x + crop.side / 2, crop.y + crop.side / 2
    inside = 0 <= center_x < width and 0 <= center_y < height
    return inside and _SMALLEST_CROP_PX <= crop.side <= 2 * min(height, width)


def face_box(crop: SquareCrop) -> tuple[float, float, float, float]:
    """The face from forehead to chin, xyxy in frame pixels, inside the networks' crop.

    The box of a turned face is that of the ellipse which fills the box of the upright one.
    """
    left, top, right, bottom = (crop.side * edge for edge in FACE_IN_CROP)
    angle = math.radians(crop.turn_deg)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = (left + right - crop.side) / 2, (top + bottom - crop.side) / 2
    center_x = crop.x + crop.side / 2 + cos * x - sin * y
    center_y = crop.y + crop.side / 2 + sin * x + cos * y
    across, along = (right - left) / 2, (bottom - top) / 2
    half_width = math.hypot(across * cos, along * sin)
    half_height = math.hypot(across * sin, along * cos)
    return (
        center_x - half_width,
        center_y - half_height,
        center_x + half_width,
        center_y + half_height,
    )
