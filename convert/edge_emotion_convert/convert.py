"""`edge-emotion convert`: trained runs to model files for the device, through the gate."""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from rich.table import Table

import edge_emotion
from edge_emotion.errors import EdgeEmotionError, GateNotMet, WrongUse
from edge_emotion.files import write_text
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import ModelMetadata, Task, write_model
from edge_emotion_convert import calibration
from edge_emotion_convert.gate import Verdict, judge
from edge_emotion_convert.measure import Figures, as_table, figures, predict_file
from edge_emotion_convert.network import predict, read_network
from edge_emotion_convert.progress import say, tell
from edge_emotion_convert.quantize import tensor_specs, to_int8
from edge_emotion_convert.rows import (
    fingerprints,
    load_splits,
    training_rows,
    validation_rows,
)
from edge_emotion_convert.runs import Run, newest_run, read_run
from edge_emotion_train.networks import OFFSET_LIMIT_PX, count_macs
from edge_emotion_train.recipe import Recipe

RUNS, EXPORTS = Path("runs"), Path("exports")
TASKS: tuple[Task, ...] = ("emotion", "keypoints")
FORMATS = {"int8": to_int8}  # name: a function of the network and its calibration samples


@dataclass(frozen=True)
class Converted:
    """One model file and how it compares.

    Attributes:
        file: where it is, or would be had it passed the gate.
        task, format: what it is.
        bytes: its size, metadata included.
        verdict: the gate's.
        float_figures, figures: of the network before and after, on the same validation rows.
        representative: how many training faces calibrated it.
        seconds: what reading, converting and measuring took.
    """

    file: Path
    task: Task
    format: str
    bytes: int
    verdict: Verdict
    float_figures: Figures
    figures: Figures
    representative: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """As in conversion.json."""
        return {
            "file": self.file.name,
            "task": self.task,
            "format": self.format,
            "bytes": self.bytes,
            "gate": asdict(self.verdict),
            "float": as_table(self.float_figures),
            self.format: as_table(self.figures),
            "representative_faces": self.representative,
            "seconds": round(self.seconds, 1),
        }


def convert(
    model: Path | None = None,
    *,
    formats: Sequence[str] = ("int8",),
    data: Path | None = None,
    out: Path = EXPORTS,
    max_drop: float | None = None,
    representative: int = calibration.DEFAULT_COUNT,
    runs: Path = RUNS,
) -> list[Converted]:
    """Convert a run, or the newest finished run of each task, and judge what came out.

    A file that passes the gate is put into `out`/RUN/ as TASK_FORMAT.tflite beside conversion.json;
    one that does not is not written, and an earlier one stays.

    Args:
        model: a run's folder or its model.keras; None takes the newest run of each task.
        formats: some of `FORMATS`.
        data: the folder the recipe's sets are below; None takes the one of the training.
        out: where the exports go.
        max_drop: in percentage points of accuracy and pixels of RMSE; None takes the defaults.
        representative: how many training faces calibrate.
        runs: where to look for runs.

    Raises:
        EdgeEmotionError: no finished run, or a file or its data cannot be used.
        WrongUse: an unknown format, a limit that is no number.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise WrongUse(f"format {', '.join(unknown)}", expected="some of " + ", ".join(FORMATS))
    if max_drop is not None and max_drop != max_drop:
        raise WrongUse("--max-drop nan", expected="a number of points or pixels")
    results = []
    for run in [read_run(model)] if model else _newest_runs(runs):
        results += _convert_run(run, formats, data or run.data, out, max_drop, representative)
    return results


def convert_command(model: Path | None = None, *, as_json: bool = False, **options: Any) -> None:
    """`convert`, its results printed as a table or as JSON.

    Raises:
        GateNotMet: at least one model lost more than allowed; the others are in place.
    """
    results = convert(model, **options)
    if as_json:
        tell(json.dumps([{**r.as_dict(), "file": str(r.file)} for r in results], indent=2))
    else:
        _print_table(results)
    failed = [result for result in results if not result.verdict.passed]
    if failed:
        raise GateNotMet(
            f"{failed[0].file} was not written: {failed[0].verdict.reason}",
            remedy="calibrate with more faces (--representative) or allow more (--max-drop)",
        )


def _newest_runs(runs: Path) -> list[Run]:
    found = {task: newest_run(task, runs) for task in TASKS}
    missing = [task for task, run in found.items() if run is None]
    if len(missing) == len(TASKS):
        raise EdgeEmotionError(
            f"no finished run in {runs.resolve()}",
            remedy="train one with: edge-emotion train emotion, or name a run's folder",
        )
    for task in missing:
        say(f"no finished run for {task} in {runs}: only the other network is converted")
    return [run for run in found.values() if run is not None]


def _convert_run(
    run: Run,
    formats: Sequence[str],
    data: Path,
    out: Path,
    max_drop: float | None,
    representative: int,
) -> list[Converted]:
    start = time.perf_counter()
    network = read_network(run.network, run.task)
    if not data.is_dir():
        raise EdgeEmotionError(
            f"the data of {run.folder} is not at {data}", remedy="say where it is with --data"
        )
    say(f"{run.task}: reading the faces of {run.folder} from {data}")
    splits = load_splits(run.recipe, data)
    trained, validation = training_rows(splits), validation_rows(splits)
    if not len(validation):
        raise GateNotMet(
            f"{run.folder}: its recipe leaves no validation faces, so the cost of converting it "
            "was not measured",
            remedy="give the recipe's sets a share for validation and train again",
        )
    samples = calibration.samples(trained, representative, run.recipe.seed)
    before = figures(validation, predict(network, run, validation.images))
    facts = {"training_data": fingerprints(splits), "architecture": _architecture(run, network)}
    folder = out / run.name
    results = []
    for name in formats:
        say(f"{run.task}: converting to {name} with {len(samples)} representative faces")
        flatbuffer = FORMATS[name](network, samples)
        metadata = _metadata(run, name, flatbuffer, facts)
        say(f"{run.task}: measuring on {len(validation)} validation faces")
        with tempfile.TemporaryDirectory() as scratch:
            candidate = Path(scratch) / "candidate.tflite"
            write_model(candidate, flatbuffer, metadata)
            after = figures(validation, predict_file(candidate, run.task, validation.images))
        verdict = judge(before, after, max_drop)
        file = folder / f"{run.task}_{name}.tflite"
        if verdict.passed:
            accuracy = {
                "measured_on": f"{len(validation)} validation faces of {_measured(run.recipe)}",
                "float": as_table(before),
                name: as_table(after),
                "gate": asdict(verdict),
            }
            write_model(file, flatbuffer, replace(metadata, accuracy=accuracy))
        size = file.stat().st_size if verdict.passed else len(flatbuffer)
        seconds = time.perf_counter() - start
        results.append(
            Converted(file, run.task, name, size, verdict, before, after, len(samples), seconds)
        )
    passed = [result.as_dict() for result in results if result.verdict.passed]
    if passed:
        table = {"run": run.name, "task": run.task, "versions": _versions(), "models": passed}
        write_text(folder / "conversion.json", json.dumps(table, indent=2) + "\n")
    return results


def _metadata(run: Run, name: str, flatbuffer: bytes, facts: dict[str, Any]) -> ModelMetadata:
    given, answered = tensor_specs(flatbuffer)
    mean_face = None
    if run.mean_face is not None:
        mean_face = tuple((round(float(x), 2), round(float(y), 2)) for x, y in run.mean_face)
    return ModelMetadata(
        task=run.task,
        labels=EMOTIONS if run.task == "emotion" else KEYPOINTS,
        input=given,
        output=answered,
        mean_face=mean_face,
        offset_limit_px=None if mean_face is None else OFFSET_LIMIT_PX,
        format=name,
        recipe=run.recipe.as_dict(),
        versions=_versions(),
        license=(
            "For research use: the weights were learned from research data sets "
            f"({', '.join(run.recipe.sets)}), whose terms apply to them; see MODEL_LICENSE."
        ),
        **facts,
    )


def _architecture(run: Run, network: keras.Model) -> dict[str, Any]:
    return {
        **asdict(run.recipe.network),
        "parameters": network.count_params(),
        "macs": count_macs(network),
    }


def _measured(recipe: Recipe) -> str:
    """The sets of `rows.validation_rows`."""
    names = list(recipe.sets)
    return " and ".join(names if recipe.task == "emotion" else names[:1])


def _versions() -> dict[str, str]:
    return {
        "edge_emotion": edge_emotion.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def _print_table(results: list[Converted]) -> None:
    table = Table(box=None, header_style="", pad_edge=False)
    for heading in ("model", "kB", "measure", "float", "converted", "drop", "allowed", "gate"):
        table.add_column(heading, justify="left" if heading in ("model", "measure") else "right")
    for result in results:
        verdict = result.verdict
        table.add_row(
            str(result.file),
            f"{result.bytes / 1000:.0f}",
            verdict.measure,
            f"{verdict.before:.4f}",
            f"{verdict.after:.4f}",
            f"{verdict.drop:.3f} {verdict.unit}",
            f"{verdict.max_drop:g}",
            "passed" if verdict.passed else "not met",
        )
    tell(table)
