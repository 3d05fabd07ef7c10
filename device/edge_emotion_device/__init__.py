"""Reading faces on the device: cameras, the int8 networks, tracking and what listens to them.

from edge_emotion_device import Analyzer
with Analyzer() as analyzer:
    for reading in analyzer.analyze(frame):     # (H, W, 3) uint8 BGR
        print(reading.label, reading.keypoints)

These names are imported when they are asked for: `edge-emotion doctor` is in this package too,
and must come where the TFLite runtime or NumPy cannot.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_emotion_device.analyzer import Analyzer
    from edge_emotion_device.interpreter import load_detector, load_emotion, load_keypoints

__all__ = ["Analyzer", "load_detector", "load_emotion", "load_keypoints"]

_MODULES = {"Analyzer": "analyzer"} | dict.fromkeys(__all__[1:], "interpreter")


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
