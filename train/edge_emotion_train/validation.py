"""Validation faces in batches that any number of devices can share."""

import keras
import numpy as np

from edge_emotion.types import Floats
from edge_emotion_train.batches import Batch
from edge_emotion_train.devices import Spread

BATCH_SIZE = 256


class ValidationBatches(keras.utils.PyDataset):
    """The same faces in the same order each time; the last batch may be smaller.

    Where it cannot be shared evenly it is filled up with rows of weight 0, so what is watched must
    be weighted.  The other rows weigh more for it: the losses of Keras are divided by the number of
    rows, of any weight.

    Args:
        inputs, targets, weights: `(N, ...)` each, as a fit takes them.
        spread: how a batch is shared out.
    """

    def __init__(self, inputs: Floats, targets: Floats, weights: Floats, spread: Spread) -> None:
        super().__init__()
        rows = -(-len(inputs) // spread.devices) * spread.devices
        self._arrays = (inputs, targets, weights * np.float32(rows / len(inputs)))
        self._spread = spread
        self._batch_size = -(-BATCH_SIZE // spread.devices) * spread.devices

    @property
    def num_batches(self) -> int:
        """Batches that hold all faces."""
        return -(-len(self._arrays[0]) // self._batch_size)

    def __getitem__(self, index: int) -> Batch:
        start = index * self._batch_size
        inputs, targets, weights = (
            array[start : start + self._batch_size] for array in self._arrays
        )
        missing = -len(inputs) % self._spread.devices
        if missing:
            filled = np.minimum(np.arange(len(inputs) + missing), len(inputs) - 1)
            inputs, targets, weights = inputs[filled], targets[filled], weights[filled]
            weights[-missing:] = 0
        mine = self._spread.own_rows(len(inputs))
        return inputs[mine], targets[mine], weights[mine]
