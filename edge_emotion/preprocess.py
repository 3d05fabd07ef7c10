"""From a frame to the bytes the networks take, the same on every machine.

Training, calibration, evaluation and the device call these functions.  They use only OpenCV
operations that give identical bytes on x86 and ARM: `INTER_LINEAR_EXACT` (INTER_LINEAR differs on
41 % of the pixels and INTER_AREA by up to 1), gray conversion and border extension.

Points are in pixels with (0, 0) the centre of the top left pixel, as in Kaggle's labels.
"""

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


@dataclass(frozen=True, slots=True)
class SquareCrop:
    """A square window on a frame in whole pixels; it may reach over the frame's edges.

    Attributes:
        x, y: its top left pixel.
        side: its width and height in pixels, at least 2.
    """

    x: int
    y: int
    side: int

    def __post_init__(self) -> None:
        if self.side < 2:
            raise ValueError(f"a crop of side {self.side} px; expected at least 2 px")

    def to_frame(self, points: Floats, size: int) -> Floats:
        """Map `(..., 2)` points from the crop resized to `size` px to pixels of the frame."""
        mapped = (points + 0.5) * (self.side / size) + (self.x - 0.5, self.y - 0.5)
        return mapped.astype(np.float32)

    def from_frame(self, points: Floats, size: int) -> Floats:
        """Map `(..., 2)` points from pixels of the frame to the crop resized to `size` px."""
        mapped = (points - (self.x - 0.5, self.y - 0.5)) * (size / self.side) - 0.5
        return mapped.astype(np.float32)

    @classmethod
    def around(cls, center_x: float, center_y: float, side: float) -> "SquareCrop":
        """The crop of whole pixels nearest to a square given by its centre and side in px."""
        whole = max(2, round(side))
        return cls(round(center_x + 0.5 - whole / 2), round(center_y + 0.5 - whole / 2), whole)


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
    """Cut a crop out of a frame as `(side, side) uint8` gray.

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
    face = resize_square(cut(frame, crop), KEYPOINT_SIDE_PX)
    return face, halve(face)


def crop_for_keypoints(keypoints: Floats, mean_face: Floats) -> SquareCrop:
    """The crop in which a face's points lie nearest to the mean face.

    Scale and shift are the least-squares fit of `mean_face` to `keypoints`, without rotation
    (Umeyama 1991 with the rotation fixed), so that a turned head, whose eyes come closer together,
    keeps its size.

    Args:
        keypoints: `(15, 2)` in frame pixels.
        mean_face: `(15, 2)` in pixels of the 96×96 crop.
    """
    mean_center, center = mean_face.mean(axis=0), keypoints.mean(axis=0)
    centered = mean_face - mean_center
    scale = float((centered * (keypoints - center)).sum() / (centered**2).sum())
    side = max(2.0, scale * KEYPOINT_SIDE_PX)
    middle = center + (side / KEYPOINT_SIDE_PX) * (KEYPOINT_SIDE_PX / 2 - 0.5 - mean_center)
    return SquareCrop.around(float(middle[0]), float(middle[1]), side)
