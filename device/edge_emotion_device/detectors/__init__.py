"""Finding faces in a whole frame: one file a detector, opened by its name."""

from pathlib import Path

from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import shipped_model
from edge_emotion_device.detectors.base import Detector, crop_for_box, reduced
from edge_emotion_device.detectors.haar import HaarDetector
from edge_emotion_device.detectors.net import NetDetector
from edge_emotion_device.detectors.whole import WholeFrame
from edge_emotion_device.detectors.yunet import YuNetDetector
from edge_emotion_device.interpreter import load_detector

__all__ = ["Detector", "NetDetector", "crop_for_box", "network_of", "open_detector", "reduced"]

CHOICES = "auto, net, net:FILE, haar, yunet:FILE or whole"


def open_detector(name: str) -> Detector:
    """Open the detector that a name means; `net` without a file is the shipped network.

    `auto` is that too, or haar where none is shipped.  A network opened here is not closed before
    the detector is forgotten.

    Raises:
        WrongUse: it is none of the known forms.
        EdgeEmotionError: its model file cannot be used.
    """
    if file := network_of(name):
        return NetDetector(load_detector(file))
    if name in ("auto", "haar"):
        return HaarDetector()
    if name == "whole":
        return WholeFrame()
    kind, _, rest = name.partition(":")
    if kind == "yunet" and rest:
        return YuNetDetector(_file(rest))
    if kind in ("yunet", "net"):
        raise WrongUse(f"detector {name!r} names no file", expected=CHOICES)
    raise WrongUse(f"unknown detector {name!r}", expected=CHOICES)


def network_of(name: str) -> Path | None:
    """The model file of a detector of our own; None for the others.

    Where a run has other networks too, `load_networks` opens all of them together.
    """
    kind, _, file = name.partition(":")
    shipped = shipped_model("detector")
    if name == "net" or (name == "auto" and shipped.is_file()):
        return shipped
    return _file(file) if kind == "net" and file else None


def _file(name: str) -> Path:
    """The file of a name behind a colon, where the shell leaves a ~ as it is."""
    try:
        return Path(name).expanduser()
    except RuntimeError:  # nobody's home
        return Path(name)
