"""The state of a fit on disk, kept so that a kill or a full disk leaves the one before."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.files import remove_leftovers, replacing
from edge_emotion_train.interrupted import saved_epochs

_KEPT = 2
_NAME = "epoch-{:04}.npz"


class Checkpoints(keras.callbacks.Callback):
    """Keep what an interrupted fit goes on from: one file an epoch, the newest two of them.

    A file gets its name once it is whole, and older ones go only then.  It holds the weights and
    the state of the optimizer and of the random generators, so a resumed fit is the same to the
    bit.  (Keras's BackupAndRestore writes in place, and leaves out the generators: dropout would
    start over.)  An epoch counts as done once its file is there, so this belongs behind every
    callback that notes something down about an epoch.

    Args:
        folder: of this fit alone.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def restore(self, model: keras.Model) -> int:
        """Put the newest state that can be read into a compiled model.

        Returns:
            The number of epochs after which it was kept; 0 where there is none.

        Raises:
            EdgeEmotionError: it is another network's.
        """
        for epoch in reversed(saved_epochs(self._folder)):
            path = self._folder / _NAME.format(epoch)
            try:
                values = read_values(path)
            except EdgeEmotionError as error:
                warn(f"{error}; going on from an earlier one")
                continue
            assign(_state(model), values, path)
            return epoch
        return 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save the state, and remove what is older than the one before."""
        save_values(self._folder / _NAME.format(epoch + 1), _state(self.model))
        for older in saved_epochs(self._folder)[:-_KEPT]:
            (self._folder / _NAME.format(older)).unlink(missing_ok=True)
        remove_leftovers(self._folder)


def save_values(path: Path, variables: Sequence[Any]) -> None:
    """Write Keras variables to an .npz file, in one step.

    Raises:
        EdgeEmotionError: the disk is full or cannot be written to; an older file stays as it was.
    """
    with replacing(path) as part:
        np.savez(part, *map(_as_array, variables))


def read_values(path: Path) -> list[np.ndarray]:
    """The arrays that `save_values` wrote.

    Raises:
        EdgeEmotionError: missing or damaged.
    """
    try:
        with np.load(path) as stored:
            return [stored[f"arr_{number}"] for number in range(len(stored.files))]
    except Exception as error:  # damaged bytes end in whatever zipfile, zlib or NumPy raise
        raise EdgeEmotionError(f"{path} cannot be read: {error}") from error


def assign(variables: Sequence[Any], values: Sequence[np.ndarray], path: Path) -> None:
    """Give Keras variables the values that were read from `path`.

    Raises:
        EdgeEmotionError: they are of other shapes.
    """
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        raise EdgeEmotionError(
            f"{path} holds the state of another network",
            remedy="bring back the code that made it, or start a new run with --out",
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _state(model: keras.Model) -> list[Any]:
    """All variables that decide how a fit goes on, in an order that is always the same."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]


def _as_array(variable: Any) -> np.ndarray:
    value: np.ndarray = keras.ops.convert_to_numpy(variable)
    # NumPy's files do not know bfloat16, whose numbers float32 holds unchanged.
    return value.astype(np.float32) if value.dtype.kind == "V" else value
