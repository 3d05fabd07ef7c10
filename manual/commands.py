"""The page of every command with its options, from the command line itself."""

from collections.abc import Iterator
from typing import Any

import typer

from edge_emotion.cli import app

_HEADER = """\
# Commands

Every command and option, as `edge-emotion COMMAND --help` tells them. Options can also be set in
the environment and in a file ([Settings](device.md#6-settings)).
"""


def page() -> str:
    """The page's Markdown."""
    group = typer.main.get_command(app)
    return "\n".join([_HEADER, *_group(group, "edge-emotion")]) + "\n"


def _group(group: Any, name: str) -> Iterator[str]:
    for title, command in group.commands.items():
        full = f"{name} {title}"
        if hasattr(command, "commands"):
            yield from _group(command, full)
        else:
            yield from _command(command, full)


def _command(command: Any, name: str) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = " ".join([name, *map(_metavar, arguments), "[OPTIONS]"])
    yield f"\n## {name.removeprefix('edge-emotion ')}\n\n    {usage}\n\n{_paragraphs(command.help)}"
    if command.epilog:
        yield f"\n{command.epilog.replace('Example: ', 'Example: `')}`"
    rows = [_row(one) for one in (*arguments, *options) if one.name != "help"]
    yield "\n| | | without |\n|---|---|---|"
    yield from rows


def _row(one: Any) -> str:
    names = [*one.opts, *one.secondary_opts] if one.param_type_name == "option" else [one.name]
    shown = ", ".join(f"`{name}`" for name in names)
    text = " ".join((one.help or "").split()).replace("|", "\\|")
    return f"| {shown} | {text} | {_default(one)} |"


def _metavar(argument: Any) -> str:
    shown = argument.metavar or argument.name.upper()
    shown = f"{shown.strip('[].')}..." if argument.nargs == -1 else shown.strip("[]{}")
    return shown if argument.required else f"[{shown}]"


def _default(one: Any) -> str:
    if one.param_type_name == "argument" or one.default in (None, False, (), []):
        return ""
    if one.default is True:
        return "yes"
    return f"`{one.default}`"


def _paragraphs(text: str | None) -> str:
    parts = (text or "").split("\n\n")
    return "\n\n".join(" ".join(part.split()) for part in parts)
