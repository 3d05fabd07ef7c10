"""Sections as one HTML page, or as one SVG file a picture."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from edge_emotion import metrics, pages
from edge_emotion.files import write_text
from edge_emotion_train.pictures.answered import Answered
from edge_emotion_train.pictures.faces import Grid, sheet
from edge_emotion_train.pictures.sections import Section
from edge_emotion_train.pictures.style import as_file

_CELL = "max(9.5rem, 18%)"  # five columns on a desk, two on a phone
_HEADLINES = 2


def page(title: str, subtitle: str, facts: Mapping[str, str], shown: Sequence[Section]) -> str:
    """The HTML of a page.

    Args:
        title, subtitle: plain text.
        facts: name: figure, as HTML.
        shown: what is below them.
    """
    return pages.render(title, subtitle, facts, map(_section, shown), _CELL)


def write_pictures(folder: Path, shown: Sequence[Section]) -> list[Path]:
    """Write each chart and each section's faces as an SVG file; returns their paths."""
    pictures = {name: svg for section in shown for name, svg in section.charts.items()}
    pictures |= {section.name: sheet(section.grids) for section in shown if section.grids}
    for name, svg in pictures.items():
        write_text(folder / f"{name}.svg", as_file(svg))
    return [folder / f"{name}.svg" for name in pictures]


def headline(sets: Sequence[Answered]) -> dict[str, str]:
    """The figure by which each of the first sets is judged, with its 95 % interval, as HTML."""
    facts = {}
    for part in sets[:_HEADLINES]:
        if part.emotional:
            found = metrics.accuracy_interval(part.truth, part.answers)
            value = f"{found.value:.1%} <small>95 %: {found.low:.1%} to {found.high:.1%}</small>"
            facts[f"accuracy, {escape(part.name)}"] = value
        else:
            found = metrics.rmse_interval_px(part.truth, part.answers)
            value = f"{found.value:.2f} <small>95 %: {found.low:.2f} to {found.high:.2f}</small>"
            facts[f"RMSE in px, {escape(part.name)}"] = value
    return facts


def _section(section: Section) -> str:
    charts = "".join(f"<div>{svg}</div>" for svg in section.charts.values())
    parts = [f'<div class="charts">{charts}</div>'] if charts else []
    parts += [_grid(grid) for grid in section.grids]
    return pages.section(section.title, section.text, *parts, *section.tables)


def _grid(grid: Grid) -> str:
    title = f"<h3>{escape(grid.title)}</h3>" if grid.title else ""
    return title + pages.grid(grid.cells, grid.kind)
