"""How well a network reads a set of rows, as figures the gate and the evaluation share.

Accuracies, recalls and rates are fractions; errors are in pixels of the 96 px face.  A figure that
could not be measured is NaN.
"""

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion.modelfile import Task, read_model
from edge_emotion.types import Floats, Image
from edge_emotion_convert.progress import quiet
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.tasks.table import KINDS, Figures, kind_answering

_DIGITS = 5


def figures(rows: Rows, answers: Floats) -> Figures:
    """Figures of `answers` to `rows`: probabilities, points in px or cells.

    A network that answers NaN or infinity, be it once, is not measured: every figure is NaN.
    """
    kind = kind_answering(answers)
    if np.isfinite(answers).all():
        found: Figures = kind.figures(rows.truth, answers)
        return found
    return replace(kind.figures(rows.truth[:0], answers[:0]), rows=len(rows))


def predict_file(path: Path, task: Task, images: Image) -> Floats:
    """What a model file answers for `(N, S, S) uint8` pictures, by the code that the device runs.

    Returns:
        `(N, 5)` probabilities, `(N, 15, 2)` points in pixels of the 96 px face, or `(N, 756, 5)`
        cells as `edge_emotion.detection` reads them.

    Raises:
        EdgeEmotionError: the file is damaged or made for another task.
    """
    with quiet():
        model = KINDS[task].open(read_model(path, task), "cpu", 1)
    with model:
        return model.predict(images)


def as_table(measured: Figures) -> dict[str, Any]:
    """The figures as a JSON object; what is NaN becomes null."""
    table: dict[str, Any] = plain(asdict(measured), _DIGITS)
    return table


def plain(value: Any, digits: int | None = None) -> Any:
    """Figures as JSON has them: NaN and infinity become None, the rest is rounded to `digits`."""
    if isinstance(value, dict):
        return {key: plain(part, digits) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, digits) for part in value]
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    return value if digits is None else round(value, digits)
