"""Settings of a command from a TOML file: `--config FILE`, or EDGE_EMOTION_CONFIG.

A table has a command's name and its keys those of the long options, with underscores:

    [run]
    camera = "usb:0"
    max_fps = 15

What is given on the command line, or as EDGE_EMOTION_*, goes before the file.
"""

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_emotion.errors import WrongUse, warn
from edge_emotion.toml import NotToml, line_of, loads

_LARGEST_BYTES = 1_000_000  # more are no settings
_PLACES, _ENVIRONMENT = "edge_emotion.places", "edge_emotion.environment"  # in a context's meta


def _take(ctx: typer.Context, path: Path | None) -> Path | None:
    """Make the file's values the command's defaults, before its other options are read."""
    if not ctx.meta.get(_ENVIRONMENT):  # once, however often the file is read again
        ctx.meta[_ENVIRONMENT] = True
        _warn_of_misspelt(ctx)
    ctx.meta[_PLACES] = {}
    if path is not None:
        ctx.default_map = {**(ctx.default_map or {}), **read_settings(path, ctx)}
    return path


def places(ctx: typer.Context) -> dict[str, str]:
    """Of each option that was taken from the settings file where that stands, as `FILE:LINE`."""
    found: dict[str, str] = ctx.meta.get(_PLACES, {})

    def is_taken(name: str) -> bool:
        source = ctx.get_parameter_source(name)
        return source is not None and source.name == "DEFAULT_MAP"

    return {name: place for name, place in found.items() if is_taken(name)}


def _warn_of_misspelt(ctx: typer.Context) -> None:
    """Name variables of the environment that look like options of the command and are none."""
    prefix = f"{ctx.auto_envvar_prefix}_"
    known = [str(option.name).upper() for option in ctx.command.params]
    for name in sorted(name for name in os.environ if name.startswith(prefix)):
        if (option := name.removeprefix(prefix)) not in known:
            near = get_close_matches(option, known, n=1)
            meant = f"; {prefix}{near[0]}?" if near else ""
            warn(f"{name} is no option of {ctx.info_name}{meant}")


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        is_eager=True,
        callback=_take,
        envvar="EDGE_EMOTION_CONFIG",
        metavar="FILE",
        help="Take what is not given here from this TOML file.",
    ),
]


def read_settings(path: Path, ctx: typer.Context) -> dict[str, Any]:
    """The values that a file has for the command of `ctx`, by the options' names.

    Raises:
        WrongUse: it cannot be read, is no TOML, or has a key or value that the command does not
            take; names the line.
    """
    text = _read(path)
    try:
        tables = loads(text)
    except NotToml as error:
        raise WrongUse(f"{path} is not TOML: {error}") from error
    commands = getattr(ctx.parent and ctx.parent.command, "commands", {ctx.info_name: None})
    for name, table in tables.items():
        if name not in commands or not isinstance(table, dict):
            raise WrongUse(
                f"{path}{line_of(text, name)}: {name}",
                expected="a table of a command, such as [run]",
            )
    options = {option.name: option for option in ctx.command.params if option.name != "config"}
    values = tables.get(str(ctx.info_name), {})
    for key, value in values.items():
        where = f"{path}{line_of(text, key, str(ctx.info_name))}"
        if key not in options:
            near = get_close_matches(key, map(str, options), n=1, cutoff=0.5)
            raise WrongUse(
                f"{where}: unknown key {key!r}",
                expected=f"{near[0]}?" if near else "one of " + ", ".join(sorted(options)),
            )
        _check(where, ctx, options[key], value)
        ctx.meta[_PLACES][key] = where
    return values


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
        if len(content) > _LARGEST_BYTES:
            raise WrongUse(f"{path} has more than {_LARGEST_BYTES} bytes", expected="settings")
        return content.decode()
    except OSError as error:
        raise WrongUse(
            f"cannot read the settings {path}: {error.strerror}",
            remedy="check --config, or EDGE_EMOTION_CONFIG",
        ) from error
    except UnicodeDecodeError as error:
        raise WrongUse(f"the settings {path} are no text in UTF-8") from error


def _check(where: str, ctx: typer.Context, option: Any, value: Any) -> None:
    """Convert a value as the command line would; TOML's `true` is no number."""
    if option.is_flag != isinstance(value, bool) or isinstance(value, dict | list):
        expected = "true or false" if option.is_flag else "one number or text"
        raise WrongUse(f"{where}: {option.name} is {value!r}", expected=expected)
    try:
        option.process_value(ctx, value)
    except Exception as error:  # Click's BadParameter, whichever Click Typer goes with
        why = getattr(error, "message", str(error)).rstrip(".")
        raise WrongUse(f"{where}: {option.name} is {value!r}; {why}") from error
