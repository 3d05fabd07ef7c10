"""The commands `edge-emotion models`: what model files are, and whether they compute right here.

They import what they need when they run, as all commands do (see `cli`), and never TensorFlow.
"""

import json as jsonlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_emotion.cli_app import App
from edge_emotion.errors import EdgeEmotionError, GateNotMet, warn

if TYPE_CHECKING:
    from edge_emotion.quantization import TensorSpec
    from edge_emotion_device.description import Description
    from edge_emotion_device.verification import Verification

models_app = App(help="Look at model files and verify them.", no_args_is_help=True)

_BETWEEN_FORMATS = ("QUANTIZE", "DEQUANTIZE")
_MAIN_FIGURE = {
    "emotion": "accuracy",
    "keypoints": "rmse_px",
    "detector": "average_precision",
}
_UNITS = {"emotion": "of probability", "keypoints": "px", "detector": "of an answer within -1..1"}

FileArgument = Annotated[
    str,
    typer.Argument(
        help="A .tflite of this toolkit; emotion, keypoints or detector for a shipped one.",
        metavar="FILE",
    ),
]


@models_app.command(epilog="Example: edge-emotion models verify keypoints --threads 2")
def verify(
    file: Annotated[
        str | None,
        typer.Argument(
            help="A .tflite of this toolkit; emotion, keypoints or detector for a shipped one; "
            "all shipped ones without.",
            metavar="[FILE]",
        ),
    ] = None,
    delegate: Annotated[
        str, typer.Option(help="auto, cpu, edgetpu[:usb|:pci|:N] or external:LIB[,key=value].")
    ] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="STEPS",
            help="Largest difference allowed, in steps of the output, and an eighth of it as the "
            "mean; without, what was measured for the format.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Compare what this machine computes with the test vectors in model files.

    Where it differs by more than rounding can, the exit code is 3.
    """
    from edge_emotion.modelfile import shipped_tasks
    from edge_emotion.terminal import busy
    from edge_emotion_device.verification import verify as compare

    verified: list[Verification] = []
    for name in [file] if file else shipped_tasks():
        path = _path(name)
        with busy(f"verifying {path}"):
            verified.append(compare(path, delegate, threads, tolerance))
        if not json:
            typer.echo("\n" * (len(verified) > 1), nl=False)
            _tell_verification(verified[-1])
    if json:
        content = [found.as_dict() for found in verified]
        typer.echo(jsonlib.dumps(content[0] if file else content, indent=2))
    for found in verified:
        _check_verification(found)


@models_app.command(epilog="Example: edge-emotion models show emotion")
def show(
    file: FileArgument,
    json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Tell what a model file is, where it comes from and how well it was measured to do."""
    from edge_emotion_device.description import describe

    found = describe(_path(file))
    if json:
        typer.echo(jsonlib.dumps(found.as_dict(), indent=2))
        return
    for name, fact in _facts(found):
        typer.echo(f"{name:<13} {fact}")


@models_app.command("list", epilog="Example: edge-emotion models list exports")
def list_models(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Where to look for .tflite files; the shipped without.", metavar="DIR"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """List model files: size, work, accuracy and the gate's verdict; then what they are made of.

    Files that are no model of this toolkit are named on stderr.
    """
    from edge_emotion.modelfile import shipped_tasks
    from edge_emotion_device.description import describe

    found: dict[str, list[Description]] = {}
    for name in _files(folders) if folders else shipped_tasks():
        folder = str(Path(name).parent) if folders else ""
        try:
            found.setdefault(folder, []).append(describe(_path(name)))
        except EdgeEmotionError as error:
            warn(str(error))
    found = {folder: models for folder, models in found.items() if models}
    if not found:
        raise EdgeEmotionError("no model of this toolkit there", remedy="see models list --help")
    if json:
        listed = [model.as_dict() for models in found.values() for model in models]
        typer.echo(jsonlib.dumps(listed, indent=2))
        return
    for place, (folder, models) in enumerate(found.items()):
        typer.echo("\n" * bool(place) + (f"{folder}:\n" if folder else ""), nl=False)
        names = [model.path.name if folder else model.path.stem for model in models]
        _tell_models(dict(zip(names, models, strict=True)))


def _path(name: str) -> Path:
    from edge_emotion.modelfile import TASKS, shipped_model

    path = Path(name)
    return shipped_model(name) if name in TASKS and not path.exists() else path


def _files(folders: list[Path]) -> list[str]:
    files: list[str] = []
    for folder in folders:
        if not folder.is_dir():
            raise EdgeEmotionError(f"{folder} is no folder", remedy="name one with .tflite files")
        files += sorted(str(path) for path in folder.rglob("*.tflite"))
    if not files:
        raise EdgeEmotionError(
            f"no .tflite in {', '.join(map(str, folders))}",
            remedy="make one with: edge-emotion convert",
        )
    return files


def _tell_models(found: "dict[str, Description]") -> None:
    """Two tables, each narrow enough for a terminal."""
    from edge_emotion.terminal import print_table

    header = ["model", "task", "format", "kB", "MMAC", "measure", "float", "file", "gate"]
    rows = [[name, *_row(model)] for name, model in found.items()]
    print_table(header, rows, left=("task", "format", "measure", "gate"))
    typer.echo()
    header = ["model", "operators", "weights", "recipe", "trained on"]
    rows = [[name, *_origin(model)] for name, model in found.items()]
    print_table(header, rows, left=header)


def _check_verification(found: "Verification") -> None:
    wrong = [one for one in found.comparisons if not one.passed]
    if wrong:
        raise GateNotMet(
            f"{found.path} does not compute here what it was made to, with {wrong[0].kernels} "
            f"kernels: largest difference {wrong[0].largest:g} steps, mean {wrong[0].mean:g}",
            expected=f"at most {wrong[0].tolerance:g} and {wrong[0].mean_tolerance:g}",
            remedy="try --delegate cpu or another version of the runtime",
        )


def _tell_verification(found: "Verification") -> None:
    from edge_emotion.terminal import print_table

    typer.echo(
        f"{found.path}: {_drawn(found.faces)}, {found.threads} CPU "
        f"thread{'s' if found.threads > 1 else ''}; a step is {found.step:.4g} {_UNITS[found.task]}"
    )
    header = ["kernels", "outputs", "differ", "largest", "allowed", "mean", "allowed", "verdict"]
    rows = [
        [
            one.kernels,
            str(one.outputs),
            str(one.differing),
            f"{one.largest:g}",
            f"{one.tolerance:g}",
            f"{one.mean:.3f}",
            f"{one.mean_tolerance:g}",
            "passed" if one.passed else "not met",
        ]
        for one in found.comparisons
    ]
    print_table(header, rows, left=("verdict",))


def _drawn(pictures: int) -> str:
    return f"{pictures} drawn picture{'s' if pictures != 1 else ''}"


def _facts(found: "Description") -> Iterator[tuple[str, str]]:
    metadata, graph, network = found.metadata, found.graph, found.metadata.architecture
    yield "file", str(found.path)
    yield "task", f"{metadata.task}: {', '.join(metadata.labels)}"
    parameters = f", {network['parameters']:,} parameters" if "parameters" in network else ""
    yield "size", f"{found.size_bytes / 1000:.0f} kB{parameters}"
    taken = "picture" if metadata.task == "detector" else "face"
    yield "work", f"{found.macs / 1e6:.1f} M multiply-accumulates a {taken}"
    yield "operators", ", ".join(f"{count} {name}" for name, count in graph.operators.items())
    scales = ", a scale for each channel" if graph.per_channel else ""
    yield "quantization", f"{metadata.format}: weights {graph.weights or 'compiled'}{scales}"
    yield "input", _tensor(metadata.input)
    yield "output", _tensor(metadata.output)
    if metadata.edgetpu:
        yield "edge tpu", _edgetpu(metadata.edgetpu)
    yield "network", str(network.get("name", "unknown"))
    if metadata.recipe:
        yield "recipe", f"{metadata.recipe.get('name')}, seed {metadata.recipe.get('seed')}"
    for name, facts in metadata.training_data.items():
        yield "trained on", f"{facts['faces']:,} faces of {name}, SHA-256 {facts['sha256'][:16]}"
    versions = (f"{name} {version}" for name, version in metadata.versions.items())
    yield "made with", ", ".join(versions)
    yield "measured on", str(metadata.accuracy.get("measured_on", "nothing"))
    for which in ("float", metadata.format):
        figures = found.figures(which)
        if figures:
            yield which, ", ".join(f"{name} {value:g}" for name, value in figures.items())
    yield "gate", _verdict(found) + (f": {found.gate['reason']}" if found.gate else "")
    vectors = metadata.test_vectors
    yield "test vectors", _drawn(len(vectors.seeds)) if vectors else "none"
    yield "license", metadata.license


def _tensor(spec: "TensorSpec") -> str:
    grid = f", scale {spec.scale:.7f}, zero point {spec.zero_point}" if spec.quantized else ""
    return f"{'×'.join(map(str, spec.shape))} {spec.dtype}{grid}"


def _edgetpu(facts: dict[str, Any]) -> str:
    """What the compiler said; a question mark for what it did not."""
    mapped, operations = (facts.get(name) or "?" for name in ("mapped", "operations"))
    sizes = (facts.get(name) for name in ("on_chip_used_bytes", "off_chip_bytes"))
    cached, streamed = ("?" if size is None else f"{size / 1000:.0f}" for size in sizes)
    return (
        f"compiled: {mapped} of {operations} operators mapped, "
        f"{cached} kB of parameters on the chip, {streamed} kB streamed"
    )


def _verdict(found: "Description") -> str:
    if not found.gate:
        return "not measured"
    return "passed" if found.gate.get("passed") else "not met"


def _row(found: "Description") -> list[str]:
    metadata = found.metadata
    measure = _MAIN_FIGURE[metadata.task]
    figures = [found.figures(which).get(measure) for which in ("float", metadata.format)]
    return [
        metadata.task,
        metadata.format + (" edgetpu" if metadata.edgetpu else ""),
        f"{found.size_bytes / 1000:.0f}",
        f"{found.macs / 1e6:.1f}",
        measure,
        *("" if value is None else f"{value:.4f}" for value in figures),
        _verdict(found),
    ]


def _origin(found: "Description") -> list[str]:
    """What the network is made of and was learned from, in few words."""
    metadata, operators = found.metadata, found.graph.operators
    working = [name for name in operators if name not in _BETWEEN_FORMATS]
    commonest = max(working, key=lambda name: operators[name], default="")
    scales = " per channel" if found.graph.per_channel else ""
    recipe = metadata.recipe
    return [
        f"{sum(operators.values())}: {operators.get(commonest, 0)} {commonest}",
        (found.graph.weights or "compiled") + scales,
        f"{recipe.get('name')}, seed {recipe.get('seed')}" if recipe else "unknown",
        ", ".join(metadata.training_data) or "unknown",
    ]
