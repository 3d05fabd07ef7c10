"""`convert --auto`: every remedy tried in turn, each kept only if int8 measures better with it.

What is chosen on some rows looks better on them than it is.  So one half of the validation rows
chooses, and the gate judges on the other (see `halving`).
"""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert import calibration
from edge_emotion_convert.budget import Limits
from edge_emotion_convert.gate import Verdict
from edge_emotion_convert.progress import say
from edge_emotion_convert.remedies.table import REMEDIES
from edge_emotion_convert.remedies.way import INT8, NotApplicable, Remedy, Way
from edge_emotion_convert.tasks.table import measure_called
from edge_emotion_convert.trial import Candidate, Trial, measure_flatbuffer

PLAIN = "plain int8"
_CLEARLY = 0.95


@dataclass(frozen=True)
class Step:
    """One way that was tried.

    Attributes:
        remedy: its name, or `PLAIN`.
        variant: which form of it.
        found: the verdict on the rows that choose; None if it was not measured.
        off_float: root mean square of int8's answers less float's, in shares of 1, px or what an
            answer of 1 in a cell stands for.
        outcome: kept, better, not better, or why it failed or was not tried.
        seconds: what it took.
    """

    remedy: str
    variant: str
    found: Verdict | None
    off_float: float | None
    outcome: str
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """As in conversion.json."""
        return {
            "remedy": self.remedy,
            "variant": self.variant,
            **_found(self.found),
            "off_float": None if self.off_float is None else round(self.off_float, 5),
            "outcome": self.outcome,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True)
class _Best:
    way: Way
    candidate: Candidate
    kept: tuple[str, ...] = ()


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
    start = time.perf_counter()
    task = choosing.subject.task
    way = Way(
        choosing.subject.network, calibration.samples(choosing.calibrating, faces, choosing.seed)
    )
    say(f"{task}: {PLAIN}, measured on {choosing.measured_on}")
    plain = _measured(choosing, way, limits)
    best, trail = _Best(way, plain), [_step(choosing, PLAIN, "", plain, "kept", start)]
    for remedy in REMEDIES:
        best, steps = _try(remedy, choosing, best, limits)
        trail += steps
    say(f"{task}: the result, measured on {judging.measured_on}")
    before = _again(judging, plain, limits)
    judged = _again(judging, best.candidate, limits) if best.kept else before
    if before.verdict.passed and not judged.verdict.passed:
        say(f"{task}: here {PLAIN} would pass, and what the remedies made does not")
    told = {
        "chosen_on": choosing.measured_on,
        "judged_on": judging.measured_on,
        "kept": list(best.kept),
        "trail": [step.as_dict() for step in trail],
        "plain": _found(before.verdict),
        "treated": _found(judged.verdict),
    }
    metadata = replace(judged.metadata, accuracy={**judged.metadata.accuracy, "remedies": told})
    return replace(judged, metadata=metadata, seconds=time.perf_counter() - start)


def _try(remedy: Remedy, trial: Trial, best: _Best, limits: Limits) -> tuple[_Best, list[Step]]:
    """The best way after trying a remedy on it, and what each of its variants came to."""
    reason = _not_needed(remedy, best.candidate)
    if reason:
        return best, [Step(remedy.name, "", None, None, f"not tried: {reason}")]
    steps: list[Step] = []
    base, start = best, time.perf_counter()
    try:
        for variant, way in remedy.variants(trial, base.way):
            called = f"{remedy.name} {variant}".rstrip()
            say(f"{trial.subject.task}: {called}")
            try:
                candidate = _measured(trial, way, limits)
                better = _is_better(trial, candidate, best.candidate)
                if better:
                    best = _Best(way, candidate, (*base.kept, called))
                outcome = "kept" if better else "not better"
                steps.append(_step(trial, remedy.name, variant, candidate, outcome, start))
            except EdgeEmotionError as error:
                steps.append(_untold(remedy, variant, f"failed: {error}", start))
            if _not_needed(remedy, best.candidate):
                break
            start = time.perf_counter()
    except (NotApplicable, EdgeEmotionError) as error:
        steps.append(_untold(remedy, "", f"not tried: {error}", start))
    return best, _only_last_kept(steps)


def _not_needed(remedy: Remedy, candidate: Candidate) -> str:
    if not candidate.verdict.passed:
        return ""
    if candidate.verdict.headline.drop <= 0:
        return "nothing is lost"
    return "the limits are kept without it" if remedy.last else ""


def _found(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {"measure": None, "drop": None, "interval": None, "passed": None}
    found = verdict.headline
    return {
        "measure": found.measure,
        "drop": found.drop,
        "interval": found.interval,
        "passed": verdict.passed,
    }


def _measured(trial: Trial, way: Way, limits: Limits) -> Candidate:
    return measure_flatbuffer(trial, INT8, way.flatbuffer(), len(way.samples), limits)


def _again(trial: Trial, candidate: Candidate, limits: Limits) -> Candidate:
    """The same file, measured on other rows."""
    return measure_flatbuffer(trial, INT8, candidate.flatbuffer, candidate.representative, limits)


def _is_better(trial: Trial, candidate: Candidate, best: Candidate) -> bool:
    """Whether it comes nearer to the limits, or loses less or, where that is the same, is clearly
    nearer to float.
    """
    cost, least = (_cost(one.verdict) for one in (candidate, best))
    off, nearest = (_off_float(trial, one) for one in (candidate, best))
    return cost < least or (cost == least and off < _CLEARLY * nearest)


def _cost(verdict: Verdict) -> tuple[float, float]:
    """By how much the limits are broken, in shares of them, and what the headline loses.

    A gain over float is chance and counts as no loss; so does what could not be measured.
    """
    excess = [
        max(0.0, one.drop - one.max_drop) / (one.max_drop or 1.0)
        for one in verdict.comparisons
        if one.max_drop is not None
    ]
    return sum(excess), max(0.0, verdict.headline.drop)


def _off_float(trial: Trial, candidate: Candidate) -> float:
    return float(np.sqrt(np.square(candidate.answers - trial.answers).mean()))


def _step(
    trial: Trial, remedy: str, variant: str, candidate: Candidate, outcome: str, start: float
) -> Step:
    found = candidate.verdict.headline
    say(f"  {measure_called(found.measure).words(found.drop)}: {outcome}")
    seconds = time.perf_counter() - start
    off = _off_float(trial, candidate)
    return Step(remedy, variant, candidate.verdict, off, outcome, seconds)


def _untold(remedy: Remedy, variant: str, outcome: str, start: float) -> Step:
    return Step(remedy.name, variant, None, None, outcome, time.perf_counter() - start)


def _only_last_kept(steps: list[Step]) -> list[Step]:
    """Of one remedy's variants the last that was better is kept."""
    kept = [place for place, step in enumerate(steps) if step.outcome == "kept"]
    return [
        replace(step, outcome="better") if place in kept[:-1] else step
        for place, step in enumerate(steps)
    ]
