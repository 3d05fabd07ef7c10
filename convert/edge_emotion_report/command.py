"""`edge-emotion report FILE...`: measurements of models and machines as one report."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_emotion.errors import WrongUse, warn
from edge_emotion.files import check_place, write_together
from edge_emotion_report.files import read_files
from edge_emotion_report.flat import recommended_json, report_csv
from edge_emotion_report.gathered import Gathered, gather
from edge_emotion_report.goals import Goal, parse_goal
from edge_emotion_report.markdown import report_markdown
from edge_emotion_report.page import TITLE, report_page, subtitle
from edge_emotion_report.poster import poster
from edge_emotion_report.recommend import Recommendation, recommend

PAGE = Path("report.html")
_WRITERS = (".html", ".htm", ".md", ".csv")
_PICTURES = (".svg", ".png")


@dataclass(frozen=True)
class Outputs:
    """The files to write.

    Attributes:
        page: HTML; Markdown or CSV if it ends in .md or .csv.
        markdown, csv: these, besides.
        picture: the chart of accuracy against latency, as .svg or .png.
    """

    page: Path | None = None
    markdown: Path | None = None
    csv: Path | None = None
    picture: Path | None = None

    def __post_init__(self) -> None:
        for path, forms, option in (
            (self.page, _WRITERS, "--output"),
            (self.markdown, (".md",), "--markdown"),
            (self.csv, (".csv",), "--csv"),
            (self.picture, _PICTURES, "--picture"),
        ):
            if path is not None and path.suffix not in forms:
                raise WrongUse(f"{option} {path}", expected="a name in " + " or ".join(forms))
            if path is not None:
                check_place(path)

    def __iter__(self) -> Iterator[Path]:
        return filter(None, (self.page, self.markdown, self.csv, self.picture))


def report_files(
    files: Sequence[Path], goal: str = "", outputs: Outputs | None = None, as_json: bool = False
) -> None:
    """Write a report of files of `benchmark`, `convert` and `evaluate`; warn of what is left out.

    Args:
        files: JSON files, or folders of them.
        goal: what `goals.parse_goal` takes.
        outputs: what to write; without a page report.html, or none if `as_json`.
        as_json: print the recommendation and its figures as JSON, not in words.

    Raises:
        EdgeEmotionError: none of the files can be used, or one cannot be written.
        WrongUse: a goal that is not understood.
    """
    aim, outputs = parse_goal(goal), outputs or Outputs()
    if outputs.page is None and not as_json:
        outputs = replace(outputs, page=PAGE)
    gathered = gather(read_files(files))
    for note in gathered.notes:
        warn(note)
    recommended = recommend(gathered, aim)
    write_together({path: _content(path, gathered, aim, recommended) for path in outputs})
    if as_json:
        sys.stdout.write(recommended_json(gathered, recommended))
    else:
        sys.stdout.writelines(f"{line}\n" for line in told(recommended))
    written = [str(path) for path in outputs]
    if written:
        sys.stderr.write(f"report: {', '.join(written)}\n")


def _content(
    path: Path, gathered: Gathered, goal: Goal, recommended: Sequence[Recommendation]
) -> bytes:
    if path.suffix in _PICTURES:
        return poster(gathered, path.suffix)
    if path.suffix == ".csv":
        return report_csv(gathered).encode()
    if path.suffix == ".md":
        return report_markdown(gathered, TITLE, subtitle(gathered, goal), recommended).encode()
    return report_page(gathered, goal, recommended).encode()


def told(recommended: Sequence[Recommendation]) -> Iterator[str]:
    """The recommendation in words, a paragraph at a time."""
    for one in recommended:
        for advice in one.advice:
            reasons = " ".join(advice.reasons)
            yield f"On {one.device}, {advice.task}: {advice.headline}. {reasons}"
        yield from filter(None, (one.decided, one.command))
