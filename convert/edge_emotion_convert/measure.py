"""How well a network reads a set of rows, as figures the gate and the evaluation share.

Accuracies, recalls and rates are fractions; errors are in pixels of the 96 px face.  A figure that
could not be measured is NaN.
"""

import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion import metrics
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import Task
from edge_emotion.types import Floats, Image
from edge_emotion_convert.progress import quiet
from edge_emotion_convert.rows import Rows, take
from edge_emotion_device.interpreter import load_emotion, load_keypoints

_QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
_DIGITS = 5


@dataclass(frozen=True)
class EmotionFigures:
    """What an emotion network gets right.

    Attributes:
        rows: how many faces it was measured on.
        accuracy, balanced_accuracy: over all faces; the mean of the classes' recalls.
        recall, precision, f1: of each class.
        confusion: `(5, 5)` counts; row: the true class, column: the answer.
        calibration_error: expected, from 0 to 1 (see `metrics.Calibration`).
    """

    rows: int
    accuracy: float
    balanced_accuracy: float
    recall: dict[str, float]
    precision: dict[str, float]
    f1: dict[str, float]
    confusion: list[list[int]]
    calibration_error: float = math.nan


@dataclass(frozen=True)
class KeypointFigures:
    """How far a keypoint network is off.

    Attributes:
        rows: how many faces it was measured on.
        rmse_px: over all known coordinates (Kaggle's measure).
        nme: mean over the faces of the mean error by the distance of the eye centres.
        failure_rate: share of the faces whose NME is above 10 %.
        point_error_px: mean distance of each point.
        nme_quantiles: of the cumulative error curve: the NME that so many of the faces keep to.
    """

    rows: int
    rmse_px: float
    nme: float
    failure_rate: float
    point_error_px: dict[str, float]
    nme_quantiles: dict[str, float] = field(default_factory=dict)


Figures = EmotionFigures | KeypointFigures


def figures(rows: Rows, answers: Floats) -> Figures:
    """Figures of `answers` to `rows`: `(N, 5)` probabilities or `(N, 15, 2)` points.

    A network that answers NaN or infinity, be it once, is not measured: every figure is NaN.
    """
    if not np.isfinite(answers).all():
        nothing = take(rows, np.zeros(len(rows), np.bool_))
        return replace(figures(nothing, answers[:0]), rows=len(rows))
    if answers.ndim == 2:
        return _emotion_figures(rows, answers)
    return _keypoint_figures(rows, answers)


def predict_file(path: Path, task: Task, images: Image) -> Floats:
    """What a model file answers for `(N, S, S) uint8` faces, by the code that the device runs.

    Returns:
        `(N, 5)` probabilities, or `(N, 15, 2)` points in pixels of the 96 px face.

    Raises:
        EdgeEmotionError: the file is damaged or made for another task.
    """
    with quiet():
        model = load_emotion(path) if task == "emotion" else load_keypoints(path)
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


def _emotion_figures(rows: Rows, probabilities: Floats) -> EmotionFigures:
    predicted = probabilities.argmax(axis=1)
    confusion = metrics.confusion_matrix(rows.truth, predicted, len(EMOTIONS))
    return EmotionFigures(
        len(rows),
        metrics.accuracy(confusion),
        metrics.balanced_accuracy(confusion),
        _by_emotion(metrics.recall(confusion)),
        _by_emotion(metrics.precision(confusion)),
        _by_emotion(metrics.f1(confusion)),
        confusion.tolist(),
        metrics.calibration(rows.truth, probabilities).error,
    )


def _by_emotion(shares: Floats) -> dict[str, float]:
    return dict(zip(EMOTIONS, shares.tolist(), strict=True))


def _keypoint_figures(rows: Rows, points: Floats) -> KeypointFigures:
    errors = metrics.nme(rows.truth, points)
    distances = np.linalg.norm(points - rows.truth, axis=2)
    known = ~np.isnan(distances)
    sums, counts = np.where(known, distances, 0).sum(axis=0), known.sum(axis=0)
    means = [float(part / n) if n else math.nan for part, n in zip(sums, counts, strict=True)]
    return KeypointFigures(
        len(rows),
        metrics.rmse_px(rows.truth, points),
        float(np.nanmean(errors)) if (~np.isnan(errors)).any() else math.nan,
        metrics.failure_rate(errors),
        dict(zip(KEYPOINTS, means, strict=True)),
        {f"{share:.0%}": _quantile(errors, share) for share in _QUANTILES},
    )


def _quantile(errors: Floats, share: float) -> float:
    measured = errors[~np.isnan(errors)]
    return float(np.quantile(measured, share)) if len(measured) else math.nan
