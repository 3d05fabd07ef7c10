"""Keypoints: how far a network's 15 points are off, in pixels of the 96 px face."""

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from edge_emotion import metrics
from edge_emotion.labels import KEYPOINTS
from edge_emotion.modelfile import Task
from edge_emotion.types import Floats
from edge_emotion_convert.gate_measures import Measure
from edge_emotion_convert.tasks.kind import Column, Kind, Truth, mean_or_nan, means
from edge_emotion_device.interpreter import KeypointModel

_QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)


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

    task: ClassVar[Task] = "keypoints"

    rows: int
    rmse_px: float
    nme: float
    failure_rate: float
    point_error_px: dict[str, float]
    nme_quantiles: dict[str, float] = field(default_factory=dict)


def _figures(truth: Truth, points: Floats) -> KeypointFigures:
    errors = metrics.nme(truth, points)
    distances = np.linalg.norm(points - truth, axis=2)
    return KeypointFigures(
        len(truth),
        metrics.rmse_px(truth, points),
        mean_or_nan(errors),
        metrics.failure_rate(errors),
        {name: mean_or_nan(distances[:, place]) for place, name in enumerate(KEYPOINTS)},
        {f"{share:.0%}": _quantile(errors, share) for share in _QUANTILES},
    )


def _quantile(errors: Floats, share: float) -> float:
    measured = errors[~np.isnan(errors)]
    return float(np.quantile(measured, share)) if len(measured) else math.nan


def _losses(weights: Column, truth: Truth, before: Floats, after: Floats) -> dict[str, Column]:
    points: Floats = truth.astype(np.float32)
    squares, distances, errors = [], [], []
    for answers in (before, after):
        squares.append(np.square(answers - points, dtype=np.float64))
        distances.append(np.linalg.norm(answers - points, axis=2))
        errors.append(metrics.nme(points, answers).astype(np.float64))
    known = ~np.isnan(squares[0])
    counts = known.sum(axis=(1, 2))
    mean = [means(weights, s.sum(axis=(1, 2), where=known), counts) for s in squares]
    failures = [(error > metrics.FAILURE_NME).astype(float) for error in errors]
    measured = ~np.isnan(errors[0])
    further = means(weights, distances[1] - distances[0], ~np.isnan(distances[0]))
    return {
        "rmse_px": np.sqrt(mean[1]) - np.sqrt(mean[0]),
        "nme": means(weights, errors[1] - errors[0], measured),
        "failure_rate": means(weights, failures[1] - failures[0], measured),
        **{f"point_error_px.{name}": further[:, place] for place, name in enumerate(KEYPOINTS)},
    }


KEYPOINT = Kind(
    task="keypoints",
    answer=(len(KEYPOINTS), 2),
    noun="faces",
    labels=KEYPOINTS,
    measures=(
        Measure("rmse_px", "RMSE", "px", is_error=True),
        Measure("nme", "NME", "points", is_error=True),
        Measure("failure_rate", "NME above 10 %", "points", is_error=True),
        *(
            Measure(f"point_error_px.{name}", name.replace("_", " "), "px", is_error=True)
            for name in KEYPOINTS
        ),
    ),
    limits={"rmse_px": 0.15},
    budget={
        "rmse_increase_px": "rmse_px",
        "nme_increase_points": "nme",
        "failure_increase_points": "failure_rate",
        "point_increase_px": "point_error_px",
    },
    figures=_figures,
    losses=_losses,
    intervals=lambda truth, given: {"rmse_px": metrics.rmse_interval_px(truth, given)},
    open=KeypointModel,
)
