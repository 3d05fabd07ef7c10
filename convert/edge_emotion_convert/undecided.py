"""Which faces an emotion network should not answer, and how many that are.

A face is undecided where the largest probability is below a threshold, as the device decides
(`edge_emotion.selective`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edge_emotion.data.faces import Indices
from edge_emotion.labels import EMOTIONS, SHOWN
from edge_emotion.metrics import Interval, bootstrap_interval
from edge_emotion.selective import (
    SCORES,
    RiskCoverage,
    largest,
    risk_coverage,
    separation,
    threshold,
)
from edge_emotion.types import Floats
from edge_emotion_convert.measure import plain
from edge_emotion_convert.rows import Rows
from edge_emotion_device.smoothing import UNDECIDED_BELOW

_HIGHEST = 0.8  # what is as sure as this is answered, however few are less sure
_FEWEST = 50  # faces of a set for a threshold of its own


@dataclass(frozen=True)
class Undecided:
    """How many faces of one kind a threshold leaves undecided.

    Attributes:
        name: which faces.
        faces: how many.
        share: of them undecided, with its 95 % interval.
        accuracy: of those that are decided; None for faces that show none of the emotions.
    """

    name: str
    faces: int
    share: Interval
    accuracy: Interval | None

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        table: dict[str, Any] = plain(asdict(self), 5)
        return table


def choose(rows: Rows, probabilities: Floats) -> float | None:
    """The threshold that leaves at most a tenth of each set's faces undecided.

    Args:
        rows: faces that show one of the emotions.
        probabilities: `(N, 5)`, of the very file that is to have the threshold.

    Returns:
        None without faces.
    """
    if not len(rows):
        return None
    certainty = largest(probabilities)
    sets = np.full(len(rows), "") if rows.sets is None else rows.sets
    parts = [certainty[sets == name] for name in np.unique(sets)]
    chosen = [threshold(part) for part in (certainty, *parts) if len(part) >= _FEWEST]
    return min([*chosen, _HIGHEST]) if chosen else None


def undecided(name: str, rows: Rows, probabilities: Floats, below: float) -> Iterator[Undecided]:
    """What a threshold does to a set's faces of the emotions, and to those of each other kind."""
    certainty, answered = largest(probabilities), probabilities.argmax(axis=1)
    of_emotions = rows.truth >= 0
    groups = [("", of_emotions)]
    groups += [(f", {SHOWN[label].lower()}", rows.truth == label) for label in _others(rows)]
    for group, chosen in groups:
        count = int(chosen.sum())
        if not count:
            continue
        refused = certainty[chosen] < below
        hits = np.where(refused, np.nan, answered[chosen] == rows.truth[chosen])
        accuracy = None
        if not group:
            accuracy = bootstrap_interval(_mean_of(hits), count)
        share = bootstrap_interval(_mean_of(refused.astype(np.float64)), count)
        yield Undecided(f"{name}{group}", count, share, accuracy)


def scores(answerable: Floats, others: Floats) -> dict[str, dict[str, float]]:
    """How well each score tells faces of the emotions from others, in two figures each.

    Args:
        answerable: `(N, 5)` probabilities of faces that show one of the emotions.
        others: `(M, 5)`, of faces that show none.

    Returns:
        By the score's name: the chance that it tells the two apart, and the share of the others it
        refuses where it refuses a tenth of the answerable.
    """
    found = {}
    for name, score in SCORES.items():
        sure, unsure = score(answerable), score(others)
        below = threshold(sure)
        refused = float((unsure < below).mean()) if len(unsure) else float("nan")
        found[name] = {"separation": separation(sure, unsure), "others_undecided": refused}
    return found


@dataclass(frozen=True)
class Selection:
    """What a model leaves undecided of all that it was evaluated on.

    Attributes:
        below: the threshold.
        told: whether the model file says it; if not, it is the device's own.
        parts: the kinds of faces of each set.
        scores: as `scores`, over all sets; empty where no face shows none of the emotions.
        curve: of the faces of the emotions, by the largest probability.
        answered: `(coverage, risk)` at the threshold.
    """

    below: float
    told: bool
    parts: tuple[Undecided, ...]
    scores: dict[str, dict[str, float]]
    curve: RiskCoverage
    answered: tuple[float, float]

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it; `aurc` is the area under the curve."""
        table: dict[str, Any] = {
            "below": self.below,
            "told_by_the_model": self.told,
            "aurc": self.curve.area,
            "scores": self.scores,
        }
        table = plain(table, 5)
        return {**table, "parts": [part.as_dict() for part in self.parts]}

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows."""
        below = f"below {self.below:.3f}"
        return ["rows of", "faces", below, "95 %", "others right"], [
            [part.name, str(part.faces), *_told(part.share), _told(part.accuracy)[0]]
            for part in self.parts
        ]


def select(asked: Sequence[tuple[str, Rows, Floats]], below: float | None) -> Selection | None:
    """What a threshold leaves undecided.

    Args:
        asked: the name of each set, its rows and the answers to them, `(N, 5)`.
        below: the model's threshold; None takes the device's.

    Returns:
        None without a face of the emotions.
    """
    limit = UNDECIDED_BELOW if below is None else below
    parts = [
        part for name, rows, answers in asked for part in undecided(name, rows, answers, limit)
    ]
    truth = np.concatenate([rows.truth for _, rows, _ in asked])
    answers = np.concatenate([given for _, _, given in asked])
    shown = truth >= 0
    if not shown.any() or not np.isfinite(answers).all():
        return None
    certainty = largest(answers[shown])
    hits = answers[shown].argmax(axis=1) == truth[shown]
    decided = certainty >= limit
    return Selection(
        limit,
        below is not None,
        tuple(parts),
        scores(answers[shown], answers[~shown]) if not shown.all() else {},
        risk_coverage(certainty, hits),
        (float(decided.mean()), float(1 - hits[decided].mean()) if decided.any() else 0.0),
    )


def _others(rows: Rows) -> list[int]:
    return [label for label in range(len(EMOTIONS) - len(SHOWN), 0) if (rows.truth == label).any()]


def _mean_of(values: Floats) -> Callable[[Indices], float]:
    def mean(drawn: Indices) -> float:
        known = values[drawn][~np.isnan(values[drawn])]
        return float(known.mean()) if len(known) else float("nan")

    return mean


def _told(found: Interval | None) -> list[str]:
    if found is None or np.isnan(found.value):
        return ["–", ""]
    return [f"{found.value:.1%}", f"{found.low:.1%} to {found.high:.1%}"]
