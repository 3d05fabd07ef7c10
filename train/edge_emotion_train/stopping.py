"""Early stopping that an interruption does not confuse."""

import csv
import math
from pathlib import Path
from typing import Any

import keras


class StopEarly(keras.callbacks.Callback):
    """End a fit after `patience` epochs without a lower validation loss.

    Keras's own forgets on a resumed run what it has seen; this one reads the run's history.csv.
    It belongs before `BackupAndRestore`, so that no epoch counts as done whose weights were not
    kept here.

    Args:
        patience: in epochs.
        out: the run folder.
        keep_best: whether the model ends with the weights of its best epoch.
    """

    def __init__(self, patience: int, out: Path, keep_best: bool) -> None:
        super().__init__()
        self._patience = patience
        self._history = out / "history.csv"
        self._weights = out / "resume" / "best.weights.h5"
        self._keep_best = keep_best
        self._best: float | None = None
        self._waited = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before the first epoch of this process, take up where the last one ended."""
        if self._best is None:
            self._best = math.inf
            for loss in self._losses_before(epoch):
                self._count(loss)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the weights of a new best epoch, or count one more that was not."""
        better = self._count(float((logs or {})["val_loss"]))
        if better and self._keep_best:
            self._weights.parent.mkdir(parents=True, exist_ok=True)
            self.model.save_weights(self._weights)
        self.model.stop_training = self.model.stop_training or self._waited >= self._patience

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Put the best epoch's weights into the model."""
        if self._keep_best and self._weights.exists():
            self.model.load_weights(self._weights)

    def _count(self, loss: float) -> bool:
        assert self._best is not None
        better = loss < self._best
        self._best = loss if better else self._best
        self._waited = 0 if better else self._waited + 1
        return better

    def _losses_before(self, epoch: int) -> list[float]:
        """Validation losses of the epochs before this one; a repeated epoch counts once."""
        if not self._history.exists():
            return []
        with self._history.open(encoding="utf-8", newline="") as stream:
            losses = {int(row["epoch"]): float(row["val_loss"]) for row in csv.DictReader(stream)}
        return [loss for number, loss in sorted(losses.items()) if number < epoch]
