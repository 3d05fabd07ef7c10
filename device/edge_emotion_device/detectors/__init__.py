"""Finding faces in a whole frame: one file a detector, opened by its name."""

from pathlib import Path

from edge_emotion.errors import WrongUse
from edge_emotion_device.detectors.base import Detector, crop_for_box, reduced
from edge_emotion_device.detectors.haar import HaarDetector
from edge_emotion_device.detectors.whole import WholeFrame
from edge_emotion_device.detectors.yunet import YuNetDetector

__all__ = ["Detector", "crop_for_box", "open_detector", "reduced"]

CHOICES = "auto, haar, yunet:FILE or whole"


def open_detector(name: str) -> Detector:
    """Open the detector that a name means; `auto` is haar, which needs no file.

    Raises:
        WrongUse: it is none of the known forms.
        EdgeEmotionError: its model file cannot be used.
    """
    if name in ("auto", "haar"):
        return HaarDetector()
    if name == "whole":
        return WholeFrame()
    kind, _, file = name.partition(":")
    if kind == "yunet" and file:
        return YuNetDetector(Path(file))
    raise WrongUse(f"unknown detector {name!r}", expected=CHOICES)
