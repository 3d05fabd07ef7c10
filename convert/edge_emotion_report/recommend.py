"""The recommendation: what to run on each device, with which setting, and why."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_emotion_report import wording
from edge_emotion_report.candidates import Candidate, Setting, candidates, decide
from edge_emotion_report.choosing import Choice, choose
from edge_emotion_report.gathered import Gathered, Measured, Model
from edge_emotion_report.goals import Goal
from edge_emotion_report.reasons import Case, reasons, setting_words
from edge_emotion_report.records import FrameTiming, Source
from edge_emotion_report.tasks import FACTS, TASKS

NO_DEVICE = "any device"
_MOST_PASSES = 4
_NETWORKS_DECIDED = (
    "Delegate and threads were decided on by the networks alone, for whole frames with these "
    "models were not measured."
)
_NOTHING_IN_COMMON = (
    "The models were measured at no setting in common: there is no one command that runs them so."
)


@dataclass(frozen=True)
class Advice:
    """What to run for one task.

    Attributes:
        task: of the model.
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
        setting: of all networks; None where none is measured, or none in common.
        decided: a sentence on what decided on it: whole frames, or the networks alone; empty if
            nothing was measured.
        command: that runs it; empty if for a task nothing is to be recommended.
        cautions: about the measurement.
        sources: of the figures.
    """

    device: str
    advice: tuple[Advice, ...]
    setting: Setting | None
    decided: str
    command: str
    cautions: tuple[str, ...]
    sources: tuple[Source, ...]


def recommend(gathered: Gathered, goal: Goal) -> list[Recommendation]:
    """For each device, or for any where none was measured; nothing where there is no model."""
    if not gathered.models:
        return []
    devices: Sequence[Measured | None] = gathered.devices or [None]
    return [_on(gathered, device, goal) for device in devices]


def _on(gathered: Gathered, device: Measured | None, goal: Goal) -> Recommendation:
    cases, setting = _cases(gathered, device, goal)
    advice = [Advice(one.task, _headline(one), tuple(reasons(one)), one.choice) for one in cases]
    chosen = {one.task: one.choice.chosen for one in cases if one.choice.chosen is not None}
    sources = [*(device.sources if device else ())]
    sources += [source for one in chosen.values() for source in _sources(one)]
    sources += [contest.source for one in cases for contest in one.contests]
    cautions = device.device.warnings if device else ()
    if device is None:
        cautions = ("No device is measured: run edge-emotion benchmark on yours.",)
    return Recommendation(
        device.label if device else NO_DEVICE,
        tuple(advice),
        setting,
        _decided(chosen, setting),
        _command(chosen, setting) if len(chosen) == len(cases) else "",
        cautions,
        tuple(dict.fromkeys(sources)),
    )


def _cases(
    gathered: Gathered, device: Measured | None, goal: Goal
) -> tuple[list[Case], Setting | None]:
    """What is chosen for each task, and the setting for all of them.

    Which model is the fastest may hang on the setting, and the setting on the models: they are
    chosen again until neither changes.
    """
    setting = None
    for _ in range(_MOST_PASSES):
        cases: list[Case] = []
        chosen: dict[str, Candidate] = {}
        for task in TASKS:
            keys = {known: one.model.key for known, one in chosen.items()}
            found = candidates(gathered, task, device, goal, keys, setting)
            choice = choose(found, goal, task)
            partners = tuple(one.model.label for one in chosen.values())
            rows = gathered.rows_of.get(task, "")
            peers = tuple(one for one in found if one.model.peer)
            contests = gathered.contests if task == "detector" else ()
            if choice.candidates:
                cases.append(Case(task, goal, choice, peers, contests, partners, rows, setting))
            if choice.chosen is not None:
                chosen[task] = choice.chosen
        before, setting = setting, decide(device, chosen, goal.latency_ms)
        if setting == before:
            break
    return [replace(one, setting=setting) for one in cases], setting


def _sources(chosen: Candidate) -> list[Source]:
    told = [chosen.score.source] if chosen.score is not None else []
    return told + [one for one in chosen.model.sources if one.kind == "conversion"]


def _headline(case: Case) -> str:
    chosen = case.choice.chosen
    if chosen is None:
        return f"nothing that is measured meets {case.goal.words or 'the goal'}"
    model, at = chosen.model, case.setting or chosen.timing
    told = [model.file or model.label, *(["which is shipped"] if model.shipped else [])]
    return ", ".join([*told, *([setting_words(at)] if at else [])])


def _decided(chosen: Mapping[str, Candidate], setting: Setting | None) -> str:
    """What decided on the setting."""
    if setting is not None:
        return _NETWORKS_DECIDED if setting.frame is None else _frames(setting.frame)
    return _NOTHING_IN_COMMON if any(one.timing for one in chosen.values()) else ""


def _frames(frame: FrameTiming) -> str:
    rate = "" if frame.per_s is None else f", {wording.figure(frame.per_s)} frames a second"
    return (
        "Whole frames decided on delegate and threads: "
        f"{wording.milliseconds(frame.p50_ms, frame.interval_ms)} a frame, "
        f"p90 {wording.milliseconds(frame.p90_ms)}{rate} ({frame.what}; {setting_words(frame)})."
    )


def _command(chosen: Mapping[str, Candidate], setting: Setting | None) -> str:
    files = [(task, one) for task, one in chosen.items() if one.model.file]
    if not files or (setting is None and any(one.timing for _, one in files)):
        return ""
    words = ["edge-emotion", "run", "--camera"]
    for task, one in files:
        option, before = FACTS[task].option
        words += [] if one.model.shipped else [option, f"{before}{path_of(one.model)}"]
    if setting is not None:
        words += [] if setting.delegate == "cpu" else ["--delegate", setting.delegate]
        words += ["--threads", str(setting.threads)]
    return shlex.join(words)


def path_of(model: Model) -> str:
    """Where a model's file lies: beside its conversion.json, if it still does; else its name."""
    for source in model.sources:
        if source.kind == "conversion":
            path = source.file.parent / Path(model.file).name
            if path.is_file():
                return str(path)
    return model.file
