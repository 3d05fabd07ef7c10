"""YuNet, a small face detection network (Wu, Peng and Yu 2023), by OpenCV's FaceDetectorYN.

The model is the user's own file: `face_detection_yunet_2023mar.onnx` (0.2 MB, MIT licence) from
https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet, for OpenCV 4.8 and
later.  It finds faces that the Haar cascade does not: turned away, tilted, half covered.
"""

from pathlib import Path

import cv2
import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.quiet import native_messages_hidden
from edge_emotion.types import Floats, Image
from edge_emotion_device.detectors.base import reduced

_SURE_ABOVE = 0.7
_TRIAL_SHAPE = (64, 64)
_REMEDY = (
    "get face_detection_yunet_2023mar.onnx from "
    "https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet"
)


class YuNetDetector:
    """The network of a model file, on the reduced frame in gray.

    Raises:
        EdgeEmotionError: there is no such file, or it is not YuNet.
    """

    # Its boxes run from forehead to chin, as the WIDER FACE boxes it was trained on: the medians
    # over those, by benchmarks/framing.py ("face_in_crop").
    shift = (0.0, 0.0)
    side = 1.03
    follows = True
    name, every = "yunet", 10

    def __init__(self, file: Path) -> None:
        if not _is_there(file):
            raise EdgeEmotionError(f"no such file: {file}", expected="YuNet", remedy=_REMEDY)
        try:
            with native_messages_hidden():
                self._network = cv2.FaceDetectorYN.create(
                    str(file), "", _TRIAL_SHAPE, score_threshold=_SURE_ABOVE
                )
                self.detect(np.zeros(_TRIAL_SHAPE, np.uint8))
        except cv2.error as error:  # another network loads, and fails when it is run
            raise EdgeEmotionError(
                f"{file} is not YuNet as OpenCV {cv2.__version__} reads it",
                expected="an ONNX file of it",
                remedy=_REMEDY,
            ) from error

    def detect(self, frame: Image) -> Floats:
        """`(N, 4) float32` xyxy boxes in pixels of the frame, the surest first."""
        gray, scale = reduced(frame)
        self._network.setInputSize(gray.shape[::-1])
        _, faces = self._network.detect(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))
        if faces is None:
            return np.empty((0, 4), np.float32)
        order: np.ndarray = np.argsort(-faces[:, 14], kind="stable")
        boxes = faces[order, :4] * np.float32(scale)
        boxes[:, 2:] += boxes[:, :2]
        return boxes


def _is_there(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # its name is too long for a file
        return False
