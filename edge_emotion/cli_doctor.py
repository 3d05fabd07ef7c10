"""The command `edge-emotion doctor`."""

import json as jsonlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from edge_emotion.errors import ExitCode

if TYPE_CHECKING:
    from edge_emotion_device.doctor import Finding

EPILOG = "Example: edge-emotion doctor --json"
_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> int:
    """Look at this device: system, packages, models, cameras, accelerator, power, room.

    Each check is ok, warn (run works, but less well or without that) or fail (run cannot work), and
    what is not ok has a remedy. The exit code is 1 where a check fails.
    """
    from edge_emotion.terminal import busy
    from edge_emotion_device.doctor import examine

    with busy("looking at this device"):
        found = dict(examine())
    if json:
        listed = [{"name": name, **asdict(finding)} for name, finding in found.items()]
        typer.echo(jsonlib.dumps(listed, indent=2, ensure_ascii=False))
    else:
        _tell(found)
    failed = any(finding.status == "fail" for finding in found.values())
    return ExitCode.FAILED if failed else ExitCode.DONE


def _tell(found: "dict[str, Finding]") -> None:
    from rich.text import Text

    from edge_emotion.terminal import make_table, show

    table = make_table(["check", "status", "found"], left=("status", "found"))
    for name, finding in found.items():
        status = Text(finding.status, style=_STYLES[finding.status])
        table.add_row(name, status, finding.found)
        if finding.remedy:
            table.add_row("", "", f"→ {finding.remedy}")
    show(table)
    failed, warned = (
        [name for name, finding in found.items() if finding.status == status]
        for status in ("fail", "warn")
    )
    if failed:
        typer.echo(f"run cannot work here: see {', '.join(failed)}")
    else:
        typer.echo(f"run can work here; see {', '.join(warned)}" if warned else "all is well")
