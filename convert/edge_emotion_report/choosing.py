"""The model that meets a goal on a device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from edge_emotion_report.gathered import Gathered, Measured, Model
from edge_emotion_report.goals import Goal, Limit
from edge_emotion_report.records import Score, Speed, Timing
from edge_emotion_report.scores import better

_AnySpeed = TypeVar("_AnySpeed", bound=Speed)

_REPEATS_WITHIN = 1.05  # what `benchmark` promises of two runs on a quiet machine


@dataclass(frozen=True)
class Candidate:
    """A model with what is known of it on one device.

    Attributes:
        model: which.
        score: how right it is on the rows that models are compared on; None if not measured.
        timing: at its fastest setting on the device; None if not measured.
    """

    model: Model
    score: Score | None
    timing: Timing | None

    @property
    def p50_ms(self) -> float | None:
        """Its median time."""
        return None if self.timing is None else self.timing.p50_ms

    def figure(self, limit: Limit) -> float | None:
        """What a limit is about."""
        if limit.quantity == "latency":
            return self.p50_ms
        if limit.quantity == "size":
            return self.model.size_bytes
        return None if self.score is None else self.score.value


@dataclass(frozen=True)
class Choice:
    """What meets a goal.

    Attributes:
        chosen: None if nothing does.
        best: the most accurate of those that keep the limits; None if no accuracy is measured.
        alike: those that keep the limits and are as accurate as the best within its noise.
        tied: those of them that are as fast as the chosen one within noise.
        kept: those that keep the limits.
        candidates: all.
    """

    chosen: Candidate | None
    best: Candidate | None
    alike: tuple[Candidate, ...]
    tied: tuple[Candidate, ...]
    kept: tuple[Candidate, ...]
    candidates: tuple[Candidate, ...]


def candidates(gathered: Gathered, task: str, device: Measured | None) -> list[Candidate]:
    """The models of a task, peers among them, but none that was rejected."""
    return [
        Candidate(model, gathered.score(model), fastest(device, model))
        for model in gathered.of(task)
        if not model.rejected
    ]


def fastest(device: Measured | None, model: Model) -> Timing | None:
    """A model's timing at the best of its settings; None if it was not measured."""
    timings = device.timings if device is not None else ()
    return best_setting([one for one in timings if one.model == model.key])


def best_setting(timings: Sequence[_AnySpeed]) -> _AnySpeed | None:
    """The one with the least median or, of those as fast within noise, with the fewest threads.

    None where no median was measured.
    """
    known = [one for one in timings if one.p50_ms is not None]
    least = min(known, key=lambda one: one.p50_ms or 0.0, default=None)
    if least is None:
        return None
    alike = [one for one in known if one.delegate == least.delegate and _repeats(one, least)]
    return min(alike, key=lambda one: one.threads)


def choose(found: Sequence[Candidate], goal: Goal, task: str) -> Choice:
    """Which of the candidates meets a goal; peers are not chosen.

    Without an aim it is the fastest of those whose figure lies within the 95 % interval of the most
    accurate one's; of several that are as fast within noise int8, else the most accurate.  Where
    nothing is timed, the smallest.
    """
    own = [one for one in found if not one.model.peer]
    limits = [limit for limit in goal.limits if _concerns(limit, task)]
    kept = [one for one in own if all(limit.kept_by(one.figure(limit)) for limit in limits)]
    ranked = _ranked(kept, task)
    best = ranked[0] if ranked else None
    alike = [one for one in ranked if best is not None and within_noise(one, best, task)]
    chosen, tied = _aimed(kept, ranked, goal.aim), []
    if not goal.aim:
        pool = alike or kept
        chosen = _least(pool, lambda one: one.p50_ms)
        if chosen is not None:
            tied = [one for one in pool if _as_fast(one, chosen)]
            # `alike` is in the order of accuracy, which a stable choice keeps.
            chosen = min(tied, key=lambda one: one.model.format != "int8") if alike else chosen
        else:
            chosen = _least(pool, lambda one: one.model.size_bytes)
    others = tuple(one for one in tied if one is not chosen)
    return Choice(chosen, best, tuple(alike), others, tuple(kept), tuple(own))


def within_noise(one: Candidate, best: Candidate, task: str) -> bool:
    """Whether a figure lies within the 95 % interval of the best one's."""
    if one is best:
        return True
    if one.score is None or best.score is None or best.score.interval is None:
        return False
    low, high = best.score.interval
    return one.score.value <= high if task == "keypoints" else one.score.value >= low


def dominates(one: Candidate, other: Candidate, task: str) -> bool:
    """Whether a candidate is both faster and more accurate than another."""
    if one.score is None or other.score is None or one.p50_ms is None or other.p50_ms is None:
        return False
    return one.p50_ms < other.p50_ms and better(task, one.score.value, other.score.value)


def _concerns(limit: Limit, task: str) -> bool:
    return {"accuracy": "emotion", "rmse": "keypoints"}.get(limit.quantity, task) == task


def _ranked(kept: Sequence[Candidate], task: str) -> list[Candidate]:
    """Those with a score, the most accurate first, of equal ones the faster."""
    sign = 1 if task == "keypoints" else -1
    scored = [(one.score.value, one) for one in kept if one.score is not None]
    scored.sort(key=lambda pair: (sign * pair[0], _or_last(pair[1].p50_ms)))
    return [one for _, one in scored]


def _aimed(kept: Sequence[Candidate], ranked: Sequence[Candidate], aim: str) -> Candidate | None:
    if aim == "accuracy":
        return ranked[0] if ranked else None
    if aim == "size":
        return _least(kept, lambda one: one.model.size_bytes)
    return _least(kept, lambda one: one.p50_ms)


def _least(
    pool: Sequence[Candidate], figure: Callable[[Candidate], float | None]
) -> Candidate | None:
    """The one with the least figure, among those that have one."""
    known = [one for one in pool if figure(one) is not None]
    return min(known, key=lambda one: _or_last(figure(one)), default=None)


def _as_fast(one: Candidate, least: Candidate) -> bool:
    if one.timing is None or least.timing is None:
        return False
    return _repeats(one.timing, least.timing)


def _repeats(one: Speed, least: Speed) -> bool:
    """Whether measuring again might turn the order of two medians round."""
    if one.p50_ms is None or least.p50_ms is None:
        return False
    if one.p50_ms <= _REPEATS_WITHIN * least.p50_ms:
        return True
    if not one.interval_ms or not least.interval_ms:
        return False
    return one.interval_ms[0] <= least.interval_ms[1]


def _or_last(value: float | None) -> float:
    return float("inf") if value is None else value
