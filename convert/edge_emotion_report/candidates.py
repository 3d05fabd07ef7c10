"""What is known of a model on one device, and the setting that it runs at."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from edge_emotion_report.gathered import Gathered, Measured, Model
from edge_emotion_report.goals import Goal, Limit
from edge_emotion_report.records import Change, FrameTiming, Interval, Score, Speed, Timing
from edge_emotion_report.scores import main_change
from edge_emotion_report.tasks import TASKS

_AnySpeed = TypeVar("_AnySpeed", bound=Speed)

_REPEATS_WITHIN = 1.05  # what `benchmark` promises of two runs on a quiet machine


@dataclass(frozen=True)
class Setting:
    """The delegate and the number of threads that all networks run with: `run` has one of each.

    Attributes:
        delegate, threads: the setting.
        frame: the whole frames that it was decided on; None if it was on the networks alone.
    """

    delegate: str
    threads: int
    frame: FrameTiming | None


@dataclass(frozen=True)
class Candidate:
    """A model with what is known of it on one device.

    Attributes:
        model: which.
        score: how right it is on the rows that models are compared on; None if not measured.
        timing: alone, at the setting that models are compared at, or where it was not measured
            there, at its fastest; None if not measured.
        limited: what a limit on latency is about: whole frames with it where the device measured
            any for its task, else its timing; None if not measured.
    """

    model: Model
    score: Score | None
    timing: Timing | None
    limited: Speed | None

    @property
    def p50_ms(self) -> float | None:
        """Its median time alone."""
        return None if self.timing is None else self.timing.p50_ms

    @property
    def change(self) -> Change | None:
        """What its format lost against its own float network; None if not measured."""
        return main_change(self.model.task, self.model.changes)

    def figure(self, limit: Limit) -> float | None:
        """What a limit is about."""
        if limit.quantity == "latency":
            return None if self.limited is None else self.limited.p50_ms
        if limit.quantity == "size":
            return self.model.size_bytes
        return None if self.score is None else self.score.value

    def keeps(self, limits: Sequence[Limit]) -> bool:
        """Whether its figures keep all of these that are about its task."""
        concerned = [limit for limit in limits if limit.concerns(self.model.task)]
        return all(limit.kept_by(self.figure(limit)) for limit in concerned)

    def interval(self, limit: Limit) -> Interval:
        """The 95 % interval of that figure; None where it has none."""
        if limit.quantity == "latency":
            return None if self.limited is None else self.limited.interval_ms
        return None if limit.quantity == "size" or self.score is None else self.score.interval


def candidates(
    gathered: Gathered,
    task: str,
    device: Measured | None,
    goal: Goal | None = None,
    partners: Mapping[str, str] | None = None,
    setting: Setting | None = None,
) -> list[Candidate]:
    """The models of a task, peers among them, but none that was rejected.

    Args:
        gathered: the measurements.
        task: of the models.
        device: that they are to run on; None if there is none.
        goal: whose limits count: of settings, one that keeps that on latency goes before a faster
            one with more threads; of whole frames, only those whose other networks may be chosen.
        partners: `Model.key` of what is chosen for other tasks: whole frames are those with them.
        setting: that models are compared at; None for the fastest of each.
    """
    goal = goal or Goal()
    frames = [one for one in as_run(device) if task in one.networks]
    allowed = _allowed(gathered, goal)
    teams = [
        one
        for one in frames
        if _goes_with(one, partners or {}) and allowed.issuperset(one.networks.values())
    ]
    found = []
    for model in gathered.of(task):
        if not model.rejected:
            timing = _at(device, model, setting) or fastest(device, model, goal.latency_ms)
            whole = [one for one in teams if one.networks[task] == model.key]
            limited = best_setting(whole, goal.latency_ms) if frames else timing
            found.append(Candidate(model, gathered.score(model), timing, limited))
    return found


def _allowed(gathered: Gathered, goal: Goal) -> set[str]:
    """`Model.key` of what is not rejected and keeps every limit but that on latency.

    Of a task in which nothing does, it is every model: no other task shall go without for it.
    """
    limits = [limit for limit in goal.limits if limit.quantity != "latency"]
    allowed: set[str] = set()
    for task in TASKS:
        known = [Candidate(one, gathered.score(one), None, None) for one in gathered.of(task)]
        fit = [one for one in known if not one.model.rejected and one.keeps(limits)]
        allowed |= {one.model.key for one in fit or known}
    return allowed


def as_run(device: Measured | None) -> list[FrameTiming]:
    """Whole frames as `run` takes them where it is not told how often to detect.

    Of the same networks the benchmark measures that first, and may then detect on every frame.
    """
    first: dict[tuple[str, ...], int | None] = {}
    return [
        one
        for one in (device.frames if device is not None else ())
        if first.setdefault(tuple(one.networks.values()), one.every) == one.every
    ]


def _goes_with(frame: FrameTiming, partners: Mapping[str, str]) -> bool:
    return all(frame.networks.get(task, key) == key for task, key in partners.items())


def fastest(device: Measured | None, model: Model, latency_ms: float = math.inf) -> Timing | None:
    """A model's timing at the best of its settings; None if it was not measured."""
    timings = device.timings if device is not None else ()
    return best_setting([one for one in timings if one.model == model.key], latency_ms)


def best_setting(timings: Sequence[_AnySpeed], latency_ms: float = math.inf) -> _AnySpeed | None:
    """The one with the least median or, of those as fast within noise, with the fewest threads.

    Those that keep a limit on latency go first.  None where no median was measured.
    """
    known = [one for one in timings if one.p50_ms is not None]
    least = min(known, key=lambda one: one.p50_ms or 0.0, default=None)
    if least is None:
        return None
    alike = [one for one in known if one.delegate == least.delegate and as_fast(one, least)]
    return min(alike, key=lambda one: ((one.p50_ms or 0.0) >= latency_ms, one.threads))


def as_fast(one: Speed | None, least: Speed | None) -> bool:
    """Whether measuring again might turn the order of two medians round."""
    if one is None or least is None or one.p50_ms is None or least.p50_ms is None:
        return False
    if one.p50_ms <= _REPEATS_WITHIN * least.p50_ms:
        return True
    if not one.interval_ms or not least.interval_ms:
        return False
    return one.interval_ms[0] <= least.interval_ms[1]


def decide(
    device: Measured | None, chosen: Mapping[str, Candidate], latency_ms: float = math.inf
) -> Setting | None:
    """The setting of the models chosen for some tasks.

    It is the best on whole frames where the device measured them with these models, or with as many
    of them as it did and OpenCV's detector; else the one at which the networks, one after the
    other, take least.  None if they were measured at no setting in common.

    Args:
        device: that they run on; None if there is none.
        chosen: for each task.
        latency_ms: a limit on the median of a frame, or of each network where frames are not known.
    """
    if device is None:
        return None
    keys = {task: one.model.key for task, one in chosen.items()}
    known = [one for one in as_run(device) if one.networks.items() <= keys.items()]
    most = max((len(one.networks) for one in known), default=0)
    frame = best_setting([one for one in known if len(one.networks) == most], latency_ms)
    if frame is not None:
        return Setting(frame.delegate, frame.threads, frame)
    timed = [one.model for one in chosen.values() if one.timing is not None]
    settings = dict.fromkeys(Setting(one.delegate, one.threads, None) for one in device.timings)
    sums = []
    for setting in settings:
        at = [timing for model in timed if (timing := _at(device, model, setting))]
        if timed and len(at) == len(timed):
            sums.append(_together(at))
    kept = [one for one, slowest_ms in sums if slowest_ms < latency_ms]
    best = best_setting(kept or [one for one, _ in sums])
    return None if best is None else Setting(best.delegate, best.threads, None)


def _at(device: Measured | None, model: Model, setting: Setting | None) -> Timing | None:
    """A model's timing at one setting; None if it was not measured or failed there."""
    if device is None or setting is None:
        return None
    for one in device.timings:
        if (one.model, one.delegate, one.threads) == (model.key, setting.delegate, setting.threads):
            return None if one.p50_ms is None else one
    return None


def _together(timings: Sequence[Timing]) -> tuple[Speed, float]:
    """Networks at one setting, one after the other, and the median of the slowest of them."""
    medians = [one.p50_ms or 0.0 for one in timings]
    ends = [one.interval_ms for one in timings if one.interval_ms is not None]
    interval = None
    if len(ends) == len(timings):
        interval = (sum(low for low, _ in ends), sum(high for _, high in ends))
    return replace(timings[0], p50_ms=sum(medians), interval_ms=interval), max(medians)
