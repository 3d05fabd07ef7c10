"""Early stopping that an interruption does not confuse."""

import json
import math
from pathlib import Path
from typing import Any

import keras

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import write_text
from edge_emotion_train.checkpoint import assign, read_values, save_values


class StopEarly(keras.callbacks.Callback):
    """End a fit after `patience` epochs without a lower validation loss; 0 never does.

    Keras's own forgets on a resumed run what it has seen; this one keeps the losses in a file.  It
    belongs before `Checkpoints`, so that no epoch counts as done whose weights were not kept
    here.

    Args:
        patience: in epochs.
        resume: the folder for what a resumed run needs.
        keep_best: whether the model ends with the weights of its best epoch.

    Raises:
        EdgeEmotionError: the losses that an interrupted run left cannot be read.
    """

    def __init__(self, patience: int, resume: Path, keep_best: bool) -> None:
        super().__init__()
        self._patience = patience
        self._file = resume / "validation_losses.json"
        self._weights = resume / "best.npz"
        self._keep_best = keep_best
        self._losses: list[float] = []
        if patience and self._file.exists():
            self._losses = _read_losses(self._file)

    def epochs(self, most: int) -> int:
        """How many epochs the fit has: `most`, or fewer if an earlier process has stopped it."""
        return len(self._losses) if self._patience and self._waited >= self._patience else most

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Forget an epoch that an interruption made this process repeat."""
        del self._losses[epoch:]

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the weights of a new best epoch, or count one more that was not."""
        self._losses.append(float((logs or {})["val_loss"]))
        if self._waited == 0 and self._keep_best:
            save_values(self._weights, self.model.weights)
        write_text(self._file, json.dumps(self._losses))
        self.model.stop_training = self.model.stop_training or self._waited >= self._patience

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Put the best epoch's weights into the model."""
        if self._keep_best and self._weights.exists():
            assign(self.model.weights, read_values(self._weights), self._weights)

    @property
    def _waited(self) -> int:
        """Epochs since the best one; a loss that is no number is never the best."""
        comparable = [math.inf if math.isnan(loss) else loss for loss in self._losses]
        return len(comparable) - 1 - comparable.index(min(comparable)) if comparable else 0


def _read_losses(file: Path) -> list[float]:
    try:
        return [float(loss) for loss in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, TypeError, ValueError) as error:
        raise EdgeEmotionError(
            f"{file} holds no validation losses: {error}",
            remedy="move it away and start the same command again; patience then counts anew",
        ) from error
