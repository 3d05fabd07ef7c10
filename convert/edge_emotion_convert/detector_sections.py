"""What the page of a detector's evaluation shows: its curve, tables, and photographs with boxes."""

from collections.abc import Sequence
from html import escape

from edge_emotion.detection import SURE_ABOVE
from edge_emotion.detection_metrics import detected
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
from edge_emotion_train.pictures.photographs import (
    COUNTED,
    photograph_sections,
    precision_recall_section,
)
from edge_emotion_train.pictures.sections import Section, plain_table


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
    curves = {each.part.name: matched(each.rows.truth, each.answers) for each in whole}
    tables = [plain_table(summary(evaluation.parts, "detector"))]
    if evaluation.beside:
        tables += [plain_table(side_by_side(evaluation, each.part)) for each in whole]
    first = whole[0]
    return [
        Section("measured", "Measured", COUNTED, tables=tables),
        precision_recall_section(curves, "", [plain_table(at_rates(each.part)) for each in whole]),
        Section(
            "groups",
            "Which faces it finds",
            "By the side of the face as a share of the photograph's longest; those of at least "
            "10 % by how blurred and how occluded they are.",
            tables=[plain_table(by_group(each.part)) for each in whole],
        ),
        *photograph_sections(
            list(first.rows.images),
            detected(first.answers, SURE_ABOVE),
            list(first.rows.truth),
            first.rows.names,
            f"Boxes with a score of at least {SURE_ABOVE:g}, as the device uses it.",
        ),
    ]
