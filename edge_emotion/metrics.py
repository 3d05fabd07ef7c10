"""Accuracy of the two networks: pure functions of labels, predictions and points.

Accuracies, recalls and rates are fractions from 0 to 1; errors of points are in pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_emotion.labels import LEFT_EYE, RIGHT_EYE
from edge_emotion.types import Floats

Labels = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]

FAILURE_NME = 0.10


def confusion_matrix(truth: Labels, predicted: Labels, classes: int) -> Counts:
    """`(classes, classes)` counts; row: the true class, column: the predicted one.

    Raises:
        ValueError: a label is not from 0 to classes - 1.
    """
    for name, labels in (("true", truth), ("predicted", predicted)):
        if labels.size and not 0 <= labels.min() <= labels.max() < classes:
            raise ValueError(
                f"{name} labels {labels.min()} to {labels.max()}; expected 0 to {classes - 1}"
            )
    flat = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


def accuracy(confusion: Counts) -> float:
    """Share of the faces that were classified rightly; NaN without faces."""
    return _ratio(np.trace(confusion), confusion.sum())


def recall(confusion: Counts) -> Floats:
    """`(classes,)`: of the faces of each class, the share found; NaN for a class without faces."""
    return _ratios(np.diag(confusion), confusion.sum(axis=1))


def precision(confusion: Counts) -> Floats:
    """`(classes,)`: of the answers of each class, the share that was right; NaN without any."""
    return _ratios(np.diag(confusion), confusion.sum(axis=0))


def f1(confusion: Counts) -> Floats:
    """`(classes,)`: harmonic mean of precision and recall; NaN where a class never occurs."""
    return _ratios(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def balanced_accuracy(confusion: Counts) -> float:
    """Mean recall of the classes that have faces; NaN without any."""
    found = recall(confusion)
    return float(np.nanmean(found)) if not np.isnan(found).all() else float("nan")


def rmse_px(truth: Floats, predicted: Floats) -> float:
    """Kaggle's measure: root of the mean squared error over all known coordinates.

    Args:
        truth: `(N, 15, 2)` in pixels of the 96 px face; NaN where a point is not known.
        predicted: `(N, 15, 2)`, likewise.

    Returns:
        Pixels of the 96 px face; NaN where no point is known, or one that is was answered with NaN.
    """
    squares = np.square(predicted - truth, dtype=np.float64)
    known = ~np.isnan(truth)
    return float(np.sqrt(_ratio(squares[known].sum(), known.sum())))


def nme(truth: Floats, predicted: Floats) -> Floats:
    """`(N,)`: mean distance of each face's known points by the distance of its eye centres.

    Normalised mean error with the inter-pupil distance, as 300-W reports it (Sagonas et al. 2013).
    NaN for faces whose eye centres are not both known, or where a known point was answered with
    NaN.
    """
    eyes = truth[:, LEFT_EYE] - truth[:, RIGHT_EYE]
    distances = np.linalg.norm(predicted - truth, axis=2)
    known = ~np.isnan(truth).any(axis=2)
    mean = np.where(known, distances, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return (mean / np.linalg.norm(eyes, axis=1)).astype(np.float32)


def failure_rate(errors: Floats, limit: float = FAILURE_NME) -> float:
    """Share of the faces whose `nme` is above `limit`; NaN without faces that have one."""
    measured = errors[~np.isnan(errors)]
    return _ratio((measured > limit).sum(), len(measured))


def error_curve(errors: Floats, limits: Floats) -> Floats:
    """Cumulative error distribution: the share of the faces whose error is at most each limit.

    The curve by which 300-W compares methods (Sagonas et al. 2016, "300 Faces In-The-Wild
    Challenge", section 5).

    Args:
        errors: `(N,)`, for example from `nme`; NaN for faces that could not be measured.
        limits: `(L,)`, likewise.

    Returns:
        `(L,)` shares, NaN without measured faces.
    """
    measured = np.sort(errors[~np.isnan(errors)])
    if not len(measured):
        return np.full(len(limits), np.nan, np.float32)
    within = np.searchsorted(measured, limits, side="right")
    return (within / len(measured)).astype(np.float32)


@dataclass(frozen=True)
class Calibration:
    """How sure a classifier is, beside how often it is right then.

    Attributes:
        faces: `(B,)` how many answers fall into each of B equal bins of certainty.
        certainty: `(B,)` their mean certainty; NaN for an empty bin.
        accuracy: `(B,)` the share of them that is right; NaN for an empty bin.
    """

    faces: Counts
    certainty: Floats
    accuracy: Floats

    @property
    def error(self) -> float:
        """Expected calibration error: the bins' gaps, each as heavy as its faces; NaN without.

        From 0, where certainty is accuracy, to 1 (Guo et al. 2017, "On Calibration of Modern
        Neural Networks", equation 3).
        """
        gaps = self.faces * np.abs(self.accuracy - self.certainty)
        return _ratio(np.nansum(gaps), self.faces.sum())


def calibration(truth: Labels, probabilities: Floats, bins: int = 15) -> Calibration:
    """The reliability diagram's bins (Guo et al. 2017, equations 1 and 2, with their 15 bins).

    Args:
        truth: `(N,)` labels.
        probabilities: `(N, C)`; a row's largest is its certainty and the bin it falls into.
        bins: of equal width from 0 to 1, each closed above.
    """
    certainty = probabilities.max(axis=1).astype(np.float64)
    hits = probabilities.argmax(axis=1) == truth
    place = np.clip(np.ceil(certainty * bins).astype(np.int64) - 1, 0, bins - 1)
    faces = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, weights, bins) for weights in (certainty, hits)]
    return Calibration(faces, _ratios(sums[0], faces), _ratios(sums[1], faces))


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def bootstrap_interval(
    measure: Callable[[npt.NDArray[np.intp]], float], rows: int, draws: int = 1000, seed: int = 0
) -> Interval:
    """A percentile bootstrap (Efron 1979) of `measure` over the rows of a test set.

    Args:
        measure: gives the figure for row indices, some of them repeated.
        rows: how many rows there are, at least 1.
        draws: how often rows are drawn again.
        seed: of the draws.

    Returns:
        NaN without ends where the figure itself is NaN.
    """
    value = measure(np.arange(rows))
    if np.isnan(value):
        return Interval(value, value, value)
    rng = np.random.default_rng(seed)
    drawn = [measure(rng.integers(0, rows, rows)) for _ in range(draws)]
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return Interval(value, float(low), float(high))


def draw_rows(rows: int, draws: int = 1000, seed: int = 0) -> npt.NDArray[np.float64]:
    """`(draws, rows)`: how often each draw of a bootstrap has each row.

    A draw's sum over the rows is then one product, and of two models on the same rows each draw
    takes the same ones (Efron and Tibshirani 1993, chapter 16).
    """
    if not rows:
        return np.ones((draws, 0))
    drawn = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), draws)
    return drawn.astype(np.float64)


def accuracy_interval(truth: Labels, probabilities: Floats) -> Interval:
    """The accuracy of `(N, C)` probabilities with its interval."""
    answered = np.isfinite(probabilities).all(axis=1)
    hits = np.where(answered, probabilities.argmax(axis=1) == truth, np.nan)
    return bootstrap_interval(lambda drawn: float(hits[drawn].mean()), len(hits))


def rmse_interval_px(truth: Floats, predicted: Floats) -> Interval:
    """`rmse_px` of `(N, 15, 2)` points with its interval."""
    squares = np.square(predicted - truth, dtype=np.float64).reshape(len(truth), -1)
    known = ~np.isnan(truth).reshape(len(truth), -1)
    sums, counts = squares.sum(axis=1, where=known), known.sum(axis=1)
    return bootstrap_interval(
        lambda drawn: float(np.sqrt(_ratio(sums[drawn].sum(), counts[drawn].sum()))), len(truth)
    )


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _ratios(part: npt.NDArray[Any], whole: Counts) -> Floats:
    result = np.full(len(part), np.nan, np.float32)
    np.divide(part, whole, out=result, where=whole > 0, casting="unsafe")
    return result
