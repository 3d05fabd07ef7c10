"""What the page of a detector's training shows."""

import math
from collections.abc import Iterator

import keras

from edge_emotion.data.faces import DetectionPhotos
from edge_emotion.detection_metrics import (
    FALSE_BOXES_A_PHOTO,
    Detections,
    Matches,
    average_precision_interval,
    detected,
    recall_at,
    recall_interval,
)
from edge_emotion.metrics import Interval
from edge_emotion.pages import table
from edge_emotion.types import Floats
from edge_emotion_train.pictures.curves import Course
from edge_emotion_train.pictures.photographs import (
    COUNTED,
    photograph_sections,
    precision_recall_section,
)
from edge_emotion_train.pictures.sections import Section, inside, training_curves

_RATE = FALSE_BOXES_A_PHOTO[1]  # of false boxes, at which photographs are shown


def headline(matches: Matches) -> dict[str, str]:
    """The figures by which a detector is judged, with their 95 % intervals, as HTML."""
    rate = FALSE_BOXES_A_PHOTO[0]
    return {
        "average precision": _with_interval(average_precision_interval(matches)),
        f"found at {rate:g} false boxes a photograph": _with_interval(
            recall_interval(matches, rate)
        ),
    }


def detector_sections(
    photos: DetectionPhotos,
    answers: Floats,
    matches: Matches,
    history: Course,
    network: keras.Model,
) -> list[Section]:
    """All that can be shown of a detector.

    Args:
        photos: as the network sees them (see `data.detection.letterboxed`).
        answers: `(N, C, 5)` to them.
        matches: of both.
        history: of the training.
        network: to look inside.
    """
    rows = [
        (f"{rate:g}", _percent(recall), f"{score:.2f}" if math.isfinite(score) else "")
        for rate in FALSE_BOXES_A_PHOTO
        for recall, score in [recall_at(matches, rate)]
    ]
    by_rate = table(("false boxes a photograph", "faces found", "score from"), rows)
    return [
        *([training_curves(history, "pictures")] if len(history) else []),
        precision_recall_section({"validation": matches}, COUNTED, [by_rate]),
        *_photographs(photos, answers, matches),
        inside(network, photos.images[0], "picture"),
    ]


def _photographs(photos: DetectionPhotos, answers: Floats, matches: Matches) -> Iterator[Section]:
    _, least = recall_at(matches, _RATE)
    found = []
    for each in detected(answers):
        sure = each.scores >= least
        found.append(Detections(each.boxes[sure], each.scores[sure]))
    text = f"With {_RATE:g} false boxes a photograph, where scores are from {least:.2f} on."
    if math.isinf(least):
        text = f"No score keeps to {_RATE:g} false boxes a photograph, so none is drawn."
    return photograph_sections(photos.images, found, photos.faces, photos.names, text)


def _with_interval(found: Interval) -> str:
    ends = f"{_percent(found.low)} to {_percent(found.high)}"
    return f"{_percent(found.value)} <small>95 %: {ends}</small>"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.1%}"
