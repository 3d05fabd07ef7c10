"""A clip that every machine makes alike: a slow pan over a photograph of one face."""

import math

import cv2
import numpy as np
import skimage.data

from edge_emotion.types import Image

WIDTH_PX, HEIGHT_PX = 640, 480
_PHOTOGRAPH_PX = 800  # the face is then about 150 px wide
_SINK_PX = 50


def panning_clip(frames: int) -> list[Image]:
    """`(480, 640, 3) uint8` BGR frames of scikit-image's astronaut; the last leads to the first.

    The photograph is mirrored: as it stands, the cascades of all contenders take a part of the
    spacecraft behind her for a second face.
    """
    photograph = cv2.cvtColor(np.fliplr(skimage.data.astronaut()), cv2.COLOR_RGB2BGR)
    large = cv2.resize(
        photograph, (_PHOTOGRAPH_PX, _PHOTOGRAPH_PX), interpolation=cv2.INTER_LINEAR_EXACT
    )
    return [_view(large, index / frames) for index in range(frames)]


def _view(large: Image, phase: float) -> Image:
    """The window at `phase` (0 to 1) of a round trip to the right, on which it sinks twice."""
    left = round((_PHOTOGRAPH_PX - WIDTH_PX) * (0.5 - 0.5 * math.cos(2 * math.pi * phase)))
    top = round(_SINK_PX * (0.5 - 0.5 * math.cos(4 * math.pi * phase)))
    return np.ascontiguousarray(large[top : top + HEIGHT_PX, left : left + WIDTH_PX])
