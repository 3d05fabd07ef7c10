"""How well a face detector finds faces: pure functions of boxes, scores and labels.

The rules.  A detection is right where its IoU with a face that is not taken yet is at least 0.35;
surer ones choose first.  Counted are faces of at least 10 % of the photograph's longest side whose
occlusion is not heavy and that are not marked as doubtful.  A detection on a face that is not
counted, or mostly inside a doubtful box, is neither right nor wrong; every other one is wrong.

Precision, recall and average precision are fractions; false boxes are counted a photograph.
Intervals are 95 %, by a bootstrap over the photographs, because the faces of one are alike.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_emotion.detection import faces as faces_in
from edge_emotion.detection import iou
from edge_emotion.metrics import Interval, draw_rows
from edge_emotion.types import Floats

LEAST_IOU = 0.35
LEAST_SIDE = 0.10  # of a face, by the photograph's longest side
GRADES = ("none", "some", "heavy")  # of blur or occlusion, by their number
HEAVY = 2
LEAST_SCORE = 0.01  # of a detection that is looked at: what is less sure moves no figure
FALSE_BOXES_A_PHOTO = (0.15, 0.09, 0.05)  # the rates that recall is told at
_MOSTLY = 0.5  # of a detection's area inside a doubtful box

Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LabelledFaces:
    """The faces of one photograph.

    Attributes:
        longest_px: the photograph's longest side.
        boxes: `(F, 4)` xyxy in px of the photograph, from forehead to chin.
        blur, occlusion: `(F,)`, 0 to 2 as `GRADES`.
        ignore: `(F,)`, whether the box is too doubtful to count.
    """

    longest_px: int
    boxes: Floats
    blur: npt.NDArray[np.int64]
    occlusion: npt.NDArray[np.int64]
    ignore: Bools

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def sides(self) -> Floats:
        """`(F,)`: the longer side of each box by the photograph's longest."""
        sizes = self.boxes[:, 2:] - self.boxes[:, :2]
        return sizes.max(axis=1, initial=0) / np.float32(self.longest_px)

    @property
    def counted(self) -> Bools:
        """`(F,)`: whether a face must be found."""
        return (self.sides >= LEAST_SIDE) & (self.occlusion < HEAVY) & ~self.ignore


@dataclass(frozen=True)
class Detections:
    """What a detector found in one photograph.

    Attributes:
        boxes: `(N, 4)` xyxy in px of the photograph.
        scores: `(N,)`, the larger the surer, in any order and unit.
    """

    boxes: Floats
    scores: Floats


@dataclass(frozen=True)
class Matches:
    """Detections and faces of some photographs, compared.

    Attributes:
        photos: how many photographs there are.
        scores: `(D,)` of the detections that are right or wrong, falling.
        right: `(D,)`, whether they are right.
        photo: `(D,)`, the photograph of each.
        face_photo: `(F,)`, the photograph of each labelled face.
        counted: `(F,)`, whether it counts.
        found_at: `(F,)`, the score of the detection that took it; NaN where none did.
        sides: `(F,)`, as `LabelledFaces.sides`.
        blur, occlusion, ignore: `(F,)`, as labelled.
    """

    photos: int
    scores: Doubles
    right: Bools
    photo: Indices
    face_photo: Indices
    counted: Bools
    found_at: Doubles
    sides: Floats
    blur: npt.NDArray[np.int64]
    occlusion: npt.NDArray[np.int64]
    ignore: Bools

    @property
    def without_faces(self) -> Bools:
        """`(P,)`: the photographs on which nobody is labelled, doubtful or not."""
        empty = np.ones(self.photos, bool)
        empty[self.face_photo] = False
        return empty


def detected(answers: Floats, least_score: float = LEAST_SCORE) -> list[Detections]:
    """What our network's `(N, 756, 5)` answers find, boxes in px of the pictures it was shown."""
    return [Detections(*faces_in(answer, least_score)) for answer in answers]


def match(detections: Sequence[Detections], photos: Sequence[LabelledFaces]) -> Matches:
    """Compare what was found with what is labelled, photograph by photograph.

    Raises:
        ValueError: not as many photographs found in as labelled.
    """
    if len(detections) != len(photos):
        raise ValueError(f"detections of {len(detections)} photographs; expected {len(photos)}")
    compared = [_match(*pair) for pair in zip(detections, photos, strict=True)]
    scores = _joined([scores for scores, _, _ in compared], np.float64)
    right = _joined([right for _, right, _ in compared], np.bool_)
    photo = np.repeat(np.arange(len(photos)), [len(scores) for scores, _, _ in compared])
    falling = np.argsort(-scores, kind="stable")
    return Matches(
        len(photos),
        scores[falling],
        right[falling],
        photo[falling],
        np.repeat(np.arange(len(photos)), [len(faces) for faces in photos]),
        _joined([faces.counted for faces in photos], np.bool_),
        _joined([found_at for _, _, found_at in compared], np.float64),
        _joined([faces.sides for faces in photos], np.float32),
        _joined([faces.blur for faces in photos], np.int64),
        _joined([faces.occlusion for faces in photos], np.int64),
        _joined([faces.ignore for faces in photos], np.bool_),
    )


def precision_recall(matches: Matches) -> tuple[Doubles, Doubles, Doubles]:
    """The curve: precision, recall and the score from which on detections count, the surest first.

    One point for each score that occurs, so that a quantized detector, whose scores often tie, is
    neither flattered nor wronged by the order of its detections.
    """
    ends = np.flatnonzero(matches.scores != np.append(matches.scores[1:], np.nan))
    right = np.cumsum(matches.right)[ends].astype(np.float64)
    faces = matches.counted.sum()
    recall = right / faces if faces else np.full_like(right, np.nan)
    return right / (ends + 1), recall, matches.scores[ends]


def average_precision(matches: Matches) -> float:
    """The area under the curve, each precision the best at that recall or a higher one.

    As Pascal VOC has it from 2010 on (Everingham et al. 2010, section 4.2, over all points); NaN
    without a face that counts.
    """
    return float(average_precisions(matches, np.ones((1, matches.photos)))[0])


def average_precisions(matches: Matches, weights: Doubles) -> Doubles:
    """`(W,)`: the average precision where photographs count as often as `(W, P)` weights say."""
    right, wrong, faces = _summed(matches, weights)
    precision = np.divide(right, right + wrong, out=np.zeros_like(right), where=right > 0)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    return _shares((np.diff(right, axis=1, prepend=0) * best).sum(axis=1), faces)


def recall_at(matches: Matches, false_boxes_a_photo: float) -> tuple[float, float]:
    """The recall that a detector reaches at a rate of false boxes, and the score it needs.

    Returns:
        The share of the faces that are found with at most so many false boxes a photograph, NaN
        without a face that counts; and the least score of a detection then, infinity where nothing
        is found.
    """
    weights = np.ones((1, matches.photos))
    recalls = recalls_at(matches, weights, false_boxes_a_photo)
    place = _places(_summed(matches, weights)[1], weights, false_boxes_a_photo)[0]
    return float(recalls[0]), float(np.append(np.inf, _scores_of_right(matches))[place])


def recalls_at(matches: Matches, weights: Doubles, false_boxes_a_photo: float) -> Doubles:
    """`(W,)`: as `recall_at`, where photographs count as often as `(W, P)` weights say."""
    right, wrong, faces = _summed(matches, weights)
    found = np.concatenate([np.zeros((len(right), 1)), right], axis=1)
    places = _places(wrong, weights, false_boxes_a_photo)
    return _shares(found[np.arange(len(found)), places], faces)


def recall_of(matches: Matches, faces: Bools, least_score: float) -> float:
    """The share of some labelled faces, counted or not, that detections took; NaN of none."""
    return float((matches.found_at[faces] >= least_score).mean()) if faces.any() else float("nan")


def false_boxes(matches: Matches, photos: Bools, least_score: float) -> float:
    """False boxes a photograph on some of the photographs; NaN without any."""
    wrong = ~matches.right & (matches.scores >= least_score) & photos[matches.photo]
    return float(wrong.sum() / photos.sum()) if photos.any() else float("nan")


def size_range(low: float, high: float) -> str:
    """What faces are called whose sides are from `low` to below `high` of the photograph's."""
    return f"{low:.0%} to {high:.0%}" if math.isfinite(high) else f"above {low:.0%}"


def average_precision_interval(matches: Matches) -> Interval:
    """`average_precision` with its interval."""
    return _interval(matches, average_precisions)


def recall_interval(matches: Matches, false_boxes_a_photo: float) -> Interval:
    """`recall_at` with its interval; each draw finds the score that it needs."""
    return _interval(matches, lambda m, weights: recalls_at(m, weights, false_boxes_a_photo))


def _interval(matches: Matches, measure: Callable[[Matches, Doubles], Doubles]) -> Interval:
    value = float(measure(matches, np.ones((1, matches.photos)))[0])
    drawn = measure(matches, draw_rows(matches.photos))
    if np.isnan(value) or np.isnan(drawn).all():
        return Interval(value, float("nan"), float("nan"))
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return Interval(value, float(low), float(high))


def _match(found: Detections, faces: LabelledFaces) -> tuple[Doubles, Bools, Doubles]:
    """Scores of the detections that count, whether they are right, and what found each face."""
    order = np.argsort(-found.scores, kind="stable")
    boxes, scores = found.boxes[order], found.scores[order].astype(np.float64)
    found_at = np.full(len(faces), np.nan)
    right = np.zeros(len(boxes), bool)
    doubtful = _inside(boxes, faces.boxes[faces.ignore]).max(axis=1, initial=0)
    judged = doubtful <= _MOSTLY
    overlaps, counted = iou(boxes, faces.boxes), faces.counted
    for index in np.flatnonzero((overlaps >= LEAST_IOU).any(axis=1)):
        free = np.where(np.isnan(found_at), overlaps[index], 0)
        face = int(free.argmax())
        if free[face] >= LEAST_IOU:
            found_at[face] = scores[index]
            right[index] = judged[index] = counted[face]
    return scores[judged], right[judged], found_at


def _inside(boxes: Floats, areas: Floats) -> Floats:
    """`(N, M)`: the share of each box that lies inside each area."""
    top_left = np.maximum(boxes[:, None, :2], areas[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], areas[None, :, 2:])
    inside = np.prod(np.clip(bottom_right - top_left, 0, None), axis=2)
    own = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    shares: Floats = inside / np.maximum(own, 1e-9)[:, None]
    return shares


def _joined(parts: Sequence[Any], dtype: type) -> Any:
    return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype)


def _scores_of_right(matches: Matches) -> Doubles:
    """`(R,)`: every score of a right detection once, falling: where recall rises."""
    return np.unique(matches.scores[matches.right])[::-1]


def _summed(matches: Matches, weights: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """`(W, R)` right and wrong detections of at least each of those scores; `(W,)` faces."""
    scores = _scores_of_right(matches)
    sums = []
    for chosen in (matches.right, ~matches.right):
        place = np.searchsorted(-scores, -matches.scores[chosen])  # of the first score it is above
        counts = np.zeros((matches.photos, len(scores) + 1))
        np.add.at(counts, (matches.photo[chosen], place), 1)
        sums.append(weights @ counts[:, :-1].cumsum(axis=1))
    faces = np.bincount(matches.face_photo[matches.counted], minlength=matches.photos)
    return sums[0], sums[1], weights @ faces.astype(np.float64)


def _places(wrong: Doubles, weights: Doubles, rate: float) -> Indices:
    """`(W,)`: how many of the scores have at most so many wrong detections a photograph."""
    allowed = rate * weights.sum(axis=1, keepdims=True) + 1e-9
    return np.asarray((wrong <= allowed).sum(axis=1), np.intp)


def _shares(parts: Doubles, wholes: Doubles) -> Doubles:
    shares: Doubles = np.divide(parts, wholes, out=np.full_like(parts, np.nan), where=wholes > 0)
    return shares
