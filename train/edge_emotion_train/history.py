"""history.csv: one row an epoch, over all phases and resumed runs."""

import csv
import io
from pathlib import Path
from typing import Any

import keras

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import write_text


class History(keras.callbacks.Callback):
    """Write what is known about each epoch as a row of a CSV file.

    The file is replaced as a whole, so a kill leaves whole rows, and a row takes the place of one
    that an interrupted run left for the same epoch.

    Args:
        path: the file; other phases' rows in it stay.
        phase: the name in this fit's rows.
    """

    def __init__(self, path: Path, phase: str) -> None:
        super().__init__()
        self._path = path
        self._phase = phase

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the epoch's row; epochs count from 1 over the whole training."""
        rows: list[dict[str, Any]] = [row for row in self._rows() if int(row["epoch"]) <= epoch]
        rows.append({"epoch": epoch + 1, "phase": self._phase, **(logs or {})})
        columns = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self._path, text.getvalue())

    def _rows(self) -> list[dict[str, str]]:
        if not self._path.exists():
            return []
        try:
            rows = list(csv.DictReader(io.StringIO(self._path.read_text(encoding="utf-8"))))
            for row in rows:
                int(row["epoch"])
        except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
            raise EdgeEmotionError(
                f"{self._path} is no history of a training: {error}",
                remedy="move it away and start the same command again",
            ) from error
        return rows
