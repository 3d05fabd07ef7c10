"""The recommendation, in words: what to run on each device, and why."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge_emotion_report import wording
from edge_emotion_report.choosing import (
    Candidate,
    Choice,
    best_setting,
    candidates,
    choose,
    dominates,
)
from edge_emotion_report.gathered import TASKS, Gathered, Measured
from edge_emotion_report.goals import Goal
from edge_emotion_report.records import FrameTiming, Source, Timing
from edge_emotion_report.scores import gain
from edge_emotion_report.wording import MISSING

NO_DEVICE = "any device"
_WORTH_TELLING = 0.9  # of the other's time or size
_EQUALS = "; of equals int8 is taken, as it is what accelerators run"


@dataclass(frozen=True)
class Advice:
    """What to run for one task.

    Attributes:
        task: emotion or keypoints.
        headline: the model and its setting; or that there is none.
        reasons: sentences.
        choice: what they tell of.
    """

    task: str
    headline: str
    reasons: tuple[str, ...]
    choice: Choice


@dataclass(frozen=True)
class Recommendation:
    """What to run on one device.

    Attributes:
        device: its label; `NO_DEVICE` where none was measured.
        advice: for each task that there are models of.
        both: a sentence about both networks on whole frames; empty if that was not measured.
        command: that runs it; empty if nothing is to be recommended.
        cautions: about the measurement.
        sources: of the figures.
    """

    device: str
    advice: tuple[Advice, ...]
    both: str
    command: str
    cautions: tuple[str, ...]
    sources: tuple[Source, ...]


def recommend(gathered: Gathered, goal: Goal) -> list[Recommendation]:
    """For each device, or for any where none was measured."""
    devices: Sequence[Measured | None] = gathered.devices or [None]
    return [_on(gathered, device, goal) for device in devices]


def _on(gathered: Gathered, device: Measured | None, goal: Goal) -> Recommendation:
    advice, sources = [], list(device.sources if device else ())
    for task in TASKS:
        found = candidates(gathered, task, device)
        choice = choose(found, goal, task)
        if not choice.candidates:
            continue
        peers = [one for one in found if one.model.peer]
        headline, reasons = _headline(choice, goal), _reasons(gathered, choice, peers, goal, task)
        advice.append(Advice(task, headline, tuple(reasons), choice))
        chosen = choice.chosen
        sources += _sources(chosen) if chosen is not None else ()
    chosen_models = {one.task: one.choice.chosen for one in advice if one.choice.chosen}
    frame = _frame(device, chosen_models)
    cautions = device.device.warnings if device else ()
    if device is None:
        cautions = ("No device is measured: run edge-emotion benchmark on yours.",)
    return Recommendation(
        device.label if device else NO_DEVICE,
        tuple(advice),
        "" if frame is None else _both(frame),
        _command(chosen_models, frame),
        cautions,
        tuple(dict.fromkeys(sources)),
    )


def _sources(chosen: Candidate) -> list[Source]:
    told = [chosen.score.source] if chosen.score is not None else []
    return told + [one for one in chosen.model.sources if one.kind == "conversion"]


def _headline(choice: Choice, goal: Goal) -> str:
    chosen = choice.chosen
    if chosen is None:
        return f"nothing that is measured meets {goal.words or 'the goal'}"
    model = chosen.model
    told = [model.file or model.label, *(["which is shipped"] if model.shipped else [])]
    return ", ".join([*told, *([setting(chosen.timing)] if chosen.timing else [])])


def setting(timing: Timing | FrameTiming) -> str:
    """`cpu, 2 threads`."""
    return f"{timing.delegate}, {wording.count(timing.threads, 'thread')}"


def _reasons(
    gathered: Gathered, choice: Choice, peers: Sequence[Candidate], goal: Goal, task: str
) -> Iterator[str]:
    chosen = choice.chosen
    if chosen is None:
        yield _nearest(choice, goal)
        return
    yield _facts(gathered, chosen, task)
    yield _because(choice, chosen, goal, task)
    if choice.tied:
        names = wording.listed([one.model.label for one in choice.tied])
        why = _EQUALS if chosen.model.format == "int8" else ""
        yield f"As accurate and as fast within noise: {names}{why}."
    change = next(iter(chosen.model.changes), None)
    if change is not None and change.drop is not None:
        yield _cost(change.drop, change.interval, change.unit)
    missing = [one.model.label for one in choice.candidates if one.score is None]
    if missing:
        rows = gathered.rows_of.get(task)
        yield f"Not measured{f' on {rows}' if rows else ''}: {wording.listed(missing)}."
    yield from _beside(peers, chosen, task)


def _facts(gathered: Gathered, chosen: Candidate, task: str) -> str:
    found, timing, model = chosen.score, chosen.timing, chosen.model
    figure = _figure(chosen, task)
    what = "Accuracy" if task == "emotion" else "RMSE"
    rows = "" if found is None else f" on {found.rows:,} faces of {found.rows_of}"
    took = wording.milliseconds(chosen.p50_ms, timing.interval_ms if timing else None)
    late = f", p90 {wording.milliseconds(timing.p90_ms)}" if timing and timing.p90_ms else ""
    size = wording.kilobytes(model.size_bytes)
    return f"{what} {figure}{rows}; {took} a face{late}; {size}."


def _because(choice: Choice, chosen: Candidate, goal: Goal, task: str) -> str:
    timed = sum(one.timing is not None for one in choice.kept)
    among = wording.count(len(choice.kept), "model")
    if goal.aim == "latency" and timed < len(choice.kept):
        among = wording.count(timed, "timed model")
    if goal.limits:
        among += " that keeps " if among.startswith("1 ") else " that keep "
        among += ",".join(limit.words for limit in goal.limits)
    if goal.aim or choice.best is None:
        what = {"accuracy": "most accurate", "size": "smallest"}.get(goal.aim, "fastest")
        if chosen.timing is None and not goal.aim:
            what = "smallest"
        unknown = "" if choice.best else ", whose accuracies are not measured"
        return f"It is the {what} of {among}{unknown}."
    if len(choice.alike) == 1:
        return f"It is the most accurate of {among}, and no other lies within its noise."
    alike = _among_alike(choice, chosen)
    if chosen is choice.best:
        return f"It is the most accurate of {among}, and {alike} that are as good within noise."
    return _against(choice.best, chosen, among, alike, task)


def _among_alike(choice: Choice, chosen: Candidate) -> str:
    """What it is of those that are as accurate: of the timed ones the fastest, ..."""
    found = f"the {len(choice.alike)}"
    if chosen.timing is None:
        return f"the smallest of {found}"
    timed = sum(one.timing is not None for one in choice.alike)
    if timed == 1:
        return f"the only one timed of {found}"
    if timed < len(choice.alike):
        found = f"the {timed} timed ones of {found}"
    return f"{'one of ' if choice.tied else ''}the fastest of {found}"


def _against(best: Candidate, chosen: Candidate, among: str, alike: str, task: str) -> str:
    """Why it is not the most accurate one."""
    assert best.score is not None and chosen.score is not None
    loss = gain(task, best.score.value, chosen.score.value)
    lost = f"{loss:.3f} px" if task == "keypoints" else f"{100 * loss:.1f} points"
    sentence = (
        f"Of {among} the most accurate is {best.model.label}, {_figure(best, task)}. This is "
        f"{alike} whose figure lies within that interval: it is {lost} behind"
    )
    shares = [
        (chosen.p50_ms, best.p50_ms, "of the time"),
        (chosen.model.size_bytes, best.model.size_bytes, "of the size"),
    ]
    told = [
        f"{wording.figure(own / other, 2)} {what}"
        for own, other, what in shares
        if own and other and own < _WORTH_TELLING * other
    ]
    return sentence + (f", at {' and '.join(told)}" if told else "") + "."


def _figure(one: Candidate, task: str) -> str:
    found = one.score
    ends = (None, None) if found is None or found.interval is None else found.interval
    return wording.score(task, None if found is None else found.value, *ends)


def _cost(drop: float, interval: tuple[float, float] | None, unit: str) -> str:
    """What the format costs the network, by the paired comparison on the same rows."""
    verb = "loses" if drop > 0 else "gains"
    digits = 2 if unit == "points" else 3
    told = (
        f"Against its own float network, on the same faces, it {verb} {abs(drop):.{digits}f} {unit}"
    )
    if interval is None:
        return f"{told} (interval not measured)."
    low, high = sorted(interval) if drop > 0 else sorted((-interval[0], -interval[1]))
    chance = ": it may be chance" if low <= 0 <= high else ""
    return f"{told} ({low:+.{digits}f} to {high:+.{digits}f}){chance}."


def _beside(peers: Sequence[Candidate], chosen: Candidate, task: str) -> Iterator[str]:
    for peer in peers:
        told = [
            f"{name} {MISSING}" if found == MISSING else found
            for name, found in (
                ("accuracy" if task == "emotion" else "RMSE", _figure(peer, task)),
                ("latency", wording.milliseconds(peer.p50_ms)),
                ("size", wording.kilobytes(peer.model.size_bytes)),
            )
        ]
        both = ", better in both" if dominates(peer, chosen, task) else ""
        yield f"The peer {peer.model.label}: {', '.join(told)}{both}."


def _nearest(choice: Choice, goal: Goal) -> str:
    """What comes nearest to the first limit that nothing keeps."""
    for limit in goal.limits:
        known = [(one.figure(limit), one) for one in choice.candidates]
        figures = [(value, one) for value, one in known if value is not None]
        if figures and not any(limit.kept_by(value) for value, _ in figures):
            pick = max if limit.quantity == "accuracy" else min
            value, one = pick(figures, key=lambda pair: pair[0])
            told = _told(limit.quantity, value)
            return f"Nearest to {limit.words} is {one.model.label} with {told}."
    models = wording.count(len(choice.candidates), "model")
    return f"Of {models} none has all the figures that this asks for and keeps every limit."


def _told(quantity: str, value: float) -> str:
    if quantity == "latency":
        return wording.milliseconds(value)
    if quantity == "size":
        return wording.kilobytes(value)
    return wording.score("emotion" if quantity == "accuracy" else "keypoints", value, None, None)


def _frame(device: Measured | None, chosen: Mapping[str, Candidate]) -> FrameTiming | None:
    """The chosen pair on whole frames, at the best of its settings; None if not measured."""
    keys = {task: one.model.key for task, one in chosen.items()}
    found = [
        one
        for one in (device.frames if device else ())
        if one.emotion == keys.get("emotion") and one.keypoints == keys.get("keypoints")
    ]
    return best_setting(found)


def _both(frame: FrameTiming) -> str:
    rate = "" if frame.per_s is None else f", {wording.figure(frame.per_s)} frames a second"
    return (
        f"Both networks with the detector: {wording.milliseconds(frame.p50_ms, frame.interval_ms)} "
        f"a frame, p90 {wording.milliseconds(frame.p90_ms)}{rate} "
        f"({frame.what}; {setting(frame)})."
    )


def _command(chosen: Mapping[str, Candidate], frame: FrameTiming | None) -> str:
    files = [(task, one) for task, one in chosen.items() if one.model.file]
    if not files:
        return ""
    words = ["edge-emotion", "run", "--camera"]
    for task, one in files:
        words += [] if one.model.shipped else [f"--{task}", one.model.file]
    timing = frame or next((one.timing for _, one in reversed(files) if one.timing), None)
    if timing is not None and timing.delegate != "cpu":
        words += ["--delegate", timing.delegate]
    if timing is not None and timing.threads != 1:
        words += ["--threads", str(timing.threads)]
    return shlex.join(words)
