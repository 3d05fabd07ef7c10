"""How sure a difference between two models is that answered the same rows.

Both models see every row, so what counts is where they differ on it: that is far less than either
figure's own interval suggests.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_emotion.metrics import draw_rows
from edge_emotion.types import Floats
from edge_emotion_convert.tasks.kind import Column, Truth
from edge_emotion_convert.tasks.table import kind_answering

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


def loss_intervals(truth: Truth, before: Floats, after: Floats) -> dict[str, tuple[float, float]]:
    """The 95 % interval of every measure's loss, by a paired bootstrap over the rows.

    Each draw takes the same rows for both models (Efron and Tibshirani 1993, chapter 16).

    Args:
        truth: `(N,)` labels, `(N, 15, 2)` points, NaN where unknown, or `(N,)` labelled faces.
        before, after: of both models, `(N, 5)` probabilities, `(N, 15, 2)` points or
            `(N, 756, 5)` cells.

    Returns:
        Lowest and highest loss for each of the task's measures, in its unit; NaN where a measure
        has no rows, and all of them if a model answered NaN or infinity.
    """
    kind = kind_answering(before)
    if not (len(truth) and np.isfinite(before).all() and np.isfinite(after).all()):
        return {measure.name: (math.nan, math.nan) for measure in kind.measures}
    losses = kind.losses(draw_rows(len(truth), DRAWS, SEED), truth, before, after)
    return {m.name: _interval(m.in_unit(1.0) * losses[m.name]) for m in kind.measures}


def _interval(drawn: Column) -> tuple[float, float]:
    if np.isnan(drawn).all():
        return math.nan, math.nan
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return float(low), float(high)
