"""How sure a difference between two models is that answered the same rows.

Both models see every row, so what counts is where they differ on it: that is far less than either
figure's own interval suggests.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_emotion import metrics
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.types import Floats
from edge_emotion_convert.gate_measures import MEASURES

Column = npt.NDArray[np.float64]
DRAWS, SEED = 1000, 0


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of two classifiers on the same rows, the exact binomial one.

    McNemar 1947; Dietterich 1998, "Approximate Statistical Tests for Comparing Supervised
    Classification Learning Algorithms".

    Attributes:
        lost: rows that only the model before has right.
        gained: rows that only the one after has right.
        p: how often chance alone would deal the rows on which they differ as unevenly.
    """

    lost: int
    gained: int
    p: float


def mcnemar(right_before: npt.NDArray[np.bool_], right_after: npt.NDArray[np.bool_]) -> McNemar:
    """The test on `(N,)` rows that were answered rightly before and after."""
    lost = int((right_before & ~right_after).sum())
    gained = int((~right_before & right_after).sum())
    differ = lost + gained
    return McNemar(lost, gained, min(1.0, 2 * _tail(min(lost, gained), differ)))


def _tail(most: int, coins: int) -> float:
    """How probable at most `most` heads are among `coins` tossed.

    The last term comes from its logarithm, each one before it from the one behind.
    """
    last = math.lgamma(coins + 1) - math.lgamma(most + 1) - math.lgamma(coins - most + 1)
    counts = np.arange(most, 0, -1)
    others = np.cumprod(counts / (coins - counts + 1)).sum()
    return math.exp(last - coins * math.log(2)) * (1 + float(others))


def loss_intervals(
    truth: npt.NDArray[np.generic], before: Floats, after: Floats
) -> dict[str, tuple[float, float]]:
    """The 95 % interval of every measure's loss, by a paired bootstrap over the rows.

    Each draw takes the same rows for both models (Efron and Tibshirani 1993, chapter 16).

    Args:
        truth: `(N,)` labels or `(N, 15, 2)` points, NaN where unknown.
        before, after: `(N, 5)` probabilities or `(N, 15, 2)` points of both models.

    Returns:
        Lowest and highest loss for each of the task's measures, in its unit; NaN where a measure
        has no rows, and all of them if a model answered NaN or infinity.
    """
    rows, emotion = len(truth), before.ndim == 2
    measures = MEASURES["emotion" if emotion else "keypoints"]
    if rows == 0 or not (np.isfinite(before).all() and np.isfinite(after).all()):
        return {measure.name: (math.nan, math.nan) for measure in measures}
    # How often each draw has each row: a draw's sum over the rows is then one product.
    draws = np.random.default_rng(SEED).multinomial(rows, np.full(rows, 1 / rows), DRAWS)
    weights = draws.astype(np.float64)
    losses = (_emotion_losses if emotion else _keypoint_losses)(weights, truth, before, after)
    return {m.name: _interval(m.in_unit(1.0) * losses[m.name]) for m in measures}


def _interval(drawn: Column) -> tuple[float, float]:
    if np.isnan(drawn).all():
        return math.nan, math.nan
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return float(low), float(high)


def _emotion_losses(
    weights: Column, truth: npt.NDArray[np.generic], before: Floats, after: Floats
) -> dict[str, Column]:
    lost = (before.argmax(axis=1) == truth).astype(float) - (after.argmax(axis=1) == truth)
    classes = truth[:, None] == np.arange(len(EMOTIONS))
    recalls = _means(weights, lost[:, None] * classes, classes)
    present = ~np.isnan(recalls)
    sums = np.where(present, recalls, 0).sum(axis=1)
    return {
        "accuracy": weights @ lost / len(truth),
        "balanced_accuracy": sums / present.sum(axis=1),
        **{f"recall.{name}": recalls[:, label] for label, name in enumerate(EMOTIONS)},
    }


def _keypoint_losses(
    weights: Column, truth: npt.NDArray[np.generic], before: Floats, after: Floats
) -> dict[str, Column]:
    points: Floats = truth.astype(np.float32)
    squares, distances, errors = [], [], []
    for answers in (before, after):
        squares.append(np.square(answers - points, dtype=np.float64))
        distances.append(np.linalg.norm(answers - points, axis=2))
        errors.append(metrics.nme(points, answers).astype(np.float64))
    known = ~np.isnan(squares[0])
    counts = known.sum(axis=(1, 2))
    mean = [_means(weights, s.sum(axis=(1, 2), where=known), counts) for s in squares]
    failures = [(error > metrics.FAILURE_NME).astype(float) for error in errors]
    measured = ~np.isnan(errors[0])
    further = _means(weights, distances[1] - distances[0], ~np.isnan(distances[0]))
    return {
        "rmse_px": np.sqrt(mean[1]) - np.sqrt(mean[0]),
        "nme": _means(weights, errors[1] - errors[0], measured),
        "failure_rate": _means(weights, failures[1] - failures[0], measured),
        **{f"point_error_px.{name}": further[:, place] for place, name in enumerate(KEYPOINTS)},
    }


def _means(weights: Column, values: Column, counts: npt.NDArray[np.generic]) -> Column:
    """For each draw the mean of `values` over the rows where `counts` is not 0; NaN without."""
    numbers = counts.astype(np.float64)
    sums, totals = weights @ np.where(numbers > 0, values, 0.0), weights @ numbers
    means: Column = np.divide(sums, totals, out=np.full_like(sums, np.nan), where=totals > 0)
    return means
