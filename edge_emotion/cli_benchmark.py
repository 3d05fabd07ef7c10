"""The command `edge-emotion benchmark`."""

import json as jsonlib
import os
import re
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_emotion.errors import EdgeEmotionError, warn

_TIMES = {"p50 ms": "p50_ms", "p90": "p90_ms", "p99": "p99_ms", "a second": "per_s"}
_OPENING = {
    "load ms": "load_ms",
    "first ms": "first_ms",
    "memory MB": "memory_mb",
    "file kB": "file_kb",
}
_STAGES = ("detect", "keypoints", "emotion", "other")

EPILOG = "Example: edge-emotion benchmark exports/emotion-edge --threads 1,4"


def benchmark(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help=".tflite files, folders of them, or adapters of other networks (.toml); "
            "emotion, keypoints and detector, the shipped ones, without.",
            metavar="MODEL",
        ),
    ] = None,
    threads: Annotated[
        str | None,
        typer.Option(
            "--threads",
            "--num_threads",
            help="CPU threads, such as 1,2,4; one and all cores without.",
            metavar="N,...",
        ),
    ] = None,
    delegate: Annotated[
        str,
        typer.Option(
            help="cpu, edgetpu[:usb|:pci|:N] or external:LIB[,key=value], with commas between "
            "them; auto is the CPU and what is plugged in.",
            metavar="NAME,...",
        ),
    ] = "auto",
    num_runs: Annotated[
        int,
        typer.Option(
            "--num-runs",
            "--num_runs",
            min=1,
            help="Timed runs of each network at least.",
            metavar="N",
        ),
    ] = 1000,
    warmup_runs: Annotated[
        int,
        typer.Option(
            "--warmup-runs", "--warmup_runs", min=0, help="Runs before that.", metavar="N"
        ),
    ] = 50,
    min_secs: Annotated[
        float,
        typer.Option(
            "--min-secs",
            "--min_secs",
            min=0,
            help="More timed runs where they take less.",
            metavar="S",
        ),
    ] = 1.0,
    max_secs: Annotated[
        float,
        typer.Option(
            "--max-secs",
            "--max_secs",
            min=0.1,
            help="Fewer timed runs where they take more.",
            metavar="S",
        ),
    ] = 10.0,
    frame_path: Annotated[
        bool, typer.Option(help="Also time whole frames, detector and all.")
    ] = True,
    layers: Annotated[
        bool,
        typer.Option("--layers", help="Also time each layer, on one CPU thread, for a roofline."),
    ] = False,
    energy: Annotated[
        bool, typer.Option(help="Also measure power, where there is a sensor.")
    ] = True,
    name: Annotated[
        str, typer.Option(help="Name of this machine in the file; its model without.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(help="The file; benchmark-MACHINE.json without.", metavar="FILE"),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the file's content, and no tables.")
    ] = False,
) -> None:
    """Time models on this machine: loading, first and later runs, memory, and whole frames.

    Writes what was measured and the machine and its state to a file for edge-emotion report.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported
    from edge_emotion.files import write_text
    from edge_emotion.terminal import busy
    from edge_emotion_device.benchmark.contest import benchmark as measure
    from edge_emotion_device.benchmark.machine import describe_machine
    from edge_emotion_device.benchmark.options import (
        BenchmarkOptions,
        parse_delegates,
        parse_threads,
    )

    given: dict[str, Any] = {"models": tuple(models)} if models else {}
    options = BenchmarkOptions(
        **given,
        threads=parse_threads(threads),
        delegates=parse_delegates(delegate),
        num_runs=num_runs,
        warmup_runs=warmup_runs,
        min_s=min_secs,
        max_s=max_secs,
        frame_path=frame_path,
        layers=layers,
        energy=energy,
        name=name,
        command=shlex.join(["edge-emotion", *sys.argv[1:]]),
    )
    output = output or Path(f"benchmark-{_slug(describe_machine(name)['name'])}.json")
    _check_writable(output)
    with busy("reading the models") as status:
        found = measure(options, status.update)
    if all(row["status"] == "failed" for row in found["networks"]):
        reasons = dict.fromkeys(row["error"] for row in found["networks"])
        raise EdgeEmotionError(
            "nothing could be measured: " + (", ".join(reasons) or "there is no model to run")
        )
    content = jsonlib.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(output, content + "\n")
    for warning in found["conditions"]["warnings"]:
        warn(warning)
    if json:
        typer.echo(content)
    else:
        _tell(found)
        typer.echo(f"written to {output}")


class _WritableError(Exception):
    """Leaves `replacing` without a file."""


def _check_writable(path: Path) -> None:
    """Find out before a minute of measuring that a file cannot be written."""
    from edge_emotion.files import replacing

    with suppress(_WritableError), replacing(path):
        raise _WritableError


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "machine"


def _tell(found: dict[str, Any]) -> None:
    """A line about the machine, two tables of the networks, and one of each frame path."""
    from edge_emotion.terminal import print_table

    machine, models = found["machine"], {model["id"]: model for model in found["models"]}
    clock = f" up to {machine['cpu_max_mhz']:.0f} MHz" if machine["cpu_max_mhz"] else ""
    typer.echo(f"{machine['name']}: {machine['cores']} cores{clock}, {machine['system']}\n")
    names = ["model", "format", "on", "threads"]
    for columns in (_TIMES, _OPENING):
        rows = [_cells(row, models[row["model"]], columns) for row in found["networks"]]
        print_table([*names, *columns], rows, left=("format", "on"))
        typer.echo()
    shown: dict[str, list[list[str]]] = {}
    for row in found["frame_path"]:
        ids = (row["keypoints"], row["emotion"], row["detector_model"])
        team = (models[name] for name in ids if name is not None)
        named = ", ".join(f"{model['name']} {model['format']}" for model in team)
        shown.setdefault(named, []).append(_frame_cells(row))
    for named, rows in shown.items():
        typer.echo(f"Frames of 640×480 with a face: {named}")
        header = ["detector", "every", "on", "threads", *_TIMES, *_STAGES]
        print_table(header, rows, left=("detector", "on"))
        typer.echo()
    if found["layers"]:
        _tell_layers(found["layers"], models)
    if found["energy"]:
        _tell_energy(found["energy"], models)
    layers = found["layers"]["models"] if found["layers"] else []
    everything = [*found["networks"], *found["frame_path"], *layers]
    for line in dict.fromkeys(row["error"] for row in everything if row["status"] == "failed"):
        warn(line)


def _cells(row: dict[str, Any], model: dict[str, Any], columns: dict[str, str]) -> list[str]:
    """A contender's names, and those of its figures that the columns are for."""
    names = [model["name"], model["format"], _short(row["delegate"]), str(row["threads"])]
    return [*names, *_figures({**row, "file_kb": model["size_bytes"] / 1000}, columns)]


def _frame_cells(row: dict[str, Any]) -> list[str]:
    stages = row.get("stages_ms", {})
    figures = [*_figures(row, _TIMES), *(_digits(stages.get(stage)) for stage in _STAGES)]
    how = [row["detector"], str(row["every"]), _short(row["delegate"]), str(row["threads"])]
    return [*how, *figures]


def _short(delegate: str) -> str:
    """A delegate's name, without the folder of its library."""
    library, comma, options = delegate.partition(",")
    return Path(library).name + comma + options


def _figures(row: dict[str, Any], columns: dict[str, str]) -> list[str]:
    if row["status"] == "failed":
        return ["failed", *[""] * (len(columns) - 1)]
    return [_digits(row[key]) for key in columns.values()]


def _tell_layers(found: dict[str, Any], models: dict[str, Any]) -> None:
    """A table of each model's layers that compute most."""
    from edge_emotion.terminal import print_table

    peak = found["peak_macs_per_s"]
    typer.echo(f"Layers by one thread; int8 peak {peak / 1e9:.0f} GMAC/s")
    rows = []
    for row in found["models"]:
        model = models[row["model"]]
        for layer in row.get("layers", []):
            if layer["macs"]:
                rate = layer["macs"] / layer["us"] * 1e6 if layer["us"] >= 1 else None
                rows.append(
                    [
                        f"{model['name']} {model['format']}",
                        f"{layer['number']} {layer['operator']}",
                        "×".join(map(str, layer["output"])),
                        f"{layer['us']:.1f}",
                        f"{layer['macs'] / 1e6:.2f}",
                        "" if rate is None else f"{100 * rate / peak:.0f}%",
                    ]
                )
    header = ["model", "layer", "output", "µs", "MMAC", "of peak"]
    print_table(header, rows, left=("layer", "output"))
    typer.echo()


def _tell_energy(found: dict[str, Any], models: dict[str, Any]) -> None:
    from edge_emotion.terminal import print_table

    typer.echo(f"Power by {found['sensor']}: {found['idle_w']:.2f} W idle")
    rows = [
        [
            models[row["model"]]["name"],
            models[row["model"]]["format"],
            _short(row["delegate"]),
            str(row["threads"]),
            f"{row['mean_w']:.2f}",
            f"{row['mj_a_run']:.3g}",
            f"{row['above_idle_mj_a_run']:.3g}",
        ]
        for row in found["networks"]
        if row.get("status") == "ok"
    ]
    header = ["model", "format", "on", "threads", "mean W", "mJ a run", "above idle"]
    print_table(header, rows, left=("format", "on"))


def _digits(figure: float | None) -> str:
    """Three digits that count, and no more than a thousandth; nothing where it was not measured."""
    if figure is None:
        return ""
    return f"{figure:.{0 if figure >= 100 else 1 if figure >= 10 else 3}f}"
