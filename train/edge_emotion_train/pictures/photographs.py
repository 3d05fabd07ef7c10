"""Photographs with the boxes a detector found, and the curve of how many of them are faces."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from edge_emotion.data.faces import Strings
from edge_emotion.detection_metrics import Detections, LabelledFaces, Matches, match
from edge_emotion.detection_metrics import precision_recall as curve_of
from edge_emotion.pages import MARK, picture
from edge_emotion.palette import COLORS
from edge_emotion.types import Floats, Image
from edge_emotion_train.pictures.faces import Grid
from edge_emotion_train.pictures.sections import Section
from edge_emotion_train.pictures.style import INK, SOFT, as_svg, new_chart, styled

COUNTED = (
    "Found is a face that a box overlaps with an IoU of at least 0.35. Counted are faces of at "
    "least 10 % of the photograph's longest side that are not heavily occluded."
)
_MISSED, _WRONG = COLORS["Sad"], COLORS["Surprise"]
_KEY = " ".join(
    f'<span class="key"><i class="dot" style="background:{color}"></i>{name}</span>'
    for name, color in (("found", MARK), ("taken for a face", _WRONG), ("missed", _MISSED))
)
_SHOWN = 12  # photographs
_CAPTION, _LONGEST_NAME = 12, 40


def precision_recall_section(
    found: Mapping[str, Matches], text: str, tables: Sequence[str]
) -> Section:
    """The precision-recall curve of each named set of photographs, and tables below it."""
    title = "What is found, and how much of it is a face"
    charts = {"precision_recall": as_svg(_curves(found), "precision_recall")}
    return Section("precision_recall", title, text, charts, tables=tables)


def photograph_sections(
    images: Sequence[Image],
    found: Sequence[Detections],
    truth: Sequence[LabelledFaces],
    names: Strings,
    text: str,
) -> Iterator[Section]:
    """Some photographs, the same ones every time, and those with most errors.

    Args:
        images: N of `(S, S) uint8`.
        found, truth: on each of them, boxes in its px; those found with the surest first.
        names: `(N,)`.
        text: what is shown on them, as HTML; what the colours mean is added.
    """
    orders = {
        "photographs": ("Photographs", np.random.default_rng(0).permutation(len(names))),
        "worst": ("Those with most errors", np.argsort(-_errors(found, truth), kind="stable")),
    }
    for name, (title, order) in orders.items():
        cells = [
            _cell(images[row], found[row], truth[row], str(names[row])) for row in order[:_SHOWN]
        ]
        yield Section(name, title, f"{text}<br>{_KEY}", grids=[Grid(cells, columns=4)])


@styled
def _curves(found: Mapping[str, Matches]) -> Figure:
    figure, axes = new_chart(3.7)
    for (name, matches), color in zip(found.items(), (INK, MARK, SOFT, _MISSED), strict=False):
        precision, recall, _ = curve_of(matches)
        axes.plot(recall, precision, color=color, linewidth=1.4, label=name)
    axes.set(xlim=(0, 1.005), ylim=(0, 1.02), ylabel="of the boxes, faces", xlabel="faces found")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower left", fontsize=8, frameon=False)
    return figure


def _errors(found: Sequence[Detections], truth: Sequence[LabelledFaces]) -> np.ndarray:
    """`(N,)`: of each photograph the faces missed and the boxes that are none."""
    each = [match([one], [real]) for one, real in zip(found, truth, strict=True)]
    missed = [np.isnan(matches.found_at[matches.counted]).sum() for matches in each]
    wrong = [(~matches.right).sum() for matches in each]
    return np.add(missed, wrong)


def _cell(image: Image, found: Detections, truth: LabelledFaces, name: str) -> str:
    """A square picture with its boxes: found, taken for a face, and missed.

    Args:
        image: `(S, S) uint8`.
        found: the surest first.
        truth: the faces there.
        name: of the photograph.
    """
    places = np.arange(len(found.boxes), dtype=np.float32)  # scores may tie
    matches = match([Detections(found.boxes, -places)], [truth])
    wrong = set((-matches.scores[~matches.right]).tolist())
    marks = [_box(box, _WRONG if place in wrong else MARK) for place, box in enumerate(found.boxes)]
    missed = matches.counted & np.isnan(matches.found_at)
    marks += [_box(box, _MISSED) for box in truth.boxes[missed]]
    side = len(image)
    return (
        f'<svg viewBox="0 0 {side} {side + _CAPTION}" role="img" aria-label="{escape(name)}">'
        f"{picture(image, side)}{''.join(marks)}"
        f'<text x="0" y="{side + 9}" font-size="9" fill="currentColor" fill-opacity=".65">'
        f"{escape(name[-_LONGEST_NAME:])}</text></svg>"
    )


def _box(box: Floats, color: str) -> str:
    x1, y1, x2, y2 = (float(edge) for edge in box)
    return (
        f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" rx="2"'
        f' fill="none" stroke="{color}" stroke-width="1.6"/>'
    )
