"""No search at all: the frame is one face already, cut out by somebody else."""

import numpy as np

from edge_emotion.types import Floats, Image


class WholeFrame:
    """Takes the centred square of every frame as one face, framed as the networks were trained.

    On FER2013's, RAF-DB's and Kaggle's faces a crop moved to the points that it gives is no better
    than the picture as it is, so it stays.
    """

    shift = (0.0, 0.0)
    side = 1.0
    follows = False
    name, every = "whole", 1

    def detect(self, frame: Image) -> Floats:
        """`(1, 4) float32` xyxy: the largest square in the middle of the frame."""
        height, width = frame.shape[:2]
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        return np.array([[left, top, left + side, top + side]], np.float32)
