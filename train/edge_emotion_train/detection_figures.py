"""What the detector finds on photographs, and how well it does after each epoch."""

from typing import Any

import keras
import numpy as np

from edge_emotion.data.faces import DetectionPhotos
from edge_emotion.detection_metrics import (
    FALSE_BOXES_A_PHOTO,
    Matches,
    average_precision,
    detected,
    match,
    recall_at,
)
from edge_emotion.types import Floats
from edge_emotion_train.batches import as_input
from edge_emotion_train.devices import Spread

_AT_ONCE = 32  # pictures


def compare(answers: Floats, photos: DetectionPhotos) -> Matches:
    """`(N, C, 5)` answers to pictures as the network sees them against the boxes marked on them."""
    return match(detected(answers), photos.faces)


def figures(matches: Matches) -> dict[str, float]:
    """Average precision, and recall at 0.15 false boxes a photograph."""
    recall, _ = recall_at(matches, FALSE_BOXES_A_PHOTO[0])
    return {"average_precision": average_precision(matches), "recall": recall}


class DetectionFigures(keras.callbacks.Callback):
    """Add `val_average_precision` and `val_recall` to what is told of an epoch.

    It belongs before the callback that swaps in the weights' moving average for the validation:
    when the validation ends, this one still finds the average in its place.

    Args:
        photos: that are validated on, as the network sees them.
        share: of this process; the answers of several processes are nowhere together, so with more
            than one nothing is measured.
    """

    def __init__(self, photos: DetectionPhotos, share: Spread) -> None:
        super().__init__()
        self._photos = photos
        self._share = share
        self._figures: dict[str, float] = {}

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Measure."""
        if self._share.processes == 1:
            answers = answer_pictures(self.model, self._photos, self._share.devices)
            self._figures = figures(compare(answers, self._photos))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the figures."""
        if logs is not None:
            logs.update({f"val_{name}": value for name, value in self._figures.items()})


def answer_pictures(model: keras.Model, photos: DetectionPhotos, devices: int = 1) -> Floats:
    """`(N, C, 5)` answers to pictures of 192×192 px, in batches that devices share evenly."""
    at_once = _AT_ONCE * devices
    rows = np.arange(-(-len(photos) // at_once) * at_once) % len(photos)
    inputs = as_input(np.stack(photos.images))[rows]
    answers: Floats = np.asarray(model.predict(inputs, batch_size=at_once, verbose=0))
    return answers[: len(photos)]
