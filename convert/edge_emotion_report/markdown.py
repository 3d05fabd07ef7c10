"""The report as Markdown: the recommendation and the tables."""

import re
from collections.abc import Iterator, Sequence

from edge_emotion_report import tables
from edge_emotion_report.gathered import Gathered
from edge_emotion_report.recommend import Recommendation
from edge_emotion_report.records import Source
from edge_emotion_report.roofline import tables as layer_tables
from edge_emotion_report.tables import Grid

_SETS, _CONTESTS = "Accuracy on every set", "Detectors side by side"
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$&])")


def report_markdown(
    gathered: Gathered, title: str, subtitle: str, recommended: Sequence[Recommendation]
) -> str:
    """The text of a report."""
    return "\n".join(_lines(gathered, title, subtitle, recommended)) + "\n"


def _lines(
    gathered: Gathered, title: str, subtitle: str, recommended: Sequence[Recommendation]
) -> Iterator[str]:
    yield from (f"# {plain(title)}", "", plain(subtitle), "")
    yield from ("## What to run", "") if recommended else ()
    for one in recommended:
        yield from (f"### On {plain(one.device)}", "")
        for advice in one.advice:
            task, reasons = advice.task.capitalize(), " ".join(advice.reasons)
            yield from (f"**{task}: {plain(advice.headline)}.** {plain(reasons)}", "")
        yield from (plain(one.decided), "") if one.decided else ()
        yield from (f"Mind: {plain('; '.join(one.cautions))}", "") if one.cautions else ()
        yield from (f"    {one.command}", "") if one.command else ()
    numbers = {source: number for number, source in enumerate(gathered.sources, 1)}
    for heading, grids in _sections(gathered):
        found = list(grids)
        if found:
            yield from (f"## {heading}", "")
        if heading == _SETS and tables.sets_differ(gathered):
            yield from (plain(tables.WHY_SETS_DIFFER), "")
        if heading == _CONTESTS and found:
            yield from (plain(tables.CONTEST), "")
        for grid in found:
            yield from _table(grid, numbers)
    if gathered.notes:
        yield from ("## Notes", "", *(f"- {plain(note)}" for note in gathered.notes))


def _sections(gathered: Gathered) -> Iterator[tuple[str, Iterator[Grid]]]:
    yield "Models", tables.models(gathered)
    yield _CONTESTS, map(tables.contest, gathered.contests)
    yield "What each format loses", tables.losses(gathered)
    yield _SETS, tables.accuracies(gathered)
    yield "Networks alone", tables.timings(gathered)
    yield "Whole frames", tables.frames(gathered)
    yield "Layers", map(tables.layers, gathered.explanations)
    yield "What is left to gain", layer_tables.rooflines(gathered)
    yield "Devices", iter([tables.devices(gathered)] if gathered.devices else [])
    yield "Files", iter([tables.sources(gathered)])


def _table(grid: Grid, numbers: dict[Source, int]) -> Iterator[str]:
    if grid.title:
        yield from (f"**{plain(grid.title)}**", "")
    yield f"| {' | '.join(map(plain, grid.header))} |"
    yield (
        "|"
        + "|".join(
            "---" if not at or at in grid.words else "---:" for at in range(len(grid.header))
        )
        + "|"
    )
    for row in grid.rows:
        yield f"| {' | '.join(map(plain, row))} |"
    if grid.sources:
        named = ", ".join(map(str, sorted(numbers[source] for source in grid.sources)))
        yield from ("", f"From {'file' if len(grid.sources) == 1 else 'files'} {named}.")
    yield ""


def plain(text: str) -> str:
    """Text in which nothing is a sign of Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", text)
