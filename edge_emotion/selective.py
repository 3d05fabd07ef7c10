"""When to give no answer: pure functions of certainties, hits and a threshold.

Selective classification: El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective
Classification", section 2; Geifman and El-Yaniv 2017, "Selective Classification for Deep Neural
Networks".  Coverage is the share of the faces that are answered, risk the share of wrong answers
among these.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_emotion.types import Floats

Flags = npt.NDArray[np.bool_]

MOST_REFUSED = 0.10  # of the faces that show one of the emotions
_LEAST = 1e-12


def largest(probabilities: Floats) -> Floats:
    """`(N,)`, the largest of each row of `(N, C)` probabilities, which a device decides by."""
    found: Floats = probabilities.max(axis=1)
    return found


def margin(probabilities: Floats) -> Floats:
    """`(N,)`, how far the largest is ahead of the second."""
    ordered = np.sort(probabilities, axis=1)
    found: Floats = ordered[:, -1] - ordered[:, -2]
    return found


def negative_entropy(probabilities: Floats) -> Floats:
    """`(N,)`, in nats; 0 for a certain answer."""
    found: Floats = (probabilities * np.log(np.maximum(probabilities, _LEAST))).sum(axis=1)
    return found


SCORES: dict[str, Callable[[Floats], Floats]] = {
    "largest probability": largest,
    "margin": margin,
    "negative entropy": negative_entropy,
}


@dataclass(frozen=True)
class RiskCoverage:
    """What is risked by answering more.

    Attributes:
        coverage: `(N,)`, ascending: the share of the faces answered, the surest first.
        risk: `(N,)`, the share of wrong answers among them.
    """

    coverage: Floats
    risk: Floats

    @property
    def area(self) -> float:
        """The mean risk over all coverages (AURC); NaN without faces."""
        return float(self.risk.mean()) if len(self.risk) else float("nan")


def risk_coverage(certainty: Floats, hits: Flags) -> RiskCoverage:
    """The curve of some answers.

    Args:
        certainty: `(N,)`, more is surer.
        hits: `(N,)`, whether each answer is right.
    """
    surest_first = np.argsort(-certainty, kind="stable")
    answered = np.arange(1, len(hits) + 1)
    wrong = np.cumsum(~hits[surest_first])
    shape = (answered / max(1, len(hits)), wrong / answered)
    return RiskCoverage(*(values.astype(np.float32) for values in shape))


def threshold(certainty: Floats, most_refused: float = MOST_REFUSED) -> float:
    """The highest certainty below which at most `most_refused` of the faces lie; 0 without faces.

    It is one of the certainties, so on the grid of an int8 output it refuses less, never more.
    """
    if not len(certainty):
        return 0.0
    return float(np.sort(certainty)[int(most_refused * len(certainty))])


def refused(certainty: Floats, below: float) -> float:
    """The share of the faces that are refused; NaN without faces."""
    return float((certainty < below).mean()) if len(certainty) else float("nan")


def separation(answerable: Floats, others: Floats) -> float:
    """The chance that a face to be answered is surer than one that is not (area under the ROC).

    Ties count half; NaN where either is empty.
    """
    if not (len(answerable) and len(others)):
        return float("nan")
    ordered = np.sort(others)
    below = np.searchsorted(ordered, answerable, "left")
    upto = np.searchsorted(ordered, answerable, "right")
    return float(((below + upto) / 2).mean() / len(others))
