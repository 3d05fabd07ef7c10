"""From a frame to the bytes the networks take, the same on every machine.

Training, calibration, evaluation and the device call these functions.  They use only OpenCV
operations that give identical bytes on x86 and ARM: `INTER_LINEAR_EXACT` (a resize by INTER_LINEAR
differs on 41 % of the pixels and by INTER_AREA by up to 1), gray conversion, border extension and
`warpAffine` (by INTER_LINEAR; its fixed-point arithmetic is the same on both).

Points are in pixels with (0, 0) the centre of the top left pixel, as in Kaggle's labels.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edge_emotion.types import Floats, Image

EMOTION_SIDE_PX = 48
KEYPOINT_SIDE_PX = 96

# Where a crop's eyes are, in parts of its side: measured over Kaggle's keypoint faces (0.38) and
# FER2013's (0.37), whose framing is the same, so one crop serves both networks.
EYE_DISTANCE = 0.375
EYE_MIDPOINT = (0.50, 0.39)

# Where the face lies in such a crop, xyxy in parts of its side, from forehead to chin as WIDER FACE
# has it: medians over annotated faces, by benchmarks/framing.py.
FACE_IN_CROP = (0.09, -0.065, 0.91, 1.07)

# A turned crop is cut with a margin that holds its corners, and brought to this side before it is
# turned: 96 times √2.
_TURNED_FROM_PX = 136
_TURN_MARGIN = (math.sqrt(2) - 1) / 2


@dataclass(frozen=True, slots=True)
class SquareCrop:
    """A square window on a frame in whole pixels; it may reach over the frame's edges.

    Attributes:
        x, y: its top left pixel.
        side: its width and height in pixels, at least 2.
        turn_deg: how far it is then turned about its centre, clockwise in the picture.
    """

    x: int
    y: int
    side: int
    turn_deg: int = 0

    def __post_init__(self) -> None:
        if self.side < 2:
            raise ValueError(f"a crop of side {self.side} px; expected at least 2 px")

    def to_frame(self, points: Floats, size: int) -> Floats:
        """Map `(..., 2)` points from the crop resized to `size` px to pixels of the frame."""
        mapped = (points + 0.5) * (self.side / size) + (self.x - 0.5, self.y - 0.5)
        if self.turn_deg:
            mapped = turned(mapped, self.turn_deg, self._center)
        return mapped.astype(np.float32)

    def from_frame(self, points: Floats, size: int) -> Floats:
        """Map `(..., 2)` points from pixels of the frame to the crop resized to `size` px."""
        if self.turn_deg:
            points = turned(points, -self.turn_deg, self._center)
        mapped = (points - (self.x - 0.5, self.y - 0.5)) * (size / self.side) - 0.5
        return mapped.astype(np.float32)

    @classmethod
    def around(
        cls, center_x: float, center_y: float, side: float, turn_deg: int = 0
    ) -> "SquareCrop":
        """The crop of whole pixels nearest to a square given by its centre and side in px."""
        whole = max(2, round(side))
        x, y = round(center_x + 0.5 - whole / 2), round(center_y + 0.5 - whole / 2)
        return cls(x, y, whole, turn_deg)

    @property
    def _center(self) -> Floats:
        return np.array([self.x, self.y], np.float32) + np.float32(self.side / 2 - 0.5)


def turned(points: Floats, turn_deg: float, about: Floats) -> Floats:
    """Turn `(..., 2)` points about one, clockwise in the picture (whose y points down)."""
    angle = math.radians(turn_deg)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = points[..., 0] - about[0], points[..., 1] - about[1]
    return np.stack([cos * x - sin * y + about[0], sin * x + cos * y + about[1]], axis=-1)


def to_gray(image: Image) -> Image:
    """Return `(H, W) uint8` gray of a `(H, W, 3)` BGR or `(H, W)` gray image (no copy then)."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def halve(image: Image) -> Image:
    """Return the exact half of an image of even height and width: 2×2 means, rounded half up."""
    height, width = image.shape[:2]
    return cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_LINEAR_EXACT)


def resize_square(image: Image, size: int) -> Image:
    """Resize a square gray image to `(size, size)`, by an exact pyramid before strong reduction.

    While the image is at least twice as large as asked for it is halved, so that no pixel is
    skipped; an odd side is first brought to the even side below it.
    """
    while image.shape[0] >= 2 * size:
        even = image.shape[0] & ~1
        if image.shape[0] != even:
            image = cv2.resize(image, (even, even), interpolation=cv2.INTER_LINEAR_EXACT)
        image = halve(image)
    if image.shape[0] == size:
        return image
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR_EXACT)


def reduce_gray(gray: Image, longest_side: int) -> Image:
    """A gray picture with its longest side at most `longest_side` px; a smaller one as it is.

    While it is at least twice as large as asked for it is halved, an odd row or column left out.
    """
    while max(gray.shape) >= 2 * longest_side and min(gray.shape) >= 2:
        gray = halve(gray[: gray.shape[0] & ~1, : gray.shape[1] & ~1])
    height, width = gray.shape
    if max(height, width) <= longest_side:
        return gray
    ratio = longest_side / max(height, width)
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR_EXACT)


def cut(frame: Image, crop: SquareCrop) -> Image:
    """Cut a crop, which is not turned, out of a frame as `(side, side) uint8` gray.

    What lies outside the frame repeats the frame's edge.  Only the part inside is converted to
    gray; inside a gray frame the result is a view, not a copy.

    Raises:
        ValueError: the crop and the frame have no pixel in common.
    """
    height, width = frame.shape[:2]
    left, top = max(crop.x, 0), max(crop.y, 0)
    right, bottom = min(crop.x + crop.side, width), min(crop.y + crop.side, height)
    if left >= right or top >= bottom:
        raise ValueError(f"{crop} lies outside a frame of {width}x{height} px")
    gray = to_gray(frame[top:bottom, left:right])
    if gray.shape == (crop.side, crop.side):
        return gray
    return cv2.copyMakeBorder(
        gray,
        top - crop.y,
        crop.y + crop.side - bottom,
        left - crop.x,
        crop.x + crop.side - right,
        cv2.BORDER_REPLICATE,
    )


def face_inputs(frame: Image, crop: SquareCrop) -> tuple[Image, Image]:
    """Cut one face for both networks.

    Returns:
        `(96, 96) uint8` for the keypoint network and its exact half, `(48, 48) uint8`, for the
        emotion network.
    """
    if crop.turn_deg:
        face = _cut_turned(frame, crop)
    else:
        face = resize_square(cut(frame, crop), KEYPOINT_SIDE_PX)
    return face, halve(face)


def _cut_turned(frame: Image, crop: SquareCrop) -> Image:
    """Cut a turned crop as `(96, 96) uint8` gray: reduced first, then turned upright."""
    margin = math.ceil(_TURN_MARGIN * crop.side)
    whole = SquareCrop(crop.x - margin, crop.y - margin, crop.side + 2 * margin)
    source = resize_square(cut(frame, whole), _TURNED_FROM_PX)
    scale = crop.side / KEYPOINT_SIDE_PX * (_TURNED_FROM_PX / whole.side)
    angle = math.radians(crop.turn_deg)
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    center, middle = (_TURNED_FROM_PX - 1) / 2, (KEYPOINT_SIDE_PX - 1) / 2
    to_source = np.array(
        [
            [cos, -sin, center - middle * (cos - sin)],
            [sin, cos, center - middle * (sin + cos)],
        ]
    )
    return cv2.warpAffine(
        source,
        to_source,
        (KEYPOINT_SIDE_PX, KEYPOINT_SIDE_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def crop_for_keypoints(keypoints: Floats, mean_face: Floats, turn_deg: int = 0) -> SquareCrop:
    """The crop in which a face's points lie nearest to the mean face.

    Scale and shift are the least-squares fit of `mean_face` to `keypoints` with the rotation given
    (Umeyama 1991), so that a turned head, whose eyes come closer together, keeps its size.

    Args:
        keypoints: `(15, 2)` in frame pixels.
        mean_face: `(15, 2)` in pixels of the 96×96 crop.
        turn_deg: of the crop.
    """
    mean_center, center = mean_face.mean(axis=0), keypoints.mean(axis=0)
    if turn_deg:
        keypoints = turned(keypoints, -turn_deg, center)
    centered = mean_face - mean_center
    scale = float((centered * (keypoints - center)).sum() / (centered**2).sum())
    side = max(2.0, scale * KEYPOINT_SIDE_PX)
    middle = center + (side / KEYPOINT_SIDE_PX) * (KEYPOINT_SIDE_PX / 2 - 0.5 - mean_center)
    if turn_deg:
        middle = turned(middle, turn_deg, center)
    return SquareCrop.around(float(middle[0]), float(middle[1]), side, turn_deg)
