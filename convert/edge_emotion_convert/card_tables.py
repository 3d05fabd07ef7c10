"""The tables of a model card: what was measured on each group of rows, each task in its own way."""

from collections.abc import Callable, Iterator, Sequence

from edge_emotion.modelfile import Task
from edge_emotion_convert.evaluated import Evaluation, Part
from edge_emotion_convert.summaries import (
    at_rates,
    by_group,
    percent,
    side_by_side,
    summary,
    within,
)
from edge_emotion_convert.tasks.emotion import EmotionFigures
from edge_emotion_convert.tasks.keypoints import KeypointFigures

Lines = Iterator[str]


def measured(evaluation: Evaluation) -> Lines:
    """Tables; intervals are 95 %, by a bootstrap over the rows."""
    if not evaluation.parts:
        yield "Not measured."
        return
    yield from _MEASURED[evaluation.task](evaluation)
    if evaluation.robustness is not None:
        yield ""
        yield "The same faces made worse, each in one way, by fixed amounts and seeds:"
        yield ""
        yield from _rows(*evaluation.robustness.table())


def _emotion(evaluation: Evaluation) -> Lines:
    yield from _rows(
        ["rows of", "faces", "accuracy", "balanced", "calibration error"],
        [
            [
                part.name,
                str(part.figures.rows),
                f"{part.figures.accuracy:.1%} ({within(part.interval)})",
                f"{part.figures.balanced_accuracy:.1%} "
                f"({within(part.intervals['balanced_accuracy'])})",
                percent(part.figures.calibration_error),
            ]
            for part in evaluation.parts
            if isinstance(part.figures, EmotionFigures)
        ],
    )
    yield ""
    yield "Accuracy, the mean of the classes' recalls (balanced), both with their 95 % intervals "
    yield "(bootstrap over the rows), and the expected calibration error in 15 bins. By class:"
    yield ""
    yield from _rows(
        ["rows of", "class", "faces", "recall (95 %)", "precision", "F1"],
        [row for part in evaluation.parts for row in _classes(part)],
    )
    if evaluation.selection is not None:
        yield ""
        yield "A face is undecided where the largest probability is below the threshold. Fear and "
        yield "neutral faces show none of the five emotions, so they should be:"
        yield ""
        yield from _rows(*evaluation.selection.table())


def _classes(part: Part) -> Iterator[list[str]]:
    found = part.figures
    assert isinstance(found, EmotionFigures)
    for name, counts in zip(found.recall, found.confusion, strict=True):
        recall = f"{percent(found.recall[name])} ({within(part.intervals[f'recall.{name}'])})"
        shares = percent(found.precision[name]), percent(found.f1[name])
        yield [part.name, name, str(sum(counts)), recall, *shares]


def _keypoints(evaluation: Evaluation) -> Lines:
    yield from _rows(
        ["rows of", "faces", "RMSE, px of 96", "NME", "NME above 10 %"],
        [
            [
                part.name,
                str(part.figures.rows),
                f"{part.figures.rmse_px:.2f} ({part.interval.low:.2f} to {part.interval.high:.2f})",
                f"{part.figures.nme:.2%}",
                f"{part.figures.failure_rate:.1%}",
            ]
            for part in evaluation.parts
            if isinstance(part.figures, KeypointFigures)
        ],
    )
    yield ""
    yield "Errors are in pixels of the 96 px face; NME is the mean error of a face's points by "
    yield "the distance of its eye centres. Intervals are 95 %, by a bootstrap over the rows."


def _detector(evaluation: Evaluation) -> Lines:
    yield from _rows(*summary(evaluation.parts, evaluation.task))
    yield ""
    yield "AP is the average precision with its 95 % interval (bootstrap over the photographs),"
    yield "then the share of the faces found with so many false boxes a photograph. A face is"
    yield "found where a box overlaps its own with an IoU of at least 0.35; counted are faces of"
    yield "at least 10 % of the photograph's longest side that are not heavily occluded."
    part = evaluation.whole[-1]  # of a conversion the converted network
    yield ""
    yield f"{part.name[0].upper()}{part.name[1:]}, at each rate of false boxes and by kind of face:"
    for table in (at_rates(part), by_group(part)):
        yield ""
        yield from _rows(*table)
    if evaluation.beside:
        yield ""
        yield "Other detectors on the same photographs, BlazeFace in colour where they are:"
        yield ""
        yield from _rows(*side_by_side(evaluation, part))


_MEASURED: dict[Task, Callable[[Evaluation], Lines]] = {
    "emotion": _emotion,
    "keypoints": _keypoints,
    "detector": _detector,
}


def _rows(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Lines:
    yield f"| {' | '.join(headings)} |"
    yield "|---" * len(headings) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
