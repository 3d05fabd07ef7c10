"""Viola and Jones's cascade (2001) for upright frontal faces, as OpenCV ships it."""

from pathlib import Path

import cv2
import cv2.data
import numpy as np

from edge_emotion.types import Floats, Image
from edge_emotion_device.detectors.base import reduced

_SMALLEST_FACE_PX = 24  # of the reduced frame: 48 px in one of 640×480


class HaarDetector:
    """The cascade `haarcascade_frontalface_default.xml` on the reduced frame."""

    # Medians over faces that have both a box and points, by benchmarks/framing.py.
    shift = (0.0, 0.0)
    side = 0.97
    follows = True
    name, every = "haar", 10

    def __init__(self) -> None:
        path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(path))

    def detect(self, frame: Image) -> Floats:
        """`(N, 4) float32` xyxy boxes in pixels of the frame, the largest first."""
        gray, scale = reduced(frame)
        found = self._cascade.detectMultiScale(
            gray,
            scaleFactor=1.15,
            minNeighbors=5,
            minSize=(_SMALLEST_FACE_PX, _SMALLEST_FACE_PX),
        )
        boxes = np.asarray(found, np.float32).reshape(-1, 4) * np.float32(scale)
        boxes[:, 2:] += boxes[:, :2]
        order: np.ndarray = np.argsort(boxes[:, 0] - boxes[:, 2], kind="stable")
        return boxes[order]
