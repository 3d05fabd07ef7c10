"""The figures that sum an evaluation up, as headings and rows of words, for terminal and page."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from edge_emotion.metrics import Interval
from edge_emotion.modelfile import Task
from edge_emotion_convert.evaluated import Evaluation, Part
from edge_emotion_convert.tasks.detector import RATES, DetectorFigures
from edge_emotion_convert.tasks.emotion import EmotionFigures
from edge_emotion_convert.tasks.keypoints import KeypointFigures

Rows = tuple[list[str], list[list[str]]]

UNKNOWN = "–"


def summary(parts: Sequence[Part], task: Task) -> Rows:
    """Headings and a row for each part: its name, what it counts and the figures that sum it up."""
    headings, cells = _SUMMARIES[task]
    return ["rows of", *headings], [
        [part.name, str(part.figures.rows), *cells(part.figures, part.interval)] for part in parts
    ]


def percent(share: float, digits: int = 1) -> str:
    """A share of 1; what could not be measured is a dash."""
    return UNKNOWN if math.isnan(share) else f"{share:.{digits}%}"


def side_by_side(evaluation: Evaluation, part: Part) -> Rows:
    """A detector and its peers on the same photographs: what they find, and what else.

    Args:
        evaluation: of the detector.
        part: of its, which photographs are meant.
    """
    headings = [part.name, "AP", *(f"at {name}" for name in RATES), "as used: found", "false"]
    peers = [
        _detected(peer.name, theirs)
        for peer in evaluation.beside
        for theirs in peer.parts
        if theirs.name == part.name
    ]
    return headings, [_detected(evaluation.name, part), *peers]


def at_rates(part: Part) -> Rows:
    """A row for each rate of false boxes: what is found, and the score that it takes."""
    found = part.figures
    assert isinstance(found, DetectorFigures)
    empty = f"false on {found.photos_without_faces} without faces"
    rows = [
        [
            name,
            percent(found.recall[name]),
            within(part.intervals[f"recall.{name}"]),
            f"{found.score[name]:.2f}" if math.isfinite(found.score[name]) else UNKNOWN,
            _rate(found.false_boxes_without_faces[name]),
        ]
        for name in RATES
    ]
    return ["false boxes a photograph", "found", "95 %", "score", empty], rows


def by_group(part: Part) -> Rows:
    """A row for each group of faces: how many there are, and what is found of them."""
    found = part.figures
    assert isinstance(found, DetectorFigures)
    rows = [
        [group, f"{shares['faces']:.0f}", *(percent(shares[name]) for name in RATES)]
        for group, shares in found.recall_of.items()
    ]
    return ["faces", "how many", *(f"found at {name}" for name in RATES)], rows


def within(interval: Interval) -> str:
    """The ends of an interval of shares."""
    low, high = interval.low, interval.high
    return UNKNOWN if math.isnan(low) else f"{low:.1%} to {high:.1%}"


def _rate(boxes: float) -> str:
    return UNKNOWN if math.isnan(boxes) else f"{boxes:.2f}"


def _detected(name: str, part: Part) -> list[str]:
    found = part.figures
    assert isinstance(found, DetectorFigures)
    recalls = [
        percent(found.recall[rate]) if math.isfinite(found.score[rate]) else UNKNOWN
        for rate in RATES
    ]
    used = found.as_used
    return [
        name,
        percent(found.average_precision),
        *recalls,
        percent(used["recall"]),
        _rate(used["false_boxes"]),
    ]


def _emotion(found: EmotionFigures, interval: Interval) -> list[str]:
    return [
        percent(found.accuracy),
        within(interval),
        percent(found.balanced_accuracy),
        percent(found.calibration_error),
    ]


def _keypoints(found: KeypointFigures, interval: Interval) -> list[str]:
    ends = f"{interval.low:.3f} to {interval.high:.3f}"
    return [f"{found.rmse_px:.3f}", ends, f"{found.nme:.2%}", f"{found.failure_rate:.1%}"]


def _detector(found: DetectorFigures, interval: Interval) -> list[str]:
    shares = [percent(found.recall[name]) for name in RATES]
    return [str(found.faces), percent(found.average_precision), within(interval), *shares]


_SUMMARIES: dict[Task, tuple[list[str], Callable[[Any, Interval], list[str]]]] = {
    "emotion": (["faces", "accuracy", "95 %", "balanced", "ECE"], _emotion),
    "keypoints": (["faces", "RMSE px", "95 %", "NME", "NME > 10 %"], _keypoints),
    "detector": (
        ["photos", "faces", "AP", "95 %", *(f"found at {name}" for name in RATES)],
        _detector,
    ),
}
