"""Why a model is recommended, in sentences."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge_emotion_report import nearness, wording
from edge_emotion_report.candidates import Candidate, Setting
from edge_emotion_report.choosing import Choice, dominates
from edge_emotion_report.goals import Goal, Limit
from edge_emotion_report.nearness import Nearness
from edge_emotion_report.records import Change, Contest, FrameTiming, Speed
from edge_emotion_report.tasks import FACTS
from edge_emotion_report.wording import MISSING

_WORTH_TELLING = 0.9  # of the other's time or size
_INT8 = "int8 is taken, as it is what accelerators run"


@dataclass(frozen=True)
class Case:
    """What the sentences are about.

    Attributes:
        task: of the models.
        goal: what was asked for.
        choice: what meets it.
        peers: other people's models of the task.
        contests: other people's detectors, where the task is finding faces.
        partners: labels of the models chosen for other tasks before.
        rows: what models are compared on, in words; may be empty.
        setting: that was decided on; None if none was.
    """

    task: str
    goal: Goal
    choice: Choice
    peers: tuple[Candidate, ...]
    contests: tuple[Contest, ...]
    partners: tuple[str, ...]
    rows: str
    setting: Setting | None


def reasons(case: Case) -> Iterator[str]:
    """The figures first, then why they are the best there are."""
    choice = case.choice
    chosen = choice.chosen
    if chosen is None:
        yield _nearest(choice, case.goal)
        return
    yield _figures(case, chosen)
    yield _because(case, chosen)
    yield from _limits(case, chosen)
    if choice.tied:
        yield _tied(choice, chosen)
    if case.goal.aim == "accuracy":
        yield from _for_less(choice, chosen)
    if chosen.change is not None:
        yield _cost(case.task, chosen.change, choice.nearness.get(chosen.model.key))
    missing = [one.model.label for one in choice.candidates if one.score is None]
    if missing:
        on = f" on {case.rows}" if case.rows else ""
        yield f"Not measured{on}: {wording.listed(missing)}."
    yield from _beside(case.task, case.peers, chosen)
    yield from map(_side_by_side, case.contests)


def figure(one: Candidate) -> str:
    """A candidate's main figure with its interval."""
    found = one.score
    ends = (None, None) if found is None or found.interval is None else found.interval
    return wording.score(one.model.task, None if found is None else found.value, *ends)


def setting_words(found: Speed | Setting) -> str:
    """`cpu, 2 threads`."""
    return f"{found.delegate}, {wording.count(found.threads, 'thread')}"


def _figures(case: Case, chosen: Candidate) -> str:
    facts, score, timing = FACTS[case.task], chosen.score, chosen.timing
    told = f"{wording.capital(facts.figure)} {figure(chosen)}"
    if score is not None:
        if facts.beside is not None and score.beside is not None:
            told += f", {facts.beside[2]} {score.beside:.1%},"
        told += f" on {wording.rows(case.task, score.rows, score.rows_of)}"
    took = wording.milliseconds(
        timing.p50_ms if timing else None, timing.interval_ms if timing else None
    )
    if timing and case.setting and setting_words(timing) != setting_words(case.setting):
        took += f" ({setting_words(timing)})"
    late = f", p90 {wording.milliseconds(timing.p90_ms)}" if timing and timing.p90_ms else ""
    return f"{told}; {took} {facts.once}{late}; {wording.kilobytes(chosen.model.size_bytes)}."


def _because(case: Case, chosen: Candidate) -> str:
    choice, goal = case.choice, case.goal
    timed = sum(one.timing is not None for one in choice.kept)
    only_timed = goal.aim == "latency" and timed < len(choice.kept)
    number = timed if only_timed else len(choice.kept)
    among = wording.count(number, "timed model" if only_timed else "model")
    kept = _kept(case, chosen)
    if len(choice.kept) == 1 and len(choice.candidates) > 1:
        return f"It is the only model that is known to keep {kept}."
    if kept:
        among += f" that {'keeps' if number == 1 else 'keep'} {kept}"
    if goal.aim or choice.best is None:
        what = {"accuracy": "most accurate", "size": "smallest"}.get(goal.aim, "fastest")
        if chosen.timing is None and not goal.aim:
            what = "smallest"
        unknown = "" if choice.best else ", whose accuracies are not measured"
        return f"It is the {what} of {among}{unknown}."
    if len(choice.candidates) == 1:
        return "It is the only model."
    if len(choice.near) == 1:
        return f"It is the most accurate of {among}, and {_alone(choice, case.task)}."
    alike = f"{_among_near(choice, chosen)} {nearness.in_words(choice.kinds(), case.task)}"
    if chosen is choice.best:
        return f"It is the most accurate of {among}, and {alike}."
    return _against(choice.best, chosen, among, alike)


def _kept(case: Case, chosen: Candidate) -> str:
    """The limits on the task's models, and with which others whole frames were measured."""
    limits = [limit for limit in case.goal.limits if limit.concerns(case.task)]
    words = ",".join(limit.words for limit in limits)
    in_frames = isinstance(chosen.limited, FrameTiming) and case.partners
    if in_frames and case.goal.latency_ms < math.inf:
        words += f" on whole frames with {wording.listed(list(case.partners))}"
    return words


def _alone(choice: Choice, task: str) -> str:
    """Why none of the others is near the best."""
    if Nearness.FARTHER not in choice.nearness.values():
        return "no other lies within its noise"
    most = f"{FACTS[task].tolerated:g} {FACTS[task].lost_unit}"
    return f"no other is within the {most} that are tolerated (its noise is not measured)"


def _among_near(choice: Choice, chosen: Candidate) -> str:
    """What it is of those near the best: of the timed ones the fastest, ..."""
    found = f"the {len(choice.near)}"
    if chosen.timing is None:
        return f"the smallest of {found}"
    timed = sum(one.timing is not None for one in choice.near)
    if timed == 1:
        return f"the only one timed of {found}"
    if timed < len(choice.near):
        found = f"the {timed} timed ones of {found}"
    return f"{'one of ' if choice.tied else ''}the fastest of {found}"


def _against(best: Candidate, chosen: Candidate, among: str, alike: str) -> str:
    """Why it is not the most accurate one."""
    assert best.score is not None and chosen.score is not None
    task = chosen.model.task
    behind = FACTS[task].behind(chosen.score.value, best.score.value)
    sentence = (
        f"Of {among} the most accurate is {best.model.label}, {figure(best)}. This is {alike}: "
        f"it is {wording.loss(task, behind)} behind"
    )
    shares = [
        (chosen.p50_ms, best.p50_ms, "of the time"),
        (chosen.model.size_bytes, best.model.size_bytes, "of the size"),
    ]
    told = [
        f"{wording.figure(own / other, 2)} {what}"
        for own, other, what in shares
        if own and other and _is_less(own, other)
    ]
    return sentence + (f", at {' and '.join(told)}" if told else "") + "."


def _limits(case: Case, chosen: Candidate) -> Iterator[str]:
    """How each limit is kept: by what, and whether its interval keeps it too."""
    for limit in case.goal.limits:
        if not limit.concerns(case.task) or limit.quantity == "size":
            continue
        value, interval, by = chosen.figure(limit), chosen.interval(limit), ""
        if limit.quantity == "latency":
            frame = case.setting.frame if case.setting else None
            speed = chosen.timing if frame is None or case.task not in frame.networks else frame
            if speed is None:
                continue
            value, interval, by = speed.p50_ms, speed.interval_ms, _held_against(speed)
        if not limit.kept_by(value):
            yield f"{limit.words} is missed{by}, at the setting that all networks share."
        elif limit.reached_beyond(interval):
            beyond = "below" if limit.is_least else "above"
            yield f"{limit.words} is kept on average{by}; the interval reaches {beyond} it."
        elif by:
            yield f"{limit.words} is kept{by}."


def _held_against(speed: Speed) -> str:
    took = wording.milliseconds(speed.p50_ms, speed.interval_ms)
    what = "whole frames" if isinstance(speed, FrameTiming) else "the network alone"
    return f" by {what}: {took}"


def _tied(choice: Choice, chosen: Candidate) -> str:
    names = wording.listed([one.model.label for one in choice.tied])
    stand = {choice.nearness.get(one.model.key) for one in (chosen, *choice.tied)}
    equal = stand == {Nearness.NOISE}
    told = f"{'As accurate and as fast' if equal else 'As fast'} within noise: {names}"
    if chosen.model.format == "int8":
        told += f"; of {'equals' if equal else 'these'} {_INT8}"
    return f"{told}."


def _for_less(choice: Choice, chosen: Candidate) -> Iterator[str]:
    """Which others are near the most accurate one, and cost less."""
    by_kind: dict[Nearness, list[str]] = {}
    for one in choice.near:
        if _costs_less(one, chosen):
            costs = f"{wording.milliseconds(one.p50_ms)}, {wording.kilobytes(one.model.size_bytes)}"
            by_kind.setdefault(choice.nearness[one.model.key], []).append(
                f"{one.model.label} ({figure(one)}; {costs})"
            )
    for kind, names in by_kind.items():
        common = nearness.in_words([kind], chosen.model.task).removeprefix("that ")
        yield f"For less there are those that {common}: {wording.listed(names)}."


def _costs_less(one: Candidate, chosen: Candidate) -> bool:
    """Whether it is faster, or smaller and no slower."""
    times, sizes = (one.p50_ms, chosen.p50_ms), (one.model.size_bytes, chosen.model.size_bytes)
    return _is_less(*times) or (_is_less(*sizes) and (times[0] or 0.0) <= (times[1] or math.inf))


def _is_less(own: float | None, other: float | None) -> bool:
    """Whether a figure is so much less than another's that it is worth telling."""
    return bool(own and other and own < _WORTH_TELLING * other)


def _cost(task: str, change: Change, kind: Nearness | None) -> str:
    """What the format costs the network, by the paired comparison on the same rows."""
    facts = FACTS[task]
    told = f"Against its own float network, on the same {facts.rows}, it"
    if wording.change(change.drop, change.interval, change.unit) == "unchanged":
        return f"{told} changes nothing."
    drop = round(change.drop or 0.0, facts.lost_digits)
    told += f" {'gains' if drop < 0 else 'loses'} {wording.loss(task, drop)}"
    if change.interval is None:
        return f"{told} (interval not measured)."
    low, high = sorted(-end if drop < 0 else end for end in change.interval)
    ends = f"{low:+.{facts.lost_digits}f} to {high:+.{facts.lost_digits}f}"
    if low <= 0 <= high:
        return f"{told} ({ends}): it may be chance."
    less = f", on average less than the {facts.tolerated:g} {facts.lost_unit} that are tolerated"
    return f"{told} ({ends}): more than chance{less if kind is Nearness.LESS else ''}."


def _beside(task: str, peers: Sequence[Candidate], chosen: Candidate) -> Iterator[str]:
    for peer in peers:
        told = [
            f"{name} {MISSING}" if found == MISSING else found
            for name, found in (
                (FACTS[task].figure, figure(peer)),
                ("latency", wording.milliseconds(peer.p50_ms)),
                ("size", wording.kilobytes(peer.model.size_bytes)),
            )
        ]
        both = ", better in both" if dominates(peer, chosen) else ""
        yield f"The peer {peer.model.label}: {', '.join(told)}{both}."


def _side_by_side(contest: Contest) -> str:
    told = []
    for one in contest.contenders:
        recall = None if one.recall is None else one.recall.value
        found = wording.score("detector", recall, None, None)
        told.append(f"{one.name}: recall {found}, time {wording.milliseconds(one.p50_ms)}")
    return (
        f"Detectors side by side on {contest.rows_of}, whole calls on {contest.machine}: "
        f"{'; '.join(told)}."
    )


def _nearest(choice: Choice, goal: Goal) -> str:
    """What comes nearest to the first limit that nothing keeps."""
    for limit in goal.limits:
        known = [(one.figure(limit), one) for one in choice.candidates]
        figures = [(value, one) for value, one in known if value is not None]
        if figures and not any(limit.kept_by(value) for value, _ in figures):
            pick = max if limit.is_least else min
            value, one = pick(figures, key=lambda pair: pair[0])
            told = _told(limit, value, one)
            return f"Nearest to {limit.words} is {one.model.label} with {told}."
    models = wording.count(len(choice.candidates), "model")
    return f"Of {models} none has all the figures that this asks for and keeps every limit."


def _told(limit: Limit, value: float, one: Candidate) -> str:
    if limit.quantity == "latency":
        on = " on whole frames" if isinstance(one.limited, FrameTiming) else " alone"
        return wording.milliseconds(value) + on
    if limit.quantity == "size":
        return wording.kilobytes(value)
    return wording.score(one.model.task, value, None, None)
