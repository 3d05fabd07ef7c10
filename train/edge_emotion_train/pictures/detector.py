"""What the page of a detector's training shows."""

import keras
import numpy as np

from edge_emotion.data.faces import DetectionPhotos
from edge_emotion.detection import faces
from edge_emotion.detection_metrics import (
    FALSE_BOXES_A_PHOTO,
    Detections,
    Matches,
    average_precision_interval,
    recall_at,
    recall_interval,
)
from edge_emotion.metrics import Interval
from edge_emotion.pages import table
from edge_emotion.types import Floats
from edge_emotion_train.pictures.curves import History
from edge_emotion_train.pictures.faces import Grid
from edge_emotion_train.pictures.photographs import KEY, errors, photo_cell, precision_recall
from edge_emotion_train.pictures.sections import Section, inside, training_curves
from edge_emotion_train.pictures.style import as_svg

_SHOWN = 12  # photographs
_RATE = FALSE_BOXES_A_PHOTO[1]  # of false boxes, at which they are shown


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
    history: History,
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
    chart = as_svg(precision_recall({"validation": matches}), "precision_recall")
    rows = [
        (f"{rate:g}", f"{recall:.1%}", f"{score:.2f}")
        for rate in FALSE_BOXES_A_PHOTO
        for recall, score in [recall_at(matches, rate)]
    ]
    return [
        *([training_curves(history)] if len(history) else []),
        Section(
            "precision_recall",
            "What is found, and how much of it is a face",
            "Found is a face that a box overlaps with an IoU of at least 0.35. Counted are faces "
            "of at least 10 % of the photograph's longest side that are not heavily occluded.",
            {"precision_recall": chart},
            tables=[table(("false boxes a photograph", "faces found", "score from"), rows)],
        ),
        *_photographs(photos, answers, matches),
        inside(network, photos.images[0], "picture"),
    ]


def _photographs(photos: DetectionPhotos, answers: Floats, matches: Matches) -> list[Section]:
    least = min(recall_at(matches, _RATE)[1], 1.0)
    found = [Detections(*faces(answer, least)) for answer in answers]
    orders = {
        "photographs": ("Photographs", np.random.default_rng(0).permutation(len(photos))),
        "worst": (
            "Those with most errors",
            np.argsort(-errors(found, photos.faces), kind="stable"),
        ),
    }
    text = f"With {_RATE:g} false boxes a photograph, where scores are above {least:.2f}.<br>{KEY}"
    return [
        Section(
            name,
            title,
            text,
            grids=[
                Grid(
                    [
                        photo_cell(
                            photos.images[row], found[row], photos.faces[row], photos.names[row]
                        )
                        for row in order[:_SHOWN]
                    ],
                    columns=4,
                )
            ],
        )
        for name, (title, order) in orders.items()
    ]


def _with_interval(found: Interval) -> str:
    return f"{found.value:.1%} <small>95 %: {found.low:.1%} to {found.high:.1%}</small>"
