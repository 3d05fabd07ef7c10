"""What the page of a detector's evaluation shows: its curve, tables, and photographs with boxes."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from edge_emotion.detection import DETECTOR_SIDE_PX, SURE_ABOVE, faces
from edge_emotion.detection_metrics import (
    Detections,
    LabelledFaces,
    Matches,
    match,
    precision_recall,
)
from edge_emotion.pages import MARK, picture, table
from edge_emotion.palette import COLORS
from edge_emotion.types import Floats, Image
from edge_emotion_convert.evaluated import Evaluation, Measured
from edge_emotion_convert.summaries import (
    at_rates,
    by_group,
    percent,
    side_by_side,
    summary,
    within,
)
from edge_emotion_convert.tasks.detector import DetectorFigures, matched
from edge_emotion_train.pictures.faces import Grid
from edge_emotion_train.pictures.sections import Section
from edge_emotion_train.pictures.style import INK, SOFT, as_svg, new_chart, styled

_SHOWN = 12  # photographs
_MISSED, _WRONG = COLORS["Sad"], COLORS["Surprise"]
_CAPTION = 12

_BOXES = (
    f'<span class="key"><i class="dot" style="background:{MARK}"></i>found</span> '
    f'<span class="key"><i class="dot" style="background:{_WRONG}"></i>taken for a face</span> '
    f'<span class="key"><i class="dot" style="background:{_MISSED}"></i>missed</span>'
)


def headline(evaluation: Evaluation) -> dict[str, str]:
    """The figures at the head of the page, as HTML."""
    facts = {}
    for part in evaluation.parts[:1]:
        found = part.figures
        assert isinstance(found, DetectorFigures)
        name = escape(part.name)
        ends = f" <small>95 %: {within(part.interval)}</small>"
        facts[f"average precision, {name}"] = percent(found.average_precision) + ends
        for rate, recall in found.recall.items():
            ends = f" <small>95 %: {within(part.intervals[f'recall.{rate}'])}</small>"
            facts[f"found at {rate} false boxes a photograph"] = percent(recall) + ends
    return facts


def detector_sections(measured: Sequence[Measured], evaluation: Evaluation) -> list[Section]:
    """The sections, from the figures to the photographs.

    Args:
        measured: photographs and what a detector answered to them, the first of which are shown.
        evaluation: of the same.
    """
    whole = [each for each in measured if not each.part.narrowed]
    found = [matched(each.rows.truth, each.answers) for each in whole]
    tables = [_html(summary(evaluation.parts, "detector"))]
    if evaluation.beside:
        tables += [_html(side_by_side(evaluation, each.part)) for each in whole]
    text = (
        "A face is found where a box overlaps its own with an IoU of at least 0.35. Counted are "
        "faces of at least 10 % of the photograph's longest side that are not heavily occluded."
    )
    names = [each.part.name for each in whole]
    curves = as_svg(curve(dict(zip(names, found, strict=True))), "precision_recall")
    return [
        Section("measured", "Measured", text, tables=tables),
        Section(
            "precision_recall",
            "What is found, and how much of it is a face",
            "",
            {"precision_recall": curves},
            tables=[_html(at_rates(each.part)) for each in whole],
        ),
        Section(
            "groups",
            "Which faces it finds",
            "By the side of the face as a share of the photograph's longest; those of at least "
            "10 % by how blurred and how occluded they are.",
            tables=[_html(by_group(each.part)) for each in whole],
        ),
        *_photographs(whole[0]),
    ]


@styled
def curve(found: Mapping[str, Matches]) -> Figure:
    """The precision-recall curve of each set of photographs."""
    figure, axes = new_chart(3.7)
    for (name, matches), color in zip(found.items(), (INK, MARK, SOFT, _MISSED), strict=False):
        precision, recall, _ = precision_recall(matches)
        axes.plot(recall, precision, color=color, linewidth=1.4, label=name)
    axes.set(xlim=(0, 1.005), ylim=(0, 1.02), ylabel="of the boxes, faces", xlabel="faces found")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower left", fontsize=8, frameon=False)
    return figure


def _photographs(measured: Measured) -> Iterator[Section]:
    found = [Detections(*faces(answer, SURE_ABOVE)) for answer in measured.answers]
    truth: list[LabelledFaces] = list(measured.rows.truth)
    errors = np.array(
        [_errors(match([each], [real])) for each, real in zip(found, truth, strict=True)]
    )
    shown = {
        "photographs": ("Some photographs", np.random.default_rng(0).permutation(len(truth))),
        "worst": ("Those with most errors", np.argsort(-errors, kind="stable")),
    }
    for name, (title, order) in shown.items():
        cells = [
            _cell(measured.rows.images[row], found[row], truth[row], str(measured.rows.names[row]))
            for row in order[:_SHOWN]
        ]
        text = f"Boxes with a score of at least {SURE_ABOVE:g}, as the device uses it. {_BOXES}"
        yield Section(name, title, text, grids=[Grid(cells, columns=4)])


def _errors(matches: Matches) -> int:
    """Faces missed and boxes that are none."""
    missed = np.isnan(matches.found_at[matches.counted]).sum()
    return int(missed + (~matches.right).sum())


def _cell(image: Image, found: Detections, truth: LabelledFaces, name: str) -> str:
    """A photograph with its boxes: found, taken for a face, and missed."""
    matches = match([found], [truth])
    wrong = set(matches.scores[~matches.right].tolist())
    marks = [
        _box(box, _WRONG if float(score) in wrong else MARK)
        for box, score in zip(found.boxes, found.scores.astype(np.float64), strict=True)
    ]
    missed = matches.counted & np.isnan(matches.found_at)
    marks += [_box(box, _MISSED) for box in truth.boxes[missed]]
    side = DETECTOR_SIDE_PX
    return (
        f'<svg viewBox="0 0 {side} {side + _CAPTION}" role="img" aria-label="{escape(name)}">'
        f"{picture(image, side)}{''.join(marks)}"
        f'<text x="0" y="{side + 9}" font-size="9" fill="currentColor" fill-opacity=".65">'
        f"{escape(name[-40:])}</text></svg>"
    )


def _box(box: Floats, color: str) -> str:
    x1, y1, x2, y2 = (float(edge) for edge in box)
    return (
        f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" rx="2"'
        f' fill="none" stroke="{color}" stroke-width="1.6"/>'
    )


def _html(rows: tuple[list[str], list[list[str]]]) -> str:
    headings, cells = rows
    return table(
        [escape(name).replace(" %", "&nbsp;%") for name in headings],
        [[escape(cell) for cell in row] for row in cells],
    )
