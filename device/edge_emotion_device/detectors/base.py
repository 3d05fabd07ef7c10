"""What every detector offers, and the way from its box to the crop that the networks take."""

import math
from typing import Protocol

from edge_emotion.preprocess import SquareCrop, reduce_gray, to_gray
from edge_emotion.types import Floats, Image

# The frame is brought to this area first, in its own shape, since that is what a detection costs.
_AREA_PX = 320 * 240


class Detector(Protocol):
    """Finds faces, or says where they are known to be.

    Attributes:
        shift: from a box's centre to the crop's, x and y in parts of the box's side.
        side: of the crop, in parts of the box's side, which is the root of its area.
        follows: whether a face's points may move its crop; not where its box is known to be right.
        name: as `edge-emotion run --detector`.
        every: it runs on every N-th frame where nobody says how often; a cheap one more often.
    """

    shift: tuple[float, float]
    side: float
    follows: bool
    name: str
    every: int

    def detect(self, frame: Image) -> Floats:
        """`(N, 4) float32` xyxy boxes in pixels of the frame, the best first."""


def crop_for_box(box: Floats, detector: Detector) -> SquareCrop:
    """The crop that a box of a detector, `(4,)` xyxy, suggests."""
    x1, y1, x2, y2 = (float(edge) for edge in box)
    side = ((x2 - x1) * (y2 - y1)) ** 0.5
    return SquareCrop.around(  # boxes count from the first pixel's edge, points from its centre
        (x1 + x2) / 2 + detector.shift[0] * side - 0.5,
        (y1 + y2) / 2 + detector.shift[1] * side - 0.5,
        detector.side * side,
    )


def reduced(frame: Image) -> tuple[Image, float]:
    """A frame in gray, of at most about 320×240 pixels, and how often its side goes into the frame.

    The faces of a panorama so stay as large as those of a usual picture of that many pixels.
    """
    shorter, longer = sorted(frame.shape[:2])
    gray = reduce_gray(to_gray(frame), round(math.sqrt(_AREA_PX * longer / shorter)))
    return gray, longer / max(gray.shape)
