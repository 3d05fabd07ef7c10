"""The page of `edge-emotion data inspect --html`: one file, nothing loaded from elsewhere."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from itertools import cycle
from pathlib import Path
from string import Template

import cv2
import numpy as np

from edge_emotion.data.duplicates import disagree, identical_groups
from edge_emotion.data.faces import EmotionFaces, Indices, KeypointFaces
from edge_emotion.data.formats import FORMATS
from edge_emotion.data.inspection import Inspection
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.types import Floats, Image

# Okabe and Ito's colours, which can be told apart by the colour-blind.
COLORS = {
    "Angry": "#D55E00",
    "Disgust": "#009E73",
    "Sad": "#0072B2",
    "Happy": "#E69F00",
    "Surprise": "#CC79A7",
}
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
    template = resources.files("edge_emotion.data") / "page.html"
    return Template(template.read_text(encoding="utf-8")).substitute(
        title=escape(Path(found.path).name),
        format=escape(FORMATS[found.format].what),
        cell="4.6rem" if isinstance(faces, EmotionFaces) else "7.5rem",
        facts=_facts(found),
        sections="\n".join(sections),
    )


def _facts(found: Inspection) -> str:
    gray, twice = found.gray, found.duplicates
    facts = {"faces": f"{found.faces:,}"}
    if found.points:
        facts |= {
            f"with all {len(KEYPOINTS)} points": f"{found.complete:,}",
            "groups": f"{found.groups:,}",
        }
    facts |= {
        "pixels a side": str(found.side_px),
        "gray values": f"{gray.low}–{gray.high}",
        "mean gray ± spread": f"{gray.mean:.0f} ± {gray.spread:.0f}",
        "blank pictures": f"{gray.blank:,}",
        "exact repetitions": f"{twice.repeated:,}",
    }
    return "".join(f"<div><dd>{value}</dd><dt>{name}</dt></div>" for name, value in facts.items())


def _classes(found: Inspection) -> str:
    largest = max(count for counts in found.classes.values() for count in counts.values())
    tables = []
    for split, counts in found.classes.items():
        total = sum(counts.values())
        rows = [
            (name, f"{count:,}", f"{count / total:.1%}", _bar(count / largest, COLORS[name]))
            for name, count in counts.items()
        ]
        name = escape(split or "all rows")
        tables.append(_table((f"{name}, {total:,} faces", "faces", "share", ""), rows))
    return _section("Classes", "", *tables)


def _emotion_samples(faces: EmotionFaces) -> str:
    parts = []
    for label, name in enumerate(EMOTIONS):
        rows = _drawn(np.flatnonzero(faces.labels == label), _SAMPLES_A_CLASS)
        cells = [_figure(faces.images[row], str(faces.names[row])) for row in rows]
        parts.append(_labelled(name) + _faces(cells))
    return _section("Samples", "Drawn at random, by their label.", *parts)


def _mean_faces(faces: EmotionFaces) -> str:
    cells = []
    for label, name in enumerate(EMOTIONS):
        chosen = faces.images[faces.labels == label]
        if len(chosen):
            cells.append(_figure(_mean(chosen), f"{name}, {len(chosen):,}"))
    text = "The mean picture of each class, its contrast stretched."
    return _section("Mean faces", text, _faces(cells, "few"))


def _mean_points(faces: KeypointFaces) -> str:
    known = ~np.isnan(faces.keypoints[..., 0])
    counts = known.sum(axis=0)
    divisors = np.maximum(counts, 1)[:, None]
    means = np.nansum(faces.keypoints, axis=0) / divisors
    spreads = np.sqrt(np.nansum((faces.keypoints - means) ** 2, axis=0) / divisors)
    ellipses = "".join(
        f'<ellipse cx="{x + 0.5:.1f}" cy="{y + 0.5:.1f}" rx="{dx:.1f}" ry="{dy:.1f}" fill="#E69F00"'
        f' fill-opacity=".35" stroke="#E69F00" stroke-width=".4"><title>{name}</title></ellipse>'
        for name, (x, y), (dx, dy), some in zip(KEYPOINTS, means, spreads, counts > 0, strict=True)
        if some
    )
    cell = _figure(_mean(faces.images), f"the mean of {len(faces):,} faces", ellipses)
    return _section(
        "Mean face",
        "The mean picture, its contrast stretched; each ellipse is the mean place of a point and "
        "its spread (one standard deviation) across and down.",
        _faces([cell], "one"),
    )


def _missing(found: Inspection) -> str:
    rows = [
        (
            name,
            f"{point.missing:,}",
            f"{point.missing / found.faces:.1%}",
            _range(point.x_low, point.x_high),
            _range(point.y_low, point.y_high),
            _bar(point.missing / found.faces),
        )
        for name, point in found.points.items()
    ]
    header = ("point", "missing in", "share", "x, px", "y, px", "")
    return _section("Missing points, and where the known ones lie", "", _table(header, rows))


def _keypoint_samples(faces: KeypointFaces) -> str:
    rows = _drawn(np.arange(len(faces)), _SAMPLES)
    cells = [
        _figure(faces.images[row], str(faces.names[row]), _dots(faces.keypoints[row]))
        for row in rows
    ]
    return _section("Samples", "Drawn at random, with the points they have.", _faces(cells))


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
    shown = "<h3>Labelled in several ways</h3>" + _faces(cells, "few") if cells else ""
    return _section("Faces that are there twice", "", _table(("", "count"), rows), shown)


def _conflict(faces: EmotionFaces | KeypointFaces, rows: Indices) -> str:
    more = f"; {len(rows) - _ROWS_TOLD} more" if len(rows) > _ROWS_TOLD else ""
    caption = "; ".join(_where(faces, row) for row in rows[:_ROWS_TOLD]) + more
    if isinstance(faces, EmotionFaces):
        return _figure(faces.images[rows[0]], caption)
    dots = "".join(
        _dots(faces.keypoints[row], color)
        for row, color in zip(rows, cycle(COLORS.values()), strict=False)
    )
    return _figure(faces.images[rows[0]], caption, dots)


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
    return _section(
        "Columns", text, _table(("column", "holds", "empty", "values"), rows, plain=(1, 3))
    )


def _section(title: str, text: str, *parts: str) -> str:
    said = f'<p class="soft">{text}</p>' if text else ""
    return f"<section><h2>{title}</h2>{said}{''.join(parts)}</section>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], plain: Sequence[int] = ()) -> str:
    """A table whose cells after the first are figures, but for bars and the `plain` columns."""

    def cell(tag: str, place: int, content: str) -> str:
        bar = content.startswith("<span")
        kind = "bar" if bar else "count" if place and place not in plain and content else ""
        return f'<{tag} class="{kind}">{content}</{tag}>'

    lines = [
        "".join(cell(tag, place, content) for place, content in enumerate(row))
        for tag, row in [("th", header), *(("td", row) for row in rows)]
    ]
    return f'<div class="scroll"><table><tr>{"</tr><tr>".join(lines)}</tr></table></div>'


def _bar(share: float, color: str = "") -> str:
    paint = f";background:{color}" if color else ""
    return f'<span style="width:{max(share, 0.004) if share else 0:.1%}{paint}"></span>'


def _labelled(emotion: str) -> str:
    return f'<h3><i style="background:{COLORS[emotion]}"></i>{emotion}</h3>'


def _faces(cells: Sequence[str], kind: str = "") -> str:
    return f'<div class="faces {kind}">{"".join(cells)}</div>'


def _figure(image: Image, caption: str, overlay: str = "") -> str:
    side = image.shape[0]
    data = base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()
    source, text = f"data:image/png;base64,{data}", escape(caption)
    return (
        f'<figure><svg viewBox="0 0 {side} {side}" role="img" aria-label="{text}">'
        f'<image href="{source}" width="{side}" height="{side}"/>{overlay}</svg>'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _dots(points: Floats, color: str = "#E69F00") -> str:
    # SVG counts from the edge of the first pixel, the labels from its centre.
    return "".join(
        f'<circle cx="{x + 0.5:.1f}" cy="{y + 0.5:.1f}" r="1.5" fill="{color}"'
        ' stroke="#222" stroke-width=".5"/>'
        for x, y in points
        if not np.isnan(x)
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


def _mean(images: Image) -> Image:
    mean = images.mean(axis=0)
    low, high = mean.min(), mean.max()
    return np.rint((mean - low) * (255 / max(high - low, 1))).astype(np.uint8)


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:g} to {high:g}"
