"""The page of `edge-emotion data inspect --html`: one file, nothing loaded from elsewhere."""

from html import escape
from itertools import cycle
from pathlib import Path

import numpy as np

from edge_emotion.data.duplicates import disagree, identical_groups
from edge_emotion.data.faces import EmotionFaces, Indices, KeypointFaces
from edge_emotion.data.formats import FORMATS
from edge_emotion.data.inspection import Inspection
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.pages import (
    MARK,
    bar,
    dots,
    figure,
    grid,
    mean_picture,
    render,
    section,
    swatch,
    table,
)
from edge_emotion.palette import COLORS

_SAMPLES_A_CLASS = 10
_SAMPLES = 24
_CONFLICTS = 12
_ROWS_TOLD = 4


def page(faces: EmotionFaces | KeypointFaces, found: Inspection) -> str:
    """The HTML of what `inspection.inspect` returned."""
    if isinstance(faces, EmotionFaces):
        sections = [_classes(found), _emotion_samples(faces), _mean_faces(faces)]
    else:
        sections = [_mean_points(faces), _missing(found), _keypoint_samples(faces)]
    sections += [_duplicates(faces, found), _columns(found)]
    cell = "4.6rem" if isinstance(faces, EmotionFaces) else "7.5rem"
    title, subtitle = Path(found.path).name, FORMATS[found.format].what
    return render(title, subtitle, _facts(found), sections, cell)


def _facts(found: Inspection) -> dict[str, str]:
    gray, twice = found.gray, found.duplicates
    facts = {"faces": f"{found.faces:,}"}
    if found.points:
        facts |= {
            f"with all {len(KEYPOINTS)} points": f"{found.complete:,}",
            "groups": f"{found.groups:,}",
        }
    return facts | {
        "pixels a side": str(found.side_px),
        "gray values": f"{gray.low}–{gray.high}",
        "mean gray ± spread": f"{gray.mean:.0f} ± {gray.spread:.0f}",
        "blank pictures": f"{gray.blank:,}",
        "exact repetitions": f"{twice.repeated:,}",
    }


def _classes(found: Inspection) -> str:
    largest = max(count for counts in found.classes.values() for count in counts.values())
    tables = []
    for split, counts in found.classes.items():
        total = sum(counts.values())
        rows = [
            (name, f"{count:,}", f"{count / total:.1%}", bar(count / largest, COLORS[name]))
            for name, count in counts.items()
        ]
        name = escape(split or "all rows")
        tables.append(table((f"{name}, {total:,} faces", "faces", "share", ""), rows))
    return section("Classes", "", *tables)


def _emotion_samples(faces: EmotionFaces) -> str:
    parts = []
    for label, name in enumerate(EMOTIONS):
        rows = _drawn(np.flatnonzero(faces.labels == label), _SAMPLES_A_CLASS)
        cells = [figure(faces.images[row], str(faces.names[row])) for row in rows]
        parts.append(f"<h3>{swatch(name)}</h3>" + grid(cells))
    return section("Samples", "Drawn at random, by their label.", *parts)


def _mean_faces(faces: EmotionFaces) -> str:
    cells = []
    for label, name in enumerate(EMOTIONS):
        chosen = faces.images[faces.labels == label]
        if len(chosen):
            cells.append(figure(mean_picture(chosen), f"{name}, {len(chosen):,}"))
    text = "The mean picture of each class, its contrast stretched."
    return section("Mean faces", text, grid(cells, "few"))


def _mean_points(faces: KeypointFaces) -> str:
    known = ~np.isnan(faces.keypoints[..., 0])
    counts = known.sum(axis=0)
    divisors = np.maximum(counts, 1)[:, None]
    means = np.nansum(faces.keypoints, axis=0) / divisors
    spreads = np.sqrt(np.nansum((faces.keypoints - means) ** 2, axis=0) / divisors)
    ellipses = "".join(
        f'<ellipse cx="{x + 0.5:.1f}" cy="{y + 0.5:.1f}" rx="{dx:.1f}" ry="{dy:.1f}" fill="{MARK}"'
        f' fill-opacity=".35" stroke="{MARK}" stroke-width=".4"><title>{name}</title></ellipse>'
        for name, (x, y), (dx, dy), some in zip(KEYPOINTS, means, spreads, counts > 0, strict=True)
        if some
    )
    cell = figure(mean_picture(faces.images), f"the mean of {len(faces):,} faces", ellipses)
    return section(
        "Mean face",
        "The mean picture, its contrast stretched; each ellipse is the mean place of a point and "
        "its spread (one standard deviation) across and down.",
        grid([cell], "one"),
    )


def _missing(found: Inspection) -> str:
    rows = [
        (
            name,
            f"{point.missing:,}",
            f"{point.missing / found.faces:.1%}",
            _range(point.x_low, point.x_high),
            _range(point.y_low, point.y_high),
            bar(point.missing / found.faces),
        )
        for name, point in found.points.items()
    ]
    header = ("point", "missing in", "share", "x, px", "y, px", "")
    return section("Missing points, and where the known ones lie", "", table(header, rows))


def _keypoint_samples(faces: KeypointFaces) -> str:
    rows = _drawn(np.arange(len(faces)), _SAMPLES)
    cells = [
        figure(faces.images[row], str(faces.names[row]), dots(faces.keypoints[row])) for row in rows
    ]
    return section("Samples", "Drawn at random, with the points they have.", grid(cells))


def _duplicates(faces: EmotionFaces | KeypointFaces, found: Inspection) -> str:
    twice = found.duplicates
    apart = "splits" if found.classes else "groups"
    rows = [
        ("faces that repeat an earlier one, pixel by pixel", f"{twice.repeated:,}"),
        (f"pictures that stand in several {apart}", f"{twice.across:,}"),
        ("pictures that are labelled in several ways", f"{twice.conflicting:,}"),
        ("other faces with a near twin: the same photograph, cut or lit a little differently",
         f"{twice.near_twins:,}"),
    ]  # fmt: skip
    if len(found.classes) > 1:
        rows.append(
            ("of a test or validation split, with a near twin for training",
             f"{twice.near_twins_across:,}")
        )  # fmt: skip
    groups = [rows for rows in identical_groups(faces.images) if disagree(faces, rows)]
    cells = [_conflict(faces, group) for group in groups[:_CONFLICTS]]
    shown = "<h3>Labelled in several ways</h3>" + grid(cells, "few") if cells else ""
    return section("Faces that are there twice", "", table(("", "count"), rows), shown)


def _conflict(faces: EmotionFaces | KeypointFaces, rows: Indices) -> str:
    more = f"; {len(rows) - _ROWS_TOLD} more" if len(rows) > _ROWS_TOLD else ""
    caption = "; ".join(_where(faces, row) for row in rows[:_ROWS_TOLD]) + more
    if isinstance(faces, EmotionFaces):
        return figure(faces.images[rows[0]], caption)
    marks = "".join(
        dots(faces.keypoints[row], color)
        for row, color in zip(rows, cycle(COLORS.values()), strict=False)
    )
    return figure(faces.images[rows[0]], caption, marks)


def _columns(found: Inspection) -> str:
    if not found.columns:
        return ""
    rows = []
    for column in found.other_columns:
        values = ", ".join(f"{value}: {count:,}" for value, count in column.values.items())
        missing = f"{column.missing:,}"
        values = values or _range(column.low, column.high)
        rows.append((escape(column.name), column.kind, missing, escape(values)))
    told = len(found.columns) - len(rows)
    text = f"Besides the {told} of the keypoints." if told else ""
    return section(
        "Columns", text, table(("column", "holds", "empty", "values"), rows, plain=(1, 3))
    )


def _where(faces: EmotionFaces | KeypointFaces, row: int) -> str:
    if isinstance(faces, KeypointFaces):
        return str(faces.names[row])
    return f"{EMOTIONS[faces.labels[row]]} in {faces.names[row]}"


def _drawn(rows: Indices, count: int) -> Indices:
    """Some of the rows, the same ones every time."""
    if len(rows) <= count:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, count, replace=False))


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:g} to {high:g}"
