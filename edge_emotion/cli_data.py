"""The commands `edge-emotion data`: look at a data set, list what should not train, get one.

They import what they need when they run, as all commands do (see `cli`).
"""

import json as jsonlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_emotion.cli_app import App
from edge_emotion.errors import WrongUse
from edge_emotion.terminal import busy, print_table

if TYPE_CHECKING:
    from edge_emotion.data.columns import Column
    from edge_emotion.data.inspection import Inspection
    from edge_emotion.data.photographs import PhotoInspection

data_app = App(help="Look at data sets, clean them, get them.", no_args_is_help=True)

PathArgument = Annotated[
    Path,
    typer.Argument(
        help="A CSV file, a zip of one, class folders, a folder with a keypoints.csv or "
        "faces.csv, or WIDER FACE's text."
    ),
]


@data_app.command(epilog="Example: edge-emotion data inspect fer2013.csv --html fer2013.html")
def inspect(
    path: PathArgument,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with samples as well.", metavar="FILE")
    ] = None,
) -> None:
    """Tell what is in a data set: columns, classes, missing points, duplicates, value ranges."""
    from edge_emotion.data.formats import FORMATS, format_of
    from edge_emotion.data.inspection import inspect as look
    from edge_emotion.data.page import page
    from edge_emotion.data.photographs import inspect_photos, photos_page
    from edge_emotion.files import write_text

    with busy(f"reading {path}"):
        found: Inspection | PhotoInspection
        if FORMATS[format_of(path)].task == "detector":
            photos, found = inspect_photos(path)
            text = photos_page(photos, found) if html else ""
        else:
            faces, found = look(path)
            text = page(faces, found) if html else ""
        if html is not None:
            write_text(html, text)
    if json:
        typer.echo(jsonlib.dumps(found.as_dict(), indent=2))
    else:
        _tell(found)


@data_app.command(epilog="Example: edge-emotion data clean fer2013.csv --output left_out.csv")
def clean(
    path: PathArgument,
    output: Annotated[Path, typer.Option(help="Where the list is written.", metavar="FILE")],
    ferplus: Annotated[
        Path | None,
        typer.Option(help="FER+'s fer2013new.csv, for FER2013's CSV.", metavar="FILE"),
    ] = None,
) -> None:
    """List rows that should not train, and why; a recipe takes the list as `exclude`.

    These are blank pictures, pictures that the test split has too, pictures with two labels,
    repetitions and, with --ferplus, what shows no face. Rows of a test split stay.
    """
    from collections import Counter

    from edge_emotion.data.cleaning import rows_to_leave_out, write_left_out
    from edge_emotion.data.faces import DetectionPhotos
    from edge_emotion.data.fer2013 import not_faces
    from edge_emotion.data.formats import format_of, open_data

    with busy(f"reading {path}"):
        if ferplus is not None and format_of(path) != "fer2013":
            raise WrongUse(f"--ferplus with {path}", expected="FER2013's CSV")
        faces = open_data(path)
        if isinstance(faces, DetectionPhotos):
            raise WrongUse(
                f"{path} holds photographs with boxes",
                expected="faces with an emotion or keypoints",
                remedy="mark doubtful boxes in the column ignore instead",
            )
        rows = rows_to_leave_out(faces, not_faces(ferplus) if ferplus else frozenset())
        write_left_out(output, rows)
    typer.echo(f"{len(rows)} of {len(faces)} rows to leave out, listed in {output}")
    for kind, count in Counter(row.kind for row in rows).most_common():
        typer.echo(f"{count:>7} {kind}")


@data_app.command(epilog="Example: edge-emotion data fetch fer2013 --output data/fer2013")
def fetch(
    name: Annotated[
        str, typer.Argument(help="fer2013, fer2013-folders or keypoints.", metavar="SET")
    ],
    output: Annotated[
        Path | None, typer.Option(help="Folder for it; data/SET without.", metavar="DIR")
    ] = None,
) -> None:
    """Download a data set from Kaggle with kagglehub.

    The competitions' sets want a Kaggle account; fer2013-folders, FER2013 as pictures, does not.
    """
    from edge_emotion.data.fetching import fetch as download

    for path in download(name, output or Path("data") / name):
        typer.echo(f"{path}; next: edge-emotion data inspect {path}")


def _tell(found: "Inspection | PhotoInspection") -> None:
    from edge_emotion.data.formats import FORMATS
    from edge_emotion.data.photographs import PhotoInspection

    typer.echo(f"{found.path}: {FORMATS[found.format].what}")
    if isinstance(found, PhotoInspection):
        _tell_photos(found)
    else:
        _tell_faces(found)


def _tell_photos(found: "PhotoInspection") -> None:
    typer.echo(f"{found.photographs} photographs, {found.without_faces} without faces")
    typer.echo(f"{found.faces} faces, {found.ignored} of them too doubtful to count")
    typer.echo(f"{found.repeated} photographs repeat an earlier one")
    for heading, counts in found.counts:
        _table([heading, "faces"], [[name, str(count)] for name, count in counts.items()])
    _tell_columns(found.columns)


def _tell_faces(found: "Inspection") -> None:
    gray, twice = found.gray, found.duplicates
    typer.echo(f"{found.faces} faces of {found.side_px}x{found.side_px} px")
    typer.echo(
        f"gray values {gray.low} to {gray.high}, mean {gray.mean}, spread {gray.spread}; "
        f"{gray.blank} blank pictures"
    )
    typer.echo(
        f"{twice.repeated} faces repeat an earlier one; {twice.across} pictures are in several "
        f"{'splits' if found.classes else 'groups'}, {twice.conflicting} labelled in several ways"
    )
    across = f", {twice.near_twins_across} of a test with one for training"
    more = across if len(found.classes) > 1 else ""
    typer.echo(f"{twice.near_twins} other faces have a near twin{more}")
    if found.classes:
        splits = list(found.classes)
        emotions = list(found.classes[splits[0]])
        counts = [[name, *(str(found.classes[s][name]) for s in splits)] for name in emotions]
        totals = [str(sum(found.classes[split].values())) for split in splits]
        _table(["faces of", *(split or "all rows" for split in splits)], [*counts, ["", *totals]])
    if found.points:
        typer.echo(f"{found.complete} faces have all their points; {found.groups} groups")
        points = [
            [name, str(p.missing), _range(p.x_low, p.x_high), _range(p.y_low, p.y_high)]
            for name, p in found.points.items()
        ]
        _table(["point", "missing in", "x px", "y px"], points)
    _tell_columns(found.other_columns)


def _tell_columns(columns: "Sequence[Column]") -> None:
    if columns:
        rows = [
            [c.name, str(c.missing), c.kind, _values(c.values) or _range(c.low, c.high)]
            for c in columns
        ]
        _table(["column", "empty in", "holds", "values"], rows, left=("holds", "values"))


def _table(header: list[str], rows: list[list[str]], left: tuple[str, ...] = ()) -> None:
    typer.echo()
    print_table(header, rows, left)


def _values(counts: dict[str, int]) -> str:
    return ", ".join(f"{value}: {count}" for value, count in counts.items())


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:g} to {high:g}"
