"""The toolkit's own face detection network: see `edge_emotion.detection`."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge_emotion.detection import MOST_BOXES, suppress
from edge_emotion.types import Floats, Image
from edge_emotion_device.interpreter import DetectorModel

# The network brings a frame's longest side to 192 px.  In a panorama that leaves nothing of a face,
# so a frame longer than this, in parts of its shorter side, is looked at in windows.
_LONGEST = 3.0
_WINDOW = 2.0
_MOST_WINDOWS = 32


class NetDetector:
    """The network of a model file; who opened it closes it."""

    # Its boxes run from forehead to chin, as the WIDER FACE boxes it was trained on: the medians
    # over those, by benchmarks/framing.py ("face_in_crop").
    shift = (0.0, 0.0)
    side = 1.03
    follows = True
    name, every = "net", 3

    def __init__(self, model: DetectorModel) -> None:
        self._model = model

    def detect(self, frame: Image) -> Floats:
        """`(N, 4) float32` xyxy boxes in pixels of the frame, the surest first."""
        shorter, longer = sorted(frame.shape[:2])
        return self._model.detect(frame)[0] if longer <= _LONGEST * shorter else self._along(frame)

    def _along(self, frame: Image) -> Floats:
        """The boxes of a long frame, window by window; of a crowd the 256 surest are compared."""
        height, width = frame.shape[:2]
        lying = width > height
        edges = slice(0, 4, 2) if lying else slice(1, 4, 2)  # of a box, along the frame
        found = []
        for window in windows(max(height, width), min(height, width)):
            part = slice(window.start, window.stop)
            boxes, scores = self._model.detect(frame[:, part] if lying else frame[part])
            boxes[:, edges] += window.start
            middles = boxes[:, edges].mean(axis=1)
            own = (window.first <= middles) & (middles < window.last)
            found.append((boxes[own], scores[own]))
        boxes, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        boxes = boxes[np.argsort(-scores, kind="stable")[:MOST_BOXES]]
        return boxes[suppress(boxes)]


@dataclass(frozen=True)
class Window:
    """Part of a long frame, in pixels along it.

    Attributes:
        start, stop: its edges.
        first, last: a face counts here whose middle is from `first` up to `last`: so each face
            counts in one window alone, and is whole there.
    """

    start: int
    stop: int
    first: float
    last: float


def windows(longer: int, shorter: int) -> Iterator[Window]:
    """What a frame is looked at in: windows of the same length, each over half of the last one.

    There are at most 32, so that the time is bounded; they get longer for it.
    """
    length = max(_WINDOW * shorter, 2 * longer / (_MOST_WINDOWS + 1))
    count = min(_MOST_WINDOWS, math.ceil(2 * longer / length) - 1)
    step = (longer - length) / (count - 1)
    for place in range(count):
        middle = place * step + length / 2
        yield Window(
            start=math.floor(place * step),
            stop=math.ceil(place * step + length),
            first=middle - step / 2 if place else 0.0,
            last=middle + step / 2 if place < count - 1 else math.inf,
        )
