"""Finding faces in a whole frame: OpenCV's Haar cascade on a reduced gray picture."""

from pathlib import Path

import cv2
import cv2.data
import numpy as np

from edge_emotion.preprocess import SquareCrop, reduce_gray, to_gray
from edge_emotion.types import Floats, Image

# The frame is brought to this longest side first: a detection costs in proportion to the area.
_LONGEST_SIDE_PX = 320
_SMALLEST_FACE_PX = 24  # of the reduced frame: 7.5 % of its longest side

# From the cascade's box to the crop the networks expect: centre and side, in parts of the box's
# side.  Medians over faces that have both, by benchmarks/framing.py.
_BOX_TO_CROP_SHIFT = (0.0, 0.0)
_BOX_TO_CROP_SIDE = 0.97


class HaarDetector:
    """Viola and Jones's cascade for upright frontal faces, as OpenCV ships it."""

    def __init__(self) -> None:
        path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(path))

    def detect(self, frame: Image) -> Floats:
        """`(N, 4) float32` xyxy boxes in pixels of the frame, the largest first."""
        gray = reduce_gray(to_gray(frame), _LONGEST_SIDE_PX)
        found = self._cascade.detectMultiScale(
            gray,
            scaleFactor=1.15,
            minNeighbors=5,
            minSize=(_SMALLEST_FACE_PX, _SMALLEST_FACE_PX),
        )
        boxes = np.asarray(found, np.float32).reshape(-1, 4) * (frame.shape[1] / gray.shape[1])
        boxes[:, 2:] += boxes[:, :2]
        order: np.ndarray = np.argsort(boxes[:, 0] - boxes[:, 2], kind="stable")
        return boxes[order]


def crop_for_box(box: Floats) -> SquareCrop:
    """The crop that a detector's box, `(4,)` xyxy, suggests."""
    side = float(box[2] - box[0])
    return SquareCrop.around(
        float(box[0] + box[2]) / 2 + _BOX_TO_CROP_SHIFT[0] * side,
        float(box[1] + box[3]) / 2 + _BOX_TO_CROP_SHIFT[1] * side,
        _BOX_TO_CROP_SIDE * side,
    )
