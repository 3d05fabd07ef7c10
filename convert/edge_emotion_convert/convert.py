"""`edge-emotion convert`: trained networks to model files for the device, through the gate."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError, GateNotMet, WrongUse, warn
from edge_emotion.files import check_place, write_text
from edge_emotion.locks import alone_in
from edge_emotion_convert import calibration, report
from edge_emotion_convert.budget import Limits, read_limits
from edge_emotion_convert.edgetpu import EdgeTpuResult, edgetpu_step
from edge_emotion_convert.exports import Kept, keep, keep_saved_model, record
from edge_emotion_convert.formats import FORMATS, SAVED_MODEL
from edge_emotion_convert.halving import halves
from edge_emotion_convert.progress import say, tell
from edge_emotion_convert.remedies.auto import treat
from edge_emotion_convert.serving import VERSION
from edge_emotion_convert.subject import Subject, of_run, open_subject
from edge_emotion_convert.sweep import sweep
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_convert.trial import Trial, convert_and_measure, prepare
from edge_emotion_convert.why import explain, layer_table
from edge_emotion_train.networks.saved import TASKS
from edge_emotion_train.runs import newest_run

RUNS, EXPORTS = Path("runs"), Path("exports")
ALL = (*FORMATS, SAVED_MODEL)


@dataclass(frozen=True)
class Export:
    """What was made of one network.

    Attributes:
        folder: exports/NAME.
        trial: what it was measured with.
        models: a file of each format, in the order asked for.
        saved_model: signatures of the SavedModel; None if none was asked for.
        edgetpu: what became of compiling its int8 file; None if that was not asked for.
    """

    folder: Path
    trial: Trial
    models: tuple[Kept, ...]
    saved_model: Mapping[str, Any] | None = None
    edgetpu: EdgeTpuResult | None = None

    def as_list(self) -> list[dict[str, Any]]:
        """As `--json` prints it."""
        listed = [{**kept.as_dict(), "file": str(kept.file)} for kept in self.models]
        if self.edgetpu is not None:
            listed.append({"task": self.trial.subject.task, "edgetpu": self.edgetpu.as_dict()})
        if self.saved_model is not None:
            listed.append(
                {
                    "file": str(self.folder / VERSION),
                    "task": self.trial.subject.task,
                    "format": SAVED_MODEL,
                    "signatures": self.saved_model,
                }
            )
        return listed


def convert(
    model: Path | None = None,
    *,
    formats: Sequence[str] = ("int8",),
    data: Path | None = None,
    out: Path = EXPORTS,
    max_drop: float | None = None,
    budget: Path | None = None,
    representative: int = calibration.DEFAULT_COUNT,
    edgetpu: bool = False,
    auto: bool = False,
    temperature: bool = True,
    balance: float | None = None,
    runs: Path = RUNS,
) -> list[Export]:
    """Convert a network, or that of the newest finished run of each task, and judge what came out.

    A file that passes the gate is put into `out`/NAME/ as TASK_FORMAT.tflite, with its card and
    beside conversion.json; one that does not as TASK_FORMAT.tflite.rejected, and an earlier good
    one stays.

    Args:
        model: what `subject.open_subject` opens; None takes the newest run of each task.
        formats: some of `ALL`.
        data: what `material.open_material` takes; None takes the data of the training.
        out: where the exports go.
        max_drop: in percentage points of accuracy or average precision, and pixels of RMSE; None
            takes the defaults.
        budget: a TOML file with limits of any measure.
        representative: how many training faces calibrate.
        edgetpu: whether an int8 file that passed is compiled for an Edge TPU as well.
        auto: whether remedies are tried on int8, chosen on one half of the validation rows; every
            format is measured on the other.
        temperature, balance: as for `trial.prepare`.
        runs: where to look for runs.

    Raises:
        EdgeEmotionError: no finished run, or a file or its data cannot be used.
        WrongUse: an unknown format, a limit that is no number, no data.
    """
    unknown = [name for name in formats if name not in ALL]
    if unknown:
        raise WrongUse(f"format {', '.join(unknown)}", expected="some of " + ", ".join(ALL))
    limits = read_limits(budget, max_drop)
    exports = []
    for subject in _subjects(model, runs):
        with alone_in(out / subject.name, "wait for its end, or name another --out"):
            choosing: Trial | None = None
            trial = prepare(subject, data, temperature=temperature, balance=balance)
            if auto:
                choosing, trial = halves(trial)
            export = _convert(trial, formats, out, limits[subject.task], representative, choosing)
            exports.append(_compiled(export) if edgetpu else export)
    return exports


def convert_command(model: Path | None = None, *, as_json: bool = False, **options: Any) -> None:
    """`convert`, its results printed as tables or as JSON.

    Raises:
        GateNotMet: at least one model lost more than allowed; the others are in place.
    """
    exports = convert(model, **options)
    if as_json:
        tell(json.dumps([entry for export in exports for entry in export.as_list()], indent=2))
    else:
        for table in report.tables([kept for export in exports for kept in export.models]):
            tell(table)
            tell("")
        for export in exports:
            if export.saved_model is not None:
                tell(f"{export.folder / VERSION}: {', '.join(export.saved_model)}")
            if export.edgetpu is not None:
                tell(f"{export.trial.subject.task}: {export.edgetpu.sentence()}")
    kept = [kept for export in exports for kept in export.models]
    failed = [one for one in kept if not one.candidate.verdict.passed]
    compiled = [export.edgetpu for export in exports if export.edgetpu is not None]
    failures = [result.failure for result in compiled if result.failure is not None]
    if failed:
        for failure in failures:
            warn(str(failure))
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise GateNotMet(
            f"{failed[0].file} did not pass{more}: {failed[0].candidate.verdict.reason}",
            remedy=_remedy(failed[0]),
        )
    if failures:
        raise failures[0]


def _remedy(failed: Kept) -> str:
    candidate, allow = failed.candidate, "allow more (--max-drop)"
    if not len(candidate.answers):
        return f"name data with validation {KINDS[candidate.metadata.task].noun} with --data"
    if not candidate.verdict.measured:
        return "name data that shows what is limited with --data, or convert to another format"
    if not candidate.format.integer:
        return allow
    remedies = candidate.metadata.accuracy.get("remedies")
    if candidate.format.name == "int8" and not remedies:
        return f"let --auto look for remedies, or {allow}"
    if remedies and remedies["plain"]["passed"]:
        return f"convert without --auto, as plain int8 passed on these faces, or {allow}"
    noun = KINDS[candidate.metadata.task].noun
    return f"calibrate with more {noun} (--representative) or {allow}"


def sweep_command(
    model: Path | None = None,
    *,
    data: Path | None = None,
    max_drop: float | None = None,
    budget: Path | None = None,
    as_json: bool = False,
    runs: Path = RUNS,
) -> None:
    """Print what int8 costs by the number of faces that calibrate it; nothing is written."""
    limits = read_limits(budget, max_drop)
    swept = {}
    for subject in _subjects(model, runs):
        trial = prepare(subject, data)
        swept[subject.name] = sweep(trial, limits[subject.task])
    if as_json:
        table = {name: [step.as_dict() for step in steps] for name, steps in swept.items()}
        tell(json.dumps(table, indent=2))
        return
    for name, steps in swept.items():
        tell(report.sweep_table(name, steps))
        tell("")


def why_command(
    model: Path | None = None,
    *,
    data: Path | None = None,
    representative: int = calibration.DEFAULT_COUNT,
    page: Path | None = None,
    as_json: bool = False,
    runs: Path = RUNS,
) -> None:
    """Print what int8 costs layer by layer and why, and draw it on a page; nothing is converted."""
    if page is not None:
        check_place(page)
    explained = [
        explain(prepare(subject, data), representative) for subject in _subjects(model, runs)
    ]
    if as_json:
        tell(json.dumps({one.name: one.as_dict() for one in explained}, indent=2))
    else:
        for one in explained:
            tell(layer_table(one))
            for sentence in ("", *one.sentences, ""):
                tell(sentence)
    if page is not None:
        from edge_emotion_convert.why_page import why_page  # loads matplotlib

        write_text(page, why_page(explained))
        say(f"page: {page}")


def _subjects(model: Path | None, runs: Path) -> Iterator[Subject]:
    """One after the other, so that only one network is in memory."""
    if model is not None:
        yield open_subject(model)
        return
    found = {task: newest_run(task, runs) for task in TASKS}
    missing = [task for task, run in found.items() if run is None]
    if len(missing) == len(TASKS):
        raise EdgeEmotionError(
            f"no finished run in {runs.resolve()}",
            remedy="train one with: edge-emotion train emotion, or name a run's folder",
        )
    for task in missing:
        say(f"no finished run for {task} in {runs}: only the others are converted")
    yield from (of_run(run) for run in found.values() if run is not None)


def _convert(
    trial: Trial,
    formats: Sequence[str],
    out: Path,
    limits: Limits,
    representative: int,
    choosing: Trial | None,
) -> Export:
    subject, folder = trial.subject, out / trial.subject.name
    targets = [FORMATS[name] for name in formats if name != SAVED_MODEL]
    samples, models = None, []
    if any(target.integer for target in targets):
        samples = calibration.samples(trial.calibrating, representative, trial.seed)
        noun = KINDS[subject.task].noun
        say(f"{subject.task}: {len(samples)} training {noun} calibrate integer formats")
    for target in targets:
        if choosing is not None and target.name == "int8":
            models.append(keep(trial, treat(choosing, trial, representative, limits), folder))
            continue
        say(f"{subject.task}: {target.name}, measured on {trial.measured_on}")
        models.append(keep(trial, convert_and_measure(trial, target, samples, limits), folder))
    signatures = None
    if SAVED_MODEL in formats:
        say(f"{subject.task}: {SAVED_MODEL}, loaded and tried by a fresh process")
        signatures = keep_saved_model(trial, folder)
    return Export(folder, trial, tuple(models), signatures)


def _compiled(export: Export) -> Export:
    """The same export, its int8 file compiled for an Edge TPU and conversion.json about it."""
    for kept in export.models:
        if kept.candidate.format.name == "int8" and kept.candidate.verdict.passed:
            result = edgetpu_step(kept.file)
            entry = {**kept.as_dict(), "edgetpu": result.as_dict()}
            record(export.trial.subject, export.folder, "models", entry)
            return replace(export, edgetpu=result)
    return export
