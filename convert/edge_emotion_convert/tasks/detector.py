"""Face boxes: which faces of a photograph a network finds, and what else it takes for one."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from edge_emotion import detection_metrics as metrics
from edge_emotion.detection import CELLS, SURE_ABOVE, VALUES_A_CELL
from edge_emotion.detection_metrics import FALSE_BOXES_A_PHOTO, Bools, Matches
from edge_emotion.labels import DETECTED
from edge_emotion.metrics import Interval
from edge_emotion.modelfile import Task
from edge_emotion.types import Floats
from edge_emotion_convert.gate_measures import Measure
from edge_emotion_convert.tasks.kind import Column, Kind, Truth
from edge_emotion_device.interpreter import DetectorModel

_SIZES = (0.06, 0.10, 0.20, 0.40, math.inf)  # of a face's side, by the photograph's longest
RATES = {f"{rate:g}": rate for rate in FALSE_BOXES_A_PHOTO}


@dataclass(frozen=True)
class DetectorFigures:
    """Which faces a detector finds; the rules are those of `edge_emotion.detection_metrics`.

    Attributes:
        rows: how many photographs it was measured on.
        faces: how many faces on them count.
        average_precision: the area under the curve of precision and recall; NaN of a detector that
            does not say how sure it is.
        recall: by rate, the share of the faces found with at most so many false boxes a photograph.
        score: by rate, the least score of a detection then.
        as_used: the least score it is used with, and its recall and false boxes a photograph then.
        recall_of: of each group of faces how many there are, and by rate the share found.
        false_boxes_without_faces: by rate, false boxes a photograph on those without faces.
        photos_without_faces: how many there are.
    """

    task: ClassVar[Task] = "detector"

    rows: int
    faces: int
    average_precision: float
    recall: dict[str, float]
    score: dict[str, float]
    as_used: dict[str, float]
    recall_of: dict[str, dict[str, float]]
    false_boxes_without_faces: dict[str, float]
    photos_without_faces: int


def matched(truth: Truth, answers: Floats) -> Matches:
    """What `(N, 756, 5)` answers find of `(N,)` photographs' faces, in px of their pictures."""
    return metrics.match(metrics.detected(answers), list(truth))


def figures_of(
    matches: Matches, sure_above: float = SURE_ABOVE, ranked: bool = True
) -> DetectorFigures:
    """Figures of any detector's detections.

    Args:
        matches: of them.
        sure_above: the least score it is used with.
        ranked: whether its scores tell surer detections from others.
    """
    everywhere = np.ones(matches.photos, bool)
    reached = {name: metrics.recall_at(matches, rate) for name, rate in RATES.items()}
    scores = {name: score for name, (_, score) in reached.items()}
    empty = matches.without_faces
    return DetectorFigures(
        rows=matches.photos,
        faces=int(matches.counted.sum()),
        average_precision=metrics.average_precision(matches) if ranked else math.nan,
        recall={name: recall for name, (recall, _) in reached.items()},
        score=scores,
        as_used={
            "score": sure_above,
            "recall": metrics.recall_of(matches, matches.counted, sure_above),
            "false_boxes": metrics.false_boxes(matches, everywhere, sure_above),
        },
        recall_of={
            group: {
                "faces": float(chosen.sum()),
                **{name: metrics.recall_of(matches, chosen, at) for name, at in scores.items()},
            }
            for group, chosen in groups(matches).items()
        },
        false_boxes_without_faces={
            name: metrics.false_boxes(matches, empty, score) for name, score in scores.items()
        },
        photos_without_faces=int(empty.sum()),
    )


def intervals_of(matches: Matches) -> dict[str, Interval]:
    """Of the average precision, and of the recall at each rate of false boxes."""
    recalls = {f"recall.{name}": metrics.recall_interval(matches, at) for name, at in RATES.items()}
    return {"average_precision": metrics.average_precision_interval(matches), **recalls}


def groups(matches: Matches) -> dict[str, Bools]:
    """`(F,)` masks of labelled faces: by size, and those large enough by blur and by occlusion."""
    sure, clear = ~matches.ignore, matches.occlusion < metrics.HEAVY
    large = matches.sides >= metrics.LEAST_SIDE
    found = {}
    for low, high in pairwise(_SIZES):
        of_size = (matches.sides >= low) & (matches.sides < high)
        found[f"side {metrics.size_range(low, high)}"] = sure & clear & of_size
    for grade, name in enumerate(metrics.GRADES):
        found[f"blur {name}"] = matches.counted & (matches.blur == grade)
    for grade, name in enumerate(metrics.GRADES):
        found[f"occlusion {name}"] = sure & large & (matches.occlusion == grade)
    return found


def _figures(truth: Truth, answers: Floats) -> DetectorFigures:
    return figures_of(matched(truth, answers))


def _losses(weights: Column, truth: Truth, before: Floats, after: Floats) -> dict[str, Column]:
    both = [matched(truth, answers) for answers in (before, after)]
    first, second = (
        {
            "average_precision": metrics.average_precisions(found, weights),
            **{
                f"recall.{name}": metrics.recalls_at(found, weights, at)
                for name, at in RATES.items()
            },
        }
        for found in both
    )
    return {name: column - second[name] for name, column in first.items()}


DETECTOR = Kind(
    task="detector",
    answer=(len(CELLS), VALUES_A_CELL),
    noun="photographs",
    labels=DETECTED,
    measures=(
        Measure("average_precision", "average precision", "points", is_error=False),
        *(
            Measure(f"recall.{name}", f"recall at {name} false boxes", "points", is_error=False)
            for name in RATES
        ),
    ),
    limits={"average_precision": 0.5},
    budget={"average_precision_drop_points": "average_precision", "recall_drop_points": "recall"},
    figures=_figures,
    losses=_losses,
    intervals=lambda truth, answers: intervals_of(matched(truth, answers)),
    open=DetectorModel,
)
