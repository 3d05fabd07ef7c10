"""The report's tables, as text; what was not measured is said to be that."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_emotion_report import wording
from edge_emotion_report.candidates import fastest
from edge_emotion_report.gathered import Gathered, Measured, Model
from edge_emotion_report.records import (
    Change,
    Contest,
    Explanation,
    FrameTiming,
    Score,
    Source,
    Timing,
)
from edge_emotion_report.scores import main_change
from edge_emotion_report.tasks import FACTS, TASKS
from edge_emotion_report.wording import MISSING

_EXACT = "exact"


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        title: above it; may be empty.
        header, rows: the cells.
        words: columns besides the first that hold words.
        sources: of its figures.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = ()
    sources: tuple[Source, ...] = ()


def models(gathered: Gathered) -> Iterator[Grid]:
    """For each task: every model with its figure, what its format lost and its best times."""
    for task in TASKS:
        rows_of, facts = gathered.rows_of.get(task, ""), FACTS[task]
        header = (
            task, "file", "kB", "M MAC", f"{facts.figure} (95 %)", *_second(task),
            f"lost to float, {facts.lost_unit} (95 %)",
            *(f"ms on {one.label}" for one in gathered.devices),
        )  # fmt: skip
        found = gathered.of(task)
        rows = [_model_row(gathered, model) for model in found]
        sources = dict.fromkeys(source for model in found for source in model.sources)
        if rows:
            names = wording.listed(list(dict.fromkeys(one.name for one in found if not one.peer)))
            title = f"{wording.capital(task)}, {names}" + (f", on {rows_of}" if rows_of else "")
            yield Grid(title, header, tuple(rows), (1,), tuple(sources))


def _second(task: str) -> list[str]:
    """The heading of the task's second figure, where it has one."""
    told = FACTS[task].beside
    return [] if told is None else [told[2]]


def _model_row(gathered: Gathered, model: Model) -> tuple[str, ...]:
    label = gathered.short(model) + (" (peer)" if model.peer else "")
    size = MISSING if model.size_bytes is None else f"{model.size_bytes / 1000:,.0f}"
    macs = MISSING if model.macs is None else f"{model.macs / 1e6:.1f}"
    lost = "" if model.peer else headline(model)
    score = gathered.score(model)
    second = [MISSING if score is None or score.beside is None else f"{score.beside:.1%}"]
    times = (best_time(device, model) for device in gathered.devices)
    return (
        label + (" (rejected)" if model.rejected else ""), model.file, size, macs,
        in_words(model.task, score), *(second if _second(model.task) else []), lost, *times,
    )  # fmt: skip


def best_time(device: Measured, model: Model) -> str:
    """A model's median on a device at its fastest setting, or why there is none."""
    timing = fastest(device, model)
    if timing is not None:
        return wording.milliseconds(timing.p50_ms).removesuffix(" ms")
    failed = any(one.model == model.key and one.error for one in device.timings)
    return "failed" if failed else MISSING


def headline(model: Model) -> str:
    """What a format lost by its task's main figure."""
    return _lost(main_change(model.task, model.changes))


def in_words(task: str, score: Score | None) -> str:
    """A task's main figure with its interval."""
    if score is None:
        return MISSING
    return wording.score(task, score.value, *(score.interval or (None, None)))


WHY_SETS_DIFFER = (
    "One model has several figures, for they are of different faces. The converter’s gate judges "
    "formats on validation faces, and training may choose its best epoch on them, so they flatter "
    "a little and say best what a format loses. Test faces chose nothing in training; a set "
    "without validation rows of its own has them judge formats too. But some of them may have a "
    "near twin among the training faces, often the same photograph: with those a figure flatters "
    "too; without near twins it is what new faces of the kind would give. Models are compared on "
    "the last, where it was measured."
)


def sets_differ(gathered: Gathered) -> bool:
    """Whether a model has figures on several sets of rows."""
    return any(len(model.scores) > 1 for model in gathered.models)


def accuracies(gathered: Gathered) -> Iterator[Grid]:
    """For each task: every model on every set of rows."""
    for task in TASKS:
        found = [model for model in gathered.of(task) if model.scores]
        sets: dict[str, int] = {}
        for model in found:
            for rows_of, score in model.scores.items():
                sets.setdefault(rows_of, score.rows)
        rows = [
            (
                wording.rows(task, count, name),
                *(in_words(task, one.scores.get(name)) for one in found),
            )
            for name, count in sets.items()
        ]
        sources = dict.fromkeys(score.source for model in found for score in model.scores.values())
        if rows:
            header = (f"{task}: {FACTS[task].figure}", *(gathered.short(model) for model in found))
            yield Grid("", header, tuple(rows), (), tuple(sources))


def timings(gathered: Gathered) -> Iterator[Grid]:
    """For each device: every network at every setting."""
    header = (
        "network", "delegate", "threads", "p50 ms (95 %)", "p90", "p99", "load", "first",
        "a second", "MB",
    )  # fmt: skip
    for device in gathered.devices:
        if device.timings:
            order = {model.key: place for place, model in enumerate(gathered.models)}
            ordered = sorted(
                device.timings, key=lambda one: (order[one.model], one.delegate, one.threads)
            )
            energy = any(one.energy_mj is not None for one in device.timings)
            rows = [_timing_row(gathered, timing, energy) for timing in ordered]
            names = (*header, "mJ") if energy else header
            title = f"Networks alone on {device.label}"
            yield Grid(title, names, tuple(rows), (1,), device.sources)


def _timing_row(gathered: Gathered, timing: Timing, energy: bool) -> tuple[str, ...]:
    model = gathered.model(timing.model)
    name = f"{model.task} {gathered.short(model)}"
    if timing.error:
        return (
            name,
            timing.delegate,
            str(timing.threads),
            f"failed: {timing.error}",
            *[""] * (6 + energy),
        )
    p50 = wording.milliseconds(timing.p50_ms, timing.interval_ms).replace(" ms", "")
    others = (timing.p90_ms, timing.p99_ms, timing.load_ms, timing.first_ms)
    return (
        name, timing.delegate, str(timing.threads), p50, *(wording.figure(one) for one in others),
        wording.figure(timing.per_s), wording.figure(timing.memory_mb),
        *([wording.figure(timing.energy_mj)] if energy else []),
    )  # fmt: skip


def frames(gathered: Gathered) -> Iterator[Grid]:
    """For each device: whole frames, with the mean time of every stage."""
    for device in gathered.devices:
        stages = list(dict.fromkeys(name for one in device.frames for name in one.stages_ms))
        header = (
            "frame path", "delegate", "threads", "p50 ms (95 %)", "p90", "p99", "a second",
            *(f"{name}, mean ms" for name in stages),
        )  # fmt: skip
        rows = []
        for one in device.frames:
            p50 = wording.milliseconds(one.p50_ms, one.interval_ms).replace(" ms", "")
            figures = (one.p90_ms, one.p99_ms, one.per_s, *map(one.stages_ms.get, stages))
            cells = [p50, *map(wording.figure, figures)]
            if one.error:
                cells = [f"failed: {one.error}", *[""] * len(figures)]
            name = f"{team(gathered, one)}; {one.what}"
            rows.append((name, one.delegate, str(one.threads), *cells))
        if rows:
            title = f"Whole frames on {device.label}"
            yield Grid(title, header, tuple(rows), (1,), device.sources)


def team(gathered: Gathered, frame: FrameTiming) -> str:
    """The networks of a frame path by their short names, told once where they share one."""
    names = [gathered.short(gathered.model(key)) for key in frame.networks.values()]
    return names[0] if len(set(names)) == 1 else " + ".join(names)


@dataclass(frozen=True)
class Run:
    """The formats of one network that were compared with it in float.

    Attributes:
        task: of it.
        name: of the network; with the file where that is not enough.
        models: the formats.
        source: the conversion.
    """

    task: str
    name: str
    models: tuple[Model, ...]
    source: Source


def runs(gathered: Gathered) -> list[Run]:
    """The networks whose formats were compared with float, each conversion by itself."""
    groups: dict[tuple[str, str, Source], list[Model]] = {}
    for model in gathered.models:
        if model.changes:
            source = next(one for one in model.sources if one.kind == "conversion")
            groups.setdefault((model.task, model.name, source), []).append(model)
    named = [(task, name) for task, name, _ in groups]
    return [
        Run(
            task,
            name if named.count((task, name)) == 1 else f"{name}, {source.file}",
            tuple(found),
            source,
        )
        for (task, name, source), found in groups.items()
    ]


def losses(gathered: Gathered) -> Iterator[Grid]:
    """For each network: what each format of it lost by every measure."""
    for run in runs(gathered):
        measures = dict.fromkeys((c.measure, c.unit) for one in run.models for c in one.changes)
        by_model = [{one.measure: one for one in model.changes} for model in run.models]
        rows = [
            (
                f"{measure_name(name)}, {unit}",
                *(_lost(changes.get(name)) for changes in by_model),
            )
            for name, unit in measures
        ]
        header = ("lost (95 %)", *(model.format for model in run.models))
        yield Grid(run.name, header, tuple(rows), (), (run.source,))


def _lost(found: Change | None) -> str:
    return MISSING if found is None else wording.change(found.drop, found.interval, found.unit)


def measure_name(name: str) -> str:
    """`recall.Disgust` as `recall of Disgust`, `point_error_px.nose_tip` as `nose tip`, ..."""
    known = {"rmse_px": "RMSE", "nme": "NME", "failure_rate": "NME above 10 %"}
    group, _, part = name.partition(".")
    if group == "recall":
        is_rate = part[:1].isdigit()
        return f"recall at {part} false boxes" if is_rate else f"recall of {part}"
    return known.get(name, (part or group).replace("_", " "))


def layers(explanation: Explanation) -> Grid:
    """Every layer, the dearest first."""
    header = (
        "layer", "operator", "noise added", "SQNR so far, dB", "its own, dB", "error, steps",
        "widest channel",
    )  # fmt: skip
    rows = [
        (
            one.name, one.operator, MISSING if one.share != one.share else f"{one.share:.0%}",
            _decibels(one.sqnr_so_far_db), _decibels(one.sqnr_db),
            wording.figure(one.error_steps, 2),
            MISSING if one.channel_ratio is None else f"{one.channel_ratio:.1f} ×",
        )
        for one in explanation.layers
    ]  # fmt: skip
    return Grid(explanation.name, header, tuple(rows), (1,), (explanation.source,))


def _decibels(ratio: float | None) -> str:
    return _EXACT if ratio is None else f"{ratio:.1f}"


CONTEST = (
    "Each detector as its own code calls it, from a photograph in memory to boxes, on one thread: "
    "these times are of more than the network, and no other chart has them. Recall is with at most "
    "0.15 false boxes a photograph; what does not say how sure it is has no average precision."
)


def contest(found: Contest) -> Grid:
    """Face detectors side by side."""
    facts = FACTS["detector"]
    header = (
        "detector", f"{facts.figure} (95 %)", "recall (95 %)", "recall as used",
        "false boxes a photograph then", "p50 ms (95 %)", "p90",
    )  # fmt: skip
    rows = [
        (
            one.name + (" (peer)" if one.peer else ""),
            in_words("detector", one.precision), in_words("detector", one.recall),
            MISSING if one.recall_as_used is None else f"{one.recall_as_used:.1%}",
            wording.figure(one.false_boxes_as_used, 2),
            wording.milliseconds(one.p50_ms, one.interval_ms).replace(" ms", ""),
            wording.figure(one.p90_ms),
        )
        for one in found.contenders
    ]  # fmt: skip
    return Grid(contest_title(found), header, tuple(rows), (), (found.source,))


def contest_title(found: Contest) -> str:
    """What is compared, and where."""
    scores = [score for one in found.contenders for score in (one.recall, one.precision) if score]
    on = wording.rows("detector", scores[0].rows, found.rows_of) if scores else found.rows_of
    return f"Detectors side by side, on {on}, timed on {found.machine}"


def devices(gathered: Gathered) -> Grid:
    """What tells the machines apart, a column for each."""
    found = gathered.devices
    rows = [
        ("CPU", *(one.device.cpu or MISSING for one in found)),
        ("cores", *(one.device.cores or MISSING for one in found)),
        ("architecture", *(one.device.architecture or MISSING for one in found)),
    ]
    names = dict.fromkeys(name for one in found for name in one.device.facts)
    rows += [(name, *(one.device.facts.get(name, MISSING) for one in found)) for name in names]
    rows.append(("warnings", *("; ".join(one.device.warnings) or "none" for one in found)))
    sources = tuple(source for one in found for source in one.sources)
    header = ("", *(one.label for one in found))
    return Grid("", header, tuple(rows), tuple(range(1, len(header))), sources)


def sources(gathered: Gathered) -> Grid:
    """The files, numbered as the report's lines name them."""
    rows = [
        (
            str(number),
            str(one.file),
            one.kind,
            one.command,
            one.made or "not told",
            one.version or "not told",
        )
        for number, one in enumerate(gathered.sources, 1)
    ]
    header = ("", "file", "holds", "command", "made", "version")
    return Grid("", header, tuple(rows), (1, 2, 3, 4, 5))
