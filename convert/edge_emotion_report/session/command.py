"""`edge-emotion report --session`."""

import json
from collections.abc import Sequence
from pathlib import Path

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.files import check_place, write_text
from edge_emotion.terminal import busy, show
from edge_emotion_report.session.facts import facts
from edge_emotion_report.session.lines import Lines, with_former
from edge_emotion_report.session.recorded import Session


def report_session(files: Sequence[Path], output: Path | None, as_json: bool) -> None:
    """Read a session's files and what they were before they began anew; draw its page.

    Args:
        files: of one session, the oldest first.
        output: of the page; beside the last file where it is not named.
        as_json: print the facts instead, and draw only if `output` is named.

    Raises:
        WrongUse: the page has another name than `.html`.
        EdgeEmotionError: they cannot be read, hold no readings, or the page cannot be written.
    """
    page = output or files[-1].with_suffix(".html")
    if page.suffix.lower() != ".html":
        raise WrongUse(f"--session with --output {page}", expected="a name that ends in .html")
    check_place(page)
    every = list(dict.fromkeys(one for file in files for one in with_former(file)))
    lines = Lines(every)
    with busy("reading the session"):
        session = Session().add_all(lines)
    notes = _notes(lines)
    if not session.readings:
        raise EdgeEmotionError(
            "; ".join([f"{', '.join(map(str, files))}: there are no readings in it", *notes]),
            expected="what edge-emotion run --output FILE wrote",
        )
    if as_json:
        show(json.dumps(facts(session, lines.broken), indent=2))
    if output is not None or not as_json:
        from edge_emotion_report.session.page import session_page  # loads matplotlib

        with busy("drawing"):
            write_text(page, session_page(session, [file.name for file in every], notes))
    if not as_json:
        for note in notes:
            show(note)
        show(f"page: {page}")


def _notes(lines: Lines) -> list[str]:
    """What could not be read."""
    if not lines.broken:
        return []
    more = lines.broken - len(lines.where)
    places = ", ".join(lines.where) + (f" and {more:,} more" if more else "")
    what = "line is" if lines.broken == 1 else "lines are"
    return [f"{lines.broken:,} {what} broken and left out: {places}"]
