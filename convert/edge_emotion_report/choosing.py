"""The model that meets a goal on a device."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from edge_emotion_report.candidates import Candidate, as_fast
from edge_emotion_report.goals import Goal
from edge_emotion_report.nearness import Nearness, nearness
from edge_emotion_report.scores import better
from edge_emotion_report.tasks import FACTS


@dataclass(frozen=True)
class Choice:
    """What meets a goal.

    Attributes:
        chosen: None if nothing does.
        best: the most accurate of those that keep the limits; None if no accuracy is measured.
        near: of those that keep the limits, the ones that may stand in the best one's place, which
            is the first; how each stands to it, by `Model.key`, is in `nearness`.
        tied: those of them that are as fast as the chosen one within noise.
        kept: those that keep the limits.
        candidates: all.
    """

    chosen: Candidate | None
    best: Candidate | None
    near: tuple[Candidate, ...]
    nearness: Mapping[str, Nearness] = field(hash=False)
    tied: tuple[Candidate, ...]
    kept: tuple[Candidate, ...]
    candidates: tuple[Candidate, ...]

    def kinds(self) -> list[Nearness]:
        """How those near the best stand to it, the best itself left out."""
        return [self.nearness[one.model.key] for one in self.near if one is not self.best]


def choose(found: Sequence[Candidate], goal: Goal, task: str) -> Choice:
    """Which of the candidates meets a goal; peers are not chosen.

    Without an aim it is the fastest of those that are near the most accurate one (see `nearness`);
    of several that are as fast within noise int8, else the most accurate.  Where nothing is timed,
    the smallest.
    """
    own = [one for one in found if not one.model.peer]
    kept = [one for one in own if one.keeps(goal.limits)]
    ranked = _ranked(kept, task)
    best = ranked[0] if ranked else None
    stand = {one.model.key: nearness(one, best) for one in ranked} if best else {}
    near = [one for one in ranked if stand[one.model.key].is_near]
    chosen, tied = _aimed(kept, ranked, goal.aim), []
    if not goal.aim:
        pool = near or kept
        chosen = _least(pool, lambda one: one.p50_ms)
        if chosen is not None:
            tied = [one for one in pool if as_fast(one.timing, chosen.timing)]
            # `near` is in the order of accuracy, which a stable choice keeps.
            chosen = min(tied, key=lambda one: one.model.format != "int8") if near else chosen
        else:
            chosen = _least(pool, lambda one: one.model.size_bytes)
    others = tuple(one for one in tied if one is not chosen)
    return Choice(chosen, best, tuple(near), stand, others, tuple(kept), tuple(own))


def dominates(one: Candidate, other: Candidate) -> bool:
    """Whether a candidate is both faster and more accurate than another of its task."""
    if one.score is None or other.score is None or one.p50_ms is None or other.p50_ms is None:
        return False
    more_accurate = better(one.model.task, one.score.value, other.score.value)
    return one.p50_ms < other.p50_ms and more_accurate


def _ranked(kept: Sequence[Candidate], task: str) -> list[Candidate]:
    """Those with a score, the most accurate first, of equal ones the faster."""
    sign = 1 if FACTS[task].is_error else -1
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


def _or_last(value: float | None) -> float:
    return float("inf") if value is None else value
