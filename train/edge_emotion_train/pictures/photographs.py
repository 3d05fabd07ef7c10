"""Photographs with the boxes a detector found, and the curve of how many of them are faces."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from edge_emotion.detection_metrics import Detections, LabelledFaces, Matches, match
from edge_emotion.detection_metrics import precision_recall as curve_of
from edge_emotion.pages import MARK, picture
from edge_emotion.palette import COLORS
from edge_emotion.types import Floats, Image
from edge_emotion_train.pictures.style import INK, SOFT, new_chart, styled

MISSED, WRONG = COLORS["Sad"], COLORS["Surprise"]
KEY = " ".join(
    f'<span class="key"><i class="dot" style="background:{color}"></i>{name}</span>'
    for name, color in (("found", MARK), ("taken for a face", WRONG), ("missed", MISSED))
)
_CAPTION, _LONGEST_NAME = 12, 40


@styled
def precision_recall(found: Mapping[str, Matches]) -> Figure:
    """The precision-recall curve of each named set of photographs."""
    figure, axes = new_chart(3.7)
    for (name, matches), color in zip(found.items(), (INK, MARK, SOFT, MISSED), strict=False):
        precision, recall, _ = curve_of(matches)
        axes.plot(recall, precision, color=color, linewidth=1.4, label=name)
    axes.set(xlim=(0, 1.005), ylim=(0, 1.02), ylabel="of the boxes, faces", xlabel="faces found")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower left", fontsize=8, frameon=False)
    return figure


def photo_cell(image: Image, found: Detections, truth: LabelledFaces, name: str) -> str:
    """A square picture with its boxes: found, taken for a face, and missed."""
    matches = match([found], [truth])
    wrong = set(matches.scores[~matches.right].tolist())
    marks = [
        _box(box, WRONG if float(score) in wrong else MARK)
        for box, score in zip(found.boxes, found.scores.astype(np.float64), strict=True)
    ]
    missed = matches.counted & np.isnan(matches.found_at)
    marks += [_box(box, MISSED) for box in truth.boxes[missed]]
    side = len(image)
    return (
        f'<svg viewBox="0 0 {side} {side + _CAPTION}" role="img" aria-label="{escape(name)}">'
        f"{picture(image, side)}{''.join(marks)}"
        f'<text x="0" y="{side + 9}" font-size="9" fill="currentColor" fill-opacity=".65">'
        f"{escape(name[-_LONGEST_NAME:])}</text></svg>"
    )


def errors(found: Sequence[Detections], truth: Sequence[LabelledFaces]) -> np.ndarray:
    """`(N,)`: of each photograph the faces missed and the boxes that are none."""
    each = [match([one], [real]) for one, real in zip(found, truth, strict=True)]
    missed = [np.isnan(matches.found_at[matches.counted]).sum() for matches in each]
    wrong = [(~matches.right).sum() for matches in each]
    return np.add(missed, wrong)


def _box(box: Floats, color: str) -> str:
    x1, y1, x2, y2 = (float(edge) for edge in box)
    return (
        f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" rx="2"'
        f' fill="none" stroke="{color}" stroke-width="1.6"/>'
    )
