"""Whether a model is as accurate as the most accurate one, and how that is known.

Two figures decide, as far as they are measured.  The most accurate model's own 95 % interval says
what other faces would have given.  What a format changed against its float network, face by face,
is far surer: there a loss may be certain that is small beside that interval.
"""

from collections.abc import Iterable
from enum import Enum

from edge_emotion_report.candidates import Candidate
from edge_emotion_report.gathered import Model
from edge_emotion_report.records import Source
from edge_emotion_report.tasks import FACTS


class Nearness(Enum):
    """How a model stands to the most accurate one."""

    NOISE = "as accurate within noise"
    LESS = "surely less accurate, on average by no more than is tolerated"
    TOLERATED = "no farther behind than is tolerated, and the noise is not measured"
    FARTHER = "farther behind than is tolerated, and the noise is not measured"
    WORSE = "worse, beyond noise"

    @property
    def is_near(self) -> bool:
        """Whether a model that stands so may be taken in the best one's place."""
        return self in (Nearness.NOISE, Nearness.LESS, Nearness.TOLERATED)


def nearness(one: Candidate, best: Candidate) -> Nearness:
    """How a candidate stands to the best, both with a score and of one task."""
    assert one.score is not None and best.score is not None
    if one is best:
        return Nearness.NOISE
    facts = FACTS[one.model.task]
    behind, ends = facts.behind(one.score.value, best.score.value), best.score.interval
    if ends is not None and facts.behind(one.score.value, ends[1 if facts.is_error else 0]) > 0:
        return Nearness.WORSE
    change = one.change if _of_one_network(one.model, best.model) else None
    if change is not None and change.drop is not None and change.interval is not None:
        if change.interval[0] <= 0:
            return Nearness.NOISE
        return Nearness.LESS if change.drop <= facts.tolerated else Nearness.WORSE
    if ends is not None:
        return Nearness.NOISE
    return Nearness.TOLERATED if behind <= facts.tolerated else Nearness.FARTHER


def in_words(found: Iterable[Nearness], task: str) -> str:
    """What models of these kinds, beside the best, have in common: "that ..."."""
    facts, kinds = FACTS[task], set(found)
    most = f"{facts.tolerated:g} {facts.lost_unit}"
    told = [
        words
        for kind, words in (
            (Nearness.NOISE, "are as accurate within noise"),
            (Nearness.LESS, f"lose less than the {most} that are tolerated"),
            (Nearness.TOLERATED, f"are no more than {most} behind, noise not measured"),
        )
        if kind in kinds
    ]
    return f"that {' or '.join(told)}"


def _of_one_network(one: Model, other: Model) -> bool:
    """Whether two models are formats that were compared with the same network in float."""
    shared = set(_conversions(one)) & set(_conversions(other))
    return bool(shared) and one.name == other.name


def _conversions(model: Model) -> Iterable[Source]:
    return (one for one in model.sources if one.kind == "conversion")
