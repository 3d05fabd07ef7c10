"""Records of many files joined: each model once, with what every file tells of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar, cast

from edge_emotion.modelfile import Task, read_model, shipped_model
from edge_emotion_report.files import Found
from edge_emotion_report.joining import join, key_of, named_apart, named_by_difference
from edge_emotion_report.records import (
    Benchmark,
    Change,
    Contest,
    Device,
    Explanation,
    FrameTiming,
    Network,
    Roofline,
    Score,
    Source,
    Timing,
)
from edge_emotion_report.tasks import TASKS
from edge_emotion_report.wording import count, listed

Kind = TypeVar("Kind", Timing, FrameTiming, Roofline, Contest)
Told = Score | Timing | FrameTiming | Roofline | Contest

FORMATS = ("int8", "dynamic", "float16", "float32", "int16x8")


@dataclass(frozen=True)
class Model:
    """One model, whichever files tell of it.

    Attributes:
        key: what it is found by in this report.
        label: what it is called in it, unlike any other of its task.
        name, file, format: of the run or the peer; of its file; int8, float32, ...
        task: emotion, keypoints or detector.
        sha256: empty if no file tells.
        size_bytes, macs: None if no file tells.
        peer: whether it is somebody else's.
        rejected: whether it did not pass the gate.
        shipped: whether it is the network that comes with this package, which `run` takes anyway.
        scores: by the rows they were measured on.
        changes: against its float network.
        sources: of all of this.
    """

    key: str
    label: str
    name: str
    file: str
    format: str
    task: str
    sha256: str
    size_bytes: float | None
    macs: float | None
    peer: bool
    rejected: bool
    shipped: bool
    scores: Mapping[str, Score] = field(hash=False)
    changes: tuple[Change, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Measured:
    """What one device measured.

    Attributes:
        label: what it is called in the report, unlike any other.
        device: with the facts of its newest file, and the warnings of all.
        timings: of networks alone; `model` is a `Model.key`.
        frames: of whole frames; `emotion`, `keypoints` and `detector` are `Model.key`.
        rooflines: of networks by their layers; `model` is a `Model.key`.
        sources: the files.
    """

    label: str
    device: Device
    timings: tuple[Timing, ...]
    frames: tuple[FrameTiming, ...]
    rooflines: tuple[Roofline, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Gathered:
    """All that a report is made of.

    Attributes:
        models: ours first, in the order of their formats; then the peers.
        devices: in the order of the files.
        explanations: of layers.
        contests: of face detectors.
        rows_of: the rows on which the models of a task are compared.
        sources: the files.
        notes: what a reader has to know about them.
    """

    models: tuple[Model, ...]
    devices: tuple[Measured, ...]
    explanations: tuple[Explanation, ...]
    contests: tuple[Contest, ...]
    rows_of: Mapping[str, str] = field(hash=False)
    sources: tuple[Source, ...]
    notes: tuple[str, ...]

    def model(self, key: str) -> Model:
        """The model of a key."""
        return next(model for model in self.models if model.key == key)

    def of(self, task: str) -> list[Model]:
        """The models of a task."""
        return [model for model in self.models if model.task == task]

    def short(self, model: Model) -> str:
        """What a model is called beside others of its task: its format, if that is enough."""
        own = {other.name for other in self.of(model.task) if not other.peer}
        if model.peer or len(own) > 1 or not model.format:
            return model.label
        return model.label.removeprefix(model.name).strip()

    def score(self, model: Model) -> Score | None:
        """How right a model is on the rows on which it is compared with others."""
        return model.scores.get(self.rows_of.get(model.task, ""))


def gather(found: Found) -> Gathered:
    """Join what the files hold; what is told twice is taken once, and said."""
    notes = list(found.notes)
    benchmarks = [record for record in found.records if isinstance(record, Benchmark)]
    networks = [network for one in benchmarks for network in one.networks]
    networks += [record for record in found.records if isinstance(record, Network)]
    groups = join(networks, notes)
    models = _with_scores_of_sources([_model(group, notes) for group in groups], groups, notes)
    keys = {
        key_of(network): model.key
        for model, group in zip(models, groups, strict=True)
        for network in group
    }
    labels = named_apart(
        [(model.task, model.name, "" if model.peer else model.format) for model in models],
        [model.sha256 for model in models],
    )
    models = [replace(model, label=label) for model, label in zip(models, labels, strict=True)]
    models.sort(key=_place)
    notes += _several(models)
    notes += _versions(found.sources)
    return Gathered(
        models=tuple(models),
        devices=tuple(_devices(benchmarks, keys, notes)),
        explanations=tuple(_explanations(found, notes)),
        contests=tuple(_contests(found, notes)),
        rows_of={task: rows for task in TASKS if (rows := _compared_on(models, task))},
        sources=found.sources,
        notes=tuple(dict.fromkeys(notes)),
    )


def _place(model: Model) -> tuple[object, ...]:
    kind = model.format.partition(",")[0]  # what is compiled stands behind what it was made from
    known = FORMATS.index(kind) if kind in FORMATS else len(FORMATS)
    return TASKS.index(model.task), model.peer, model.name, known, model.label


def _model(group: Sequence[Network], notes: list[str]) -> Model:
    """One model of all that is told of it; an evaluation's word counts before a conversion's."""
    by_weight = sorted(group, key=lambda one: _WEIGHT[one.source.kind])
    named = sorted(group, key=lambda one: _NAMES[one.source.kind])
    scores: dict[str, Score] = {}
    for network in by_weight:
        for score in network.scores:
            other = scores.setdefault(score.rows_of, score)
            evaluated = {score.source.kind, other.source.kind} == {"evaluation"}
            if other is not score and evaluated:
                newer = max(score, other, key=lambda one: one.source.made)
                scores[score.rows_of] = newer
                notes.append(_twice(f"{network.file} on {score.rows_of}", score, other, newer))
    return Model(
        key=_key(group[0]),
        label="",
        name=named[0].name,
        file=next((one.file for one in named if one.file), ""),
        format=next((one.format for one in named if one.format), ""),
        task=group[0].task,
        sha256=next((one.sha256 for one in group if one.sha256), ""),
        size_bytes=next((one.size_bytes for one in group if one.size_bytes is not None), None),
        macs=next((one.macs for one in group if one.macs is not None), None),
        peer=any(one.peer for one in group),
        rejected=all(one.rejected for one in by_weight if one.source.kind == "conversion")
        and any(one.source.kind == "conversion" for one in group),
        shipped=any(one.flatbuffer_sha256 == _shipped(one.task) for one in group),
        scores=scores,
        changes=next((one.changes for one in by_weight if one.changes), ()),
        sources=tuple(dict.fromkeys(one.source for one in by_weight)),
    )


def _key(first: Network) -> str:
    return f"{first.task}/{first.adapter}/{first.sha256}" if first.sha256 else key_of(first)


def _with_scores_of_sources(
    models: Sequence[Model], groups: Sequence[Sequence[Network]], notes: list[str]
) -> list[Model]:
    """The models, those compiled for an Edge TPU with the scores of what they were made from.

    They cannot be evaluated without one, and compute the same but for the rounding.
    """
    by_checksum = {
        (one.task, one.flatbuffer_sha256): model
        for model, group in zip(models, groups, strict=True)
        for one in group
    }
    found = []
    for model, group in zip(models, groups, strict=True):
        made_from = next((one.compiled_from for one in group if one.compiled_from), "")
        source = by_checksum.get((model.task, made_from)) if made_from else None
        if source is not None and source.scores.keys() - model.scores.keys():
            notes.append(
                f"{model.file} has the figures of {source.file}, which it was compiled from"
            )
            model = replace(model, scores={**source.scores, **model.scores})
        found.append(model)
    return found


@cache
def _shipped(task: str) -> str:
    """The checksum of the network that comes with this package, if one does."""
    path = shipped_model(cast(Task, task))
    return read_model(path).metadata.flatbuffer_sha256 if path.exists() else "none is shipped"


_WEIGHT = {"evaluation": 0, "conversion": 1, "benchmark": 2}
_NAMES = {"conversion": 0, "benchmark": 1, "evaluation": 2}


def _twice(what: str, one: Told, other: Told, kept: Told) -> str:
    if one.source == other.source:
        return f"{what} is measured twice in {one.source.file}: the later is taken"
    files = listed([str(one.source.file), str(other.source.file)])
    return f"{what} is measured in {files}: {kept.source.file} is taken"


def _several(models: Sequence[Model]) -> Iterable[str]:
    for task in TASKS:
        own = [model for model in models if model.task == task and not model.peer]
        names = list(dict.fromkeys(model.name for model in own))
        if len(names) > 1:
            yield f"several {task} models in one report, each a series: {listed(names)}"
        alike = defaultdict(list)
        for model in own:
            alike[model.name, model.format].append(model.sha256[:8] or "no checksum")
        peers = [model.name for model in models if model.task == task and model.peer]
        for name in dict.fromkeys(name for name in peers if peers.count(name) > 1):
            yield f"several peers are called {name}: give each adapter a name of its own"
        for (name, _), sums in alike.items():
            if len(sums) > 1:
                what = f"{count(len(sums), 'different model')} are called {name}"
                yield f"{task}: {what}, told apart by their checksums: {listed(sums)}"


def _versions(sources: Sequence[Source]) -> Iterable[str]:
    files: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        if source.version:
            files[source.version].append(str(source.file))
    if len(files) > 1:
        told = [f"{version} ({', '.join(names)})" for version, names in sorted(files.items())]
        yield f"files of different versions of the toolkit: {listed(told)}"


def _devices(
    benchmarks: Sequence[Benchmark], keys: Mapping[str, str], notes: list[str]
) -> Iterable[Measured]:
    by_identity: dict[tuple[str, ...], list[Benchmark]] = defaultdict(list)
    for one in sorted(benchmarks, key=lambda file: file.source.made):
        by_identity[one.device.identity].append(one)
    # In the order of the files, each with its measurements in the order of time.
    in_order = {one.device.identity: by_identity[one.device.identity] for one in benchmarks}
    labels = named_by_difference(list(in_order))
    for label, files in zip(labels, in_order.values(), strict=True):
        timings: dict[object, Timing] = {}
        frames: dict[object, FrameTiming] = {}
        rooflines: dict[object, Roofline] = {}
        for one in files:
            at = {network.id: keys[key_of(network)] for network in one.networks}
            for timing in one.timings:
                found = replace(timing, model=at[timing.model])
                run = (found.model, found.delegate, found.threads)
                _take(timings, run, found, f"a network on {label}", notes)
            for frame in one.frames:
                team = replace(
                    frame,
                    emotion=at[frame.emotion],
                    keypoints=at[frame.keypoints],
                    detector=at.get(frame.detector, ""),
                )
                setting = (team.delegate, team.threads, team.size, team.finder, team.every)
                what = (*team.networks.values(), *setting)
                _take(frames, what, team, f"the frame path on {label}", notes)
            for roofline in one.rooflines:
                cut = replace(roofline, model=at[roofline.model])
                _take(rooflines, cut.model, cut, f"a roofline on {label}", notes)
        yield Measured(
            label,
            _whole(label, files, notes),
            tuple(timings.values()),
            tuple(frames.values()),
            tuple(rooflines.values()),
            tuple(one.source for one in files),
        )


def _whole(label: str, files: Sequence[Benchmark], notes: list[str]) -> Device:
    """The device of several files: as it was in the last, with what all of them warned of."""
    kernels = list(dict.fromkeys(one.device.kernel for one in files if one.device.kernel))
    if len(kernels) > 1:
        notes.append(f"{label} was measured with several kernels: {listed(kernels)}")
    warnings = dict.fromkeys(warning for one in files for warning in one.device.warnings)
    return replace(files[-1].device, warnings=tuple(warnings))


def _take(
    taken: dict[object, Kind], what: object, found: Kind, called: str, notes: list[str]
) -> None:
    """Keep the newer of two measurements of the same, which comes later, and say so."""
    other = taken.get(what)
    if other is not None:
        notes.append(_twice(called, other, found, found))
    taken[what] = found


def _explanations(found: Found, notes: list[str]) -> Iterable[Explanation]:
    met: dict[tuple[str, str], Explanation] = {}
    for record in found.records:
        if isinstance(record, Explanation):
            other = met.setdefault((record.task, record.name), record)
            if other is not record:
                files = f"{other.source.file} and {record.source.file}"
                notes.append(f"layers of {record.name} are in {files}: the first is taken")
    yield from sorted(met.values(), key=lambda one: TASKS.index(one.task))


def _contests(found: Found, notes: list[str]) -> Iterable[Contest]:
    """Those on other machines or photographs; of the same the newest."""
    records = [record for record in found.records if isinstance(record, Contest)]
    taken: dict[object, Contest] = {}
    for record in sorted(records, key=lambda one: one.source.made):
        called = f"detectors side by side on {record.machine}, {record.rows_of},"
        _take(taken, (record.machine, record.rows_of), record, called, notes)
    return taken.values()


def _compared_on(models: Sequence[Model], task: str) -> str:
    """The rows that most models of a task were measured on, peers among them.

    Those of an evaluation go before those of a conversion, which serve to choose a format, and
    before how many there are.  Of equal ones, those that are complete and that no training face
    resembles, then the first: an evaluation begins with the recipe's main set.
    """
    counts: dict[str, list[Score]] = defaultdict(list)
    for model in models:
        if model.task == task:
            for rows_of, score in model.scores.items():
                counts[rows_of].append(score)
    return max(
        counts,
        key=lambda rows: (
            any(score.source.kind == "evaluation" for score in counts[rows]),
            len(counts[rows]),
            "missing points" not in rows,
            "near twins" in rows,
        ),
        default="",
    )
