"""The command `edge-emotion report`."""

from pathlib import Path
from typing import Annotated

import typer

from edge_emotion.errors import WrongUse
from edge_emotion.extras import need

EPILOG = (
    "Example: edge-emotion report pi4.json exports/ --goal 'latency<5ms', or: edge-emotion report "
    "--session readings.jsonl"
)


def report(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="JSON of benchmark, convert and evaluate, or folders of it, from any machines.",
            metavar="[FILE]...",
        ),
    ] = None,
    goal: Annotated[
        str,
        typer.Option(
            help="What to recommend a model for: latency<5ms, size<400kB, accuracy>80%, rmse<2px, "
            "ap>85%, and accuracy, latency or size as the aim; several with commas. Without it the "
            "fastest of those near the most accurate one.",
            metavar="GOAL",
        ),
    ] = "",
    session: Annotated[
        list[Path] | None,
        typer.Option(
            help="Readings of a session, as run --output wrote them, with FILE.1, FILE.2 and so "
            "on where there are; again for more, the oldest first.",
            metavar="FILE",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="The page; report.html, or beside the session's file, without. Of measurements "
            "also .md or .csv.",
            metavar="FILE",
        ),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Measurements as Markdown, too.", metavar="FILE.md")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Measurements as one table, too.", metavar="FILE.csv")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            help="The chart of accuracy against latency alone.", metavar="FILE.svg|FILE.png"
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the facts as JSON; a page only with --output.")
    ] = False,
) -> None:
    """Say what to run on which device and what it costs, or draw a session's emotions over time.

    Writes one HTML page that loads nothing from elsewhere.
    """
    if bool(session) == bool(files):
        found = "files and --session" if session else "there is nothing to report on"
        raise WrongUse(found, expected="files of benchmark, convert or evaluate, or --session FILE")
    if session and (goal or markdown or csv or picture):
        raise WrongUse("--session with --goal, --markdown, --csv or --picture", expected="it alone")
    if files or output is not None or not json:
        need("report", "matplotlib")
    if session:
        from edge_emotion_report.session.command import report_session

        report_session(session, output, json)
        return
    from edge_emotion_report.command import Outputs, report_files

    report_files(files or [], goal, Outputs(output, markdown, csv, picture), as_json=json)
