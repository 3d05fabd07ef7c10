"""The command line.

Only this module and the `cli_*` beside it reach up to the other rooms, and each command imports its
own when it runs, so that `--help` is quick and a device never loads TensorFlow.
"""

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

import edge_emotion
from edge_emotion import (
    cli_benchmark,
    cli_convert,
    cli_doctor,
    cli_report,
    cli_run,
    cli_serve,
    cli_train,
)
from edge_emotion.cli_app import App, Program
from edge_emotion.cli_data import data_app
from edge_emotion.cli_models import models_app
from edge_emotion.cli_places import DataOption, data_folder
from edge_emotion.errors import EdgeEmotionError, ExitCode, warn
from edge_emotion.extras import need

# Typer carries its own copy of Click since 0.26 and used the installed one before; this names the
# base of its usage errors in both.
_UsageError: Any = typer.BadParameter.__base__

app = App(
    name="edge-emotion",
    cls=Program,
    help="Facial keypoints and five emotions on small devices: train, quantize to int8, run.",
    epilog="Every option can also be set in the environment: EDGE_EMOTION_RUN_MAX_FPS is run's "
    "--max-fps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"auto_envvar_prefix": "EDGE_EMOTION"},
)
app.add_typer(data_app, name="data")
app.add_typer(models_app, name="models")
app.command("run", cls=cli_run.RunCommand, epilog=cli_run.EPILOG)(cli_run.run)
app.command("train", epilog=cli_train.EPILOG, no_args_is_help=True)(cli_train.train)
app.command("convert", epilog=cli_convert.EPILOG)(cli_convert.convert)
app.command("benchmark", epilog=cli_benchmark.EPILOG)(cli_benchmark.benchmark)
app.command("report", epilog=cli_report.EPILOG, no_args_is_help=True)(cli_report.report)
app.command("serve", epilog=cli_serve.EPILOG)(cli_serve.serve)
app.command("doctor", epilog=cli_doctor.EPILOG)(cli_doctor.doctor)


def main() -> None:
    """Run the command line; an error a user can cause is one line on stderr and an exit code."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        code = app(arguments, prog_name="edge-emotion", standalone_mode=False)
    except Exception as error:  # the boundary of the program, but for KeyboardInterrupt
        if debug:
            traceback.print_exc()
        code = _report(error)
    sys.exit(code if isinstance(code, int) else ExitCode.DONE)


def _report(error: Exception) -> ExitCode:
    """Print one line about an error; returns the exit code it ends the program with."""
    if isinstance(error, EdgeEmotionError):
        message, code = str(error), error.exit_code
    elif isinstance(error, typer.Abort):
        message, code = "interrupted", ExitCode.INTERRUPTED
    elif isinstance(error, _UsageError.__base__):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "edge-emotion"
        found = " ".join(error.format_message().split()).rstrip(".")
        found = found.replace("Value error, ", "")  # which Pydantic, inside of Typer, begins with
        message = f"{found}; see {command} --help" if found else ""  # then the help is printed
        code = ExitCode.WRONG_USE
    else:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        message, code = f"unexpected {what}; --debug shows where", ExitCode.FAILED
    if message:
        warn(message)
    return code


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"edge-emotion {edge_emotion.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            allow_from_autoenv=False,
            help="Print the version.",
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", allow_from_autoenv=False, help="Show where an error comes from."),
    ] = False,
) -> None:
    pass  # `main` has taken --debug out, wherever it stood; it is here for --help


@app.command(epilog="Example: edge-emotion evaluate runs/emotion-edge --split test")
def evaluate(
    model: Annotated[
        Path, typer.Argument(help="A .tflite file, a run folder, a .keras file or a peer's .toml.")
    ],
    data: DataOption = None,
    split: Annotated[
        str, typer.Option(help="test, validation, train or all rows of the recipe's sets.")
    ] = "test",
    card: Annotated[
        Path | None, typer.Option(help="Also write a model card, in Markdown.", metavar="FILE")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Also write an HTML page.", metavar="FILE")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Also write its pictures, as SVG.", metavar="DIR")
    ] = None,
    other: Annotated[
        Path | None,
        typer.Option(
            "--with",
            help="Other task's network in the pictures; beside a detector YuNet's .onnx.",
            metavar="MODEL",
        ),
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness", help="Also on the faces made worse: light, blur, crop, cover."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure a model on labelled faces or photographs, with 95 % intervals."""
    need("convert", "tensorflow", "keras", *(["matplotlib"] if html or pictures else []))
    if not model.exists():
        raise EdgeEmotionError(f"{model} does not exist", remedy="check the model's path")
    from edge_emotion_convert.cards import card_command
    from edge_emotion_convert.evaluate import evaluate_command

    if data is None and model.suffix in (".tflite", ".toml"):  # a run knows that of its training
        data = data_folder(None)
    drawn: Any = {"page": html, "pictures": pictures, "other": other, "robust": robustness}
    if card is None:
        evaluate_command(model, data=data, split=split, as_json=json, **drawn)
    else:
        card_command(card, model, split=split, data=data, as_json=json, **drawn)
