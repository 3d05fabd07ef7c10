"""What `evaluate` prints: tables of an evaluation's figures, each task its own."""

from collections.abc import Callable, Iterator

from rich.table import Table

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import Task
from edge_emotion.terminal import make_table
from edge_emotion_convert.evaluated import Evaluation
from edge_emotion_convert.summaries import at_rates, by_group, percent, side_by_side, summary
from edge_emotion_convert.tasks.emotion import EmotionFigures
from edge_emotion_convert.tasks.keypoints import KeypointFigures

_NAME_WIDTH = 46  # characters, so that a table keeps to 100

Told = Iterator[str | Table]


def tables(evaluation: Evaluation) -> Told:
    """Tables and the lines between them."""
    yield from _TABLES[evaluation.task](evaluation)
    if evaluation.robustness is not None:
        yield ""
        yield _table(*evaluation.robustness.table())


def _emotion(evaluation: Evaluation) -> Told:
    yield _table(*summary(evaluation.parts, evaluation.task))
    for part in evaluation.parts:
        assert isinstance(part.figures, EmotionFigures)
        found = part.figures
        rows = []
        for name, counts in zip(EMOTIONS, found.confusion, strict=True):
            shares = (found.precision[name], found.recall[name], found.f1[name])
            rows.append([name, *map(str, counts), *map(percent, shares)])
        yield f"\n{part.name}"
        yield _table(["true", *EMOTIONS, "precision", "recall", "F1"], rows)
    if evaluation.selection is not None:
        yield "\nundecided, and how often the others are right"
        yield _table(*evaluation.selection.table())


def _keypoints(evaluation: Evaluation) -> Told:
    headings, summed = summary(evaluation.parts, evaluation.task)
    several = len(summed) > 1
    numbered = [
        [f"{n} {row[0]}" if several else row[0], *row[1:]] for n, row in enumerate(summed, 1)
    ]
    yield _table(headings, numbered)
    found = [
        part.figures.point_error_px
        for part in evaluation.parts
        if isinstance(part.figures, KeypointFigures)
    ]
    places = [str(number) if several else "px" for number in range(1, len(summed) + 1)]
    rows = [[name, *(f"{errors[name]:.2f}" for errors in found)] for name in KEYPOINTS]
    yield ""
    yield _table(["mean error, px" if several else "mean error", *places], rows)


def _detector(evaluation: Evaluation) -> Told:
    yield _table(*summary(evaluation.parts, evaluation.task))
    for part in evaluation.whole:
        yield f"\n{part.name}"
        for table in (at_rates(part), by_group(part)):
            yield _table(*table)
            yield ""
        if evaluation.beside:
            yield _table(*side_by_side(evaluation, part))


_TABLES: dict[Task, Callable[[Evaluation], Told]] = {
    "emotion": _emotion,
    "keypoints": _keypoints,
    "detector": _detector,
}


def _table(headings: list[str], rows: list[list[str]]) -> Table:
    table = make_table(headings, rows)
    for column in table.columns:
        column.max_width = _NAME_WIDTH
    return table
