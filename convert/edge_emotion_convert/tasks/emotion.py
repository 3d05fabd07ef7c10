"""Emotions: what a network gets right of five classes."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_emotion import metrics
from edge_emotion.labels import EMOTIONS
from edge_emotion.modelfile import Task
from edge_emotion.types import Floats
from edge_emotion_convert.gate_measures import Measure
from edge_emotion_convert.tasks.kind import Column, Kind, Truth, means
from edge_emotion_device.interpreter import EmotionModel


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

    task: ClassVar[Task] = "emotion"

    rows: int
    accuracy: float
    balanced_accuracy: float
    recall: dict[str, float]
    precision: dict[str, float]
    f1: dict[str, float]
    confusion: list[list[int]]
    calibration_error: float = math.nan


def _figures(truth: Truth, probabilities: Floats) -> EmotionFigures:
    confusion = metrics.confusion_matrix(truth, probabilities.argmax(axis=1), len(EMOTIONS))
    return EmotionFigures(
        len(truth),
        metrics.accuracy(confusion),
        metrics.balanced_accuracy(confusion),
        _by_emotion(metrics.recall(confusion)),
        _by_emotion(metrics.precision(confusion)),
        _by_emotion(metrics.f1(confusion)),
        confusion.tolist(),
        metrics.calibration(truth, probabilities).error,
    )


def _by_emotion(shares: Floats) -> dict[str, float]:
    return dict(zip(EMOTIONS, shares.tolist(), strict=True))


def _losses(weights: Column, truth: Truth, before: Floats, after: Floats) -> dict[str, Column]:
    lost = (before.argmax(axis=1) == truth).astype(float) - (after.argmax(axis=1) == truth)
    classes = truth[:, None] == np.arange(len(EMOTIONS))
    recalls = means(weights, lost[:, None] * classes, classes)
    present = ~np.isnan(recalls)
    sums = np.where(present, recalls, 0).sum(axis=1)
    return {
        "accuracy": weights @ lost / len(truth),
        "balanced_accuracy": sums / present.sum(axis=1),
        **{f"recall.{name}": recalls[:, label] for label, name in enumerate(EMOTIONS)},
    }


def _intervals(truth: Truth, probabilities: Floats) -> dict[str, metrics.Interval]:
    answered = np.isfinite(probabilities).all(axis=1)
    hits = np.where(answered, probabilities.argmax(axis=1) == truth, np.nan)

    def balanced(drawn: Truth) -> float:
        counts = np.bincount(truth[drawn], minlength=len(EMOTIONS))
        found = np.bincount(truth[drawn], hits[drawn], len(EMOTIONS))
        return float((found[counts > 0] / counts[counts > 0]).mean()) if len(drawn) else math.nan

    return {
        "accuracy": metrics.accuracy_interval(truth, probabilities),
        "balanced_accuracy": metrics.bootstrap_interval(balanced, len(truth)),
        **{
            f"recall.{name}": _recall_interval(hits[truth == label])
            for label, name in enumerate(EMOTIONS)
        },
    }


def _recall_interval(hits: Floats) -> metrics.Interval:
    if not len(hits):
        return metrics.Interval(math.nan, math.nan, math.nan)
    return metrics.bootstrap_interval(lambda drawn: float(hits[drawn].mean()), len(hits))


EMOTION = Kind(
    task="emotion",
    answer=(len(EMOTIONS),),
    noun="faces",
    labels=EMOTIONS,
    measures=(
        Measure("accuracy", "accuracy", "points", is_error=False),
        Measure("balanced_accuracy", "balanced accuracy", "points", is_error=False),
        *(
            Measure(f"recall.{name}", f"recall of {name}", "points", is_error=False)
            for name in EMOTIONS
        ),
    ),
    limits={"accuracy": 0.5},
    budget={
        "accuracy_drop_points": "accuracy",
        "balanced_drop_points": "balanced_accuracy",
        "recall_drop_points": "recall",
    },
    figures=_figures,
    losses=_losses,
    intervals=_intervals,
    open=EmotionModel,
)
