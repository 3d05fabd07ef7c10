"""The command `edge-emotion convert`: a trained network to files for the device and for serving."""

from pathlib import Path
from typing import Annotated

import typer

from edge_emotion.errors import WrongUse
from edge_emotion.extras import need

EPILOG = "Example: edge-emotion convert --int8 --float32"
EXPORTS = Path("exports")
REPRESENTATIVE = 500
FORMATS = ("int8", "float32", "float16", "dynamic", "int16x8", "saved_model")


def convert(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="A run folder, a Keras file or a SavedModel folder; the newest runs without.",
            metavar="[MODEL]",
        ),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Full integer, what is made if nothing is named.")
    ] = False,
    float32: Annotated[bool, typer.Option("--float32", help="As it was trained.")] = False,
    float16: Annotated[bool, typer.Option("--float16", help="Weights in 16 bits.")] = False,
    dynamic: Annotated[
        bool, typer.Option("--dynamic", help="Weights in 8 bits, the rest quantized as it runs.")
    ] = False,
    int16x8: Annotated[
        bool, typer.Option("--int16x8", help="Weights in 8 bits, activations in 16; slow.")
    ] = False,
    saved_model: Annotated[
        bool, typer.Option("--saved-model", help="A SavedModel for TensorFlow Serving.")
    ] = False,
    all_formats: Annotated[
        bool, typer.Option("--all", help="All of these, with the measured cost of each.")
    ] = False,
    edgetpu: Annotated[
        bool, typer.Option("--edgetpu", help="Compile the int8 file for an Edge TPU, too.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the data sets, or one data set; that of the training without.",
            metavar="SOURCE",
            envvar="EDGE_EMOTION_DATA",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where the folder NAME is made.", metavar="DIR")
    ] = EXPORTS,
    max_drop: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Loss allowed, in points of accuracy or average precision, or pixels of RMSE; "
            "without 0.5 points or 0.15 px.",
        ),
    ] = None,
    budget: Annotated[
        Path | None,
        typer.Option(
            help="A TOML file that limits other measures as well; see docs/convert.md.",
            metavar="FILE",
        ),
    ] = None,
    representative: Annotated[
        int, typer.Option(min=1, help="Training faces or photographs to calibrate with.")
    ] = REPRESENTATIVE,
    representative_sweep: Annotated[
        bool,
        typer.Option(
            "--representative-sweep",
            help="Only measure what int8 costs with 10 to 1000 such faces, and write nothing.",
        ),
    ] = False,
    auto: Annotated[
        bool,
        typer.Option(
            "--auto", help="Try remedies for what int8 costs, and keep those that measure better."
        ),
    ] = False,
    temperature: Annotated[
        bool,
        typer.Option(
            help="Make an emotion network's probabilities as sure as they are right on validation."
        ),
    ] = True,
    balance: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Points of accuracy that a higher balanced accuracy may cost; none without.",
            metavar="POINTS",
        ),
    ] = None,
    why: Annotated[
        bool,
        typer.Option(
            "--why",
            help="Only show what int8 costs layer by layer and why, and write nothing.",
        ),
    ] = False,
    why_page: Annotated[
        Path | None,
        typer.Option(help="The same as an HTML page with histograms.", metavar="FILE"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Convert trained networks, measure what that cost, and keep them if it is little enough.

    A file that lost more than allowed is kept as .rejected, and the exit code is 3.
    """
    need("convert", "tensorflow", "keras", "rich")
    from edge_emotion_convert.convert import convert_command, sweep_command, why_command

    asked = (int8, float32, float16, dynamic, int16x8, saved_model)
    chosen = [name for name, wanted in zip(FORMATS, asked, strict=True) if wanted or all_formats]
    chosen = chosen or ["int8"]
    if edgetpu and "int8" not in chosen:
        raise WrongUse("--edgetpu without --int8", expected="an int8 file to compile")
    if balance is not None and not temperature:
        raise WrongUse("--balance with --no-temperature", expected="one of them")
    if auto and "int8" not in chosen:
        raise WrongUse("--auto without --int8", expected="an int8 file to make")
    others = {name: name != "int8" for name in chosen}
    others |= {"auto": auto, "edgetpu": edgetpu, "out": out != EXPORTS}
    others |= {"balance": balance is not None}
    explains = why or why_page is not None
    if representative_sweep:
        others |= {"why": explains, "representative": representative != REPRESENTATIVE}
        _check_alone("--representative-sweep", others)
        sweep_command(model, data=data, max_drop=max_drop, budget=budget, as_json=json)
        return
    if explains:
        others |= {"max_drop": max_drop is not None, "budget": budget is not None}
        _check_alone("--why", others)
        why_command(model, data=data, representative=representative, page=why_page, as_json=json)
        return
    convert_command(
        model,
        formats=chosen,
        data=data,
        out=out,
        max_drop=max_drop,
        budget=budget,
        representative=representative,
        edgetpu=edgetpu,
        auto=auto,
        temperature=temperature,
        balance=balance,
        as_json=json,
    )


def _check_alone(option: str, others: dict[str, bool]) -> None:
    """Refuse other options beside one that only measures.

    Args:
        option: the one.
        others: by their names, whether they are given.

    Raises:
        WrongUse: naming those that are.
    """
    given = [f"--{name.replace('_', '-')}" for name, is_given in others.items() if is_given]
    if given:
        raise WrongUse(f"{option} with {', '.join(given)}", expected=f"{option} alone, or --int8")
