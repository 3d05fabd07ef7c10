"""`convert --auto`: every remedy tried in turn, each kept only if int8 measures better with it.

What is chosen on some rows looks better on them than it is.  So the validation rows are halved: one
half chooses, and the gate judges on the other, which nothing was chosen by.
"""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge_emotion.data.splits import split_groups
from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert import calibration
from edge_emotion_convert.budget import Limits
from edge_emotion_convert.gate import Comparison
from edge_emotion_convert.gate_measures import measure_called
from edge_emotion_convert.progress import say
from edge_emotion_convert.remedies.table import REMEDIES
from edge_emotion_convert.remedies.way import INT8, NotApplicable, Remedy, Way
from edge_emotion_convert.rows import take
from edge_emotion_convert.trial import Candidate, Trial, measure_flatbuffer

PLAIN = "plain int8"
_CLEARLY = 0.95


@dataclass(frozen=True)
class Step:
    """One way that was tried.

    Attributes:
        remedy: its name, or `PLAIN`.
        variant: which form of it.
        found: the headline measure on the rows that choose; None if it was not tried.
        off_float: root mean square of int8's answers less float's, in shares of 1 or px.
        outcome: kept, not better, or why it was not tried.
        seconds: what it took.
    """

    remedy: str
    variant: str
    found: Comparison | None
    off_float: float | None
    outcome: str
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """As in conversion.json."""
        return {
            "remedy": self.remedy,
            "variant": self.variant,
            **_drop(self.found),
            "off_float": None if self.off_float is None else round(self.off_float, 5),
            "outcome": self.outcome,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True)
class _Best:
    way: Way
    candidate: Candidate
    kept: tuple[str, ...] = ()


def halves(trial: Trial) -> tuple[Trial, Trial]:
    """The trial on the rows that choose, and on those that judge; no person is in both.

    Raises:
        EdgeEmotionError: too few validation rows.
    """
    rows = trial.measuring
    groups = rows.strata if trial.subject.task == "keypoints" else rows.names
    choosing, judging, _ = split_groups(groups, (0.5, 0.5, 0.0), trial.seed)
    if not (len(choosing) and len(judging)):
        raise EdgeEmotionError(
            f"{trial.measured_on} are too few to choose remedies on one half of them",
            remedy="name data with more validation faces with --data",
        )
    parts = []
    for chosen, what in ((choosing, "a remedy"), (judging, "no remedy")):
        mask = np.isin(np.arange(len(rows)), chosen)
        told = f"{len(chosen)} of the {trial.measured_on}, by which {what} was chosen"
        part = take(rows, mask)
        parts.append(replace(trial, measuring=part, measured_on=told, answers=trial.answers[mask]))
    return parts[0], parts[1]


def treat(choosing: Trial, judging: Trial, faces: int, limits: Limits) -> Candidate:
    """Convert to int8 in the way that measures best, and judge it on rows that did not choose it.

    Args:
        choosing, judging: from `halves`.
        faces: how many calibrate plain int8.
        limits: the budget.

    Returns:
        Its metadata's accuracy holds the trail under `remedies`.

    Raises:
        EdgeEmotionError: the network cannot be converted.
    """
    samples = calibration.samples(choosing.calibrating, faces, choosing.seed)
    plain = Way(choosing.subject.network, samples)
    start = time.perf_counter()
    say(f"{choosing.subject.task}: {PLAIN}, measured on {choosing.measured_on}")
    best = _Best(plain, _measured(choosing, plain, limits))
    trail = [_step(choosing, PLAIN, "", best.candidate, "kept", start)]
    for remedy in REMEDIES:
        best, steps = _try(remedy, choosing, best, limits)
        trail += steps
    say(f"{judging.subject.task}: the result, measured on {judging.measured_on}")
    before = _measured(judging, plain, limits)
    judged = _measured(judging, best.way, limits) if best.kept else before
    told = {
        "chosen_on": choosing.measured_on,
        "judged_on": judging.measured_on,
        "kept": list(best.kept),
        "trail": [step.as_dict() for step in trail],
        "plain": _drop(before.verdict.headline),
        "treated": _drop(judged.verdict.headline),
    }
    metadata = replace(judged.metadata, accuracy={**judged.metadata.accuracy, "remedies": told})
    return replace(judged, metadata=metadata, seconds=time.perf_counter() - start)


def _try(remedy: Remedy, trial: Trial, best: _Best, limits: Limits) -> tuple[_Best, list[Step]]:
    """The best way after trying a remedy on it, and what each of its variants came to."""
    reason = _not_needed(remedy, best.candidate)
    if reason:
        return best, [Step(remedy.name, "", None, None, f"not tried: {reason}")]
    steps: list[Step] = []
    start = time.perf_counter()
    base = best
    try:
        for variant, way in remedy.variants(trial, base.way):
            say(f"{trial.subject.task}: {remedy.name} {variant}".rstrip())
            candidate = _measured(trial, way, limits)
            better = _is_better(trial, candidate, best.candidate)
            if better:
                best = _Best(way, candidate, (*base.kept, f"{remedy.name} {variant}".rstrip()))
            outcome = "kept" if better else "not better"
            steps.append(_step(trial, remedy.name, variant, candidate, outcome, start))
            start = time.perf_counter()
    except (NotApplicable, EdgeEmotionError) as error:
        steps.append(Step(remedy.name, "", None, None, f"not tried: {error}"))
    return best, _only_last_kept(steps)


def _not_needed(remedy: Remedy, candidate: Candidate) -> str:
    if candidate.verdict.headline.drop <= 0:
        return "nothing is lost"
    if remedy.last and candidate.verdict.passed:
        return "the limits are kept without it"
    return ""


def _drop(found: Comparison | None) -> dict[str, Any]:
    if found is None:
        return {"measure": None, "drop": None, "interval": None}
    return {"measure": found.measure, "drop": found.drop, "interval": found.interval}


def _measured(trial: Trial, way: Way, limits: Limits) -> Candidate:
    return measure_flatbuffer(trial, INT8, way.flatbuffer(), len(way.samples), limits)


def _is_better(trial: Trial, candidate: Candidate, best: Candidate) -> bool:
    """Whether less is lost or, where that is the same, float is clearly nearer.

    A gain over float is chance and counts as no loss.
    """
    lost, least = (max(one.verdict.headline.drop, 0.0) for one in (candidate, best))
    off, nearest = (_off_float(trial, one) for one in (candidate, best))
    return lost < least or (lost == least and off < _CLEARLY * nearest)


def _off_float(trial: Trial, candidate: Candidate) -> float:
    return float(np.sqrt(np.square(candidate.answers - trial.answers).mean()))


def _step(
    trial: Trial, remedy: str, variant: str, candidate: Candidate, outcome: str, start: float
) -> Step:
    found = candidate.verdict.headline
    say(f"  {measure_called(found.measure).words(found.drop)}: {outcome}")
    seconds = time.perf_counter() - start
    return Step(remedy, variant, found, _off_float(trial, candidate), outcome, seconds)


def _only_last_kept(steps: list[Step]) -> list[Step]:
    """Of one remedy's variants the last that was better is kept."""
    kept = [place for place, step in enumerate(steps) if step.outcome == "kept"]
    return [
        replace(step, outcome="better") if place in kept[:-1] else step
        for place, step in enumerate(steps)
    ]
