"""The face detector's contract: the picture it takes, and boxes from what it answers.

The network looks at the whole picture once, gray, its longest side brought to 192 px, and answers
for every cell of three grids of 8, 16 and 32 px a cell (anchor-free, as FCOS: Tian et al. 2019, and
YuNet: Wu, Peng and Yu 2023): how sure it is that a face's middle lies there, and where that face's
box is.  Each of the five values of a cell lies within -1 and 1, so that one int8 grid suits all of
them.  Training, conversion, evaluation and the device call these functions.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edge_emotion.preprocess import reduce_gray, to_gray
from edge_emotion.types import Floats, Image

DETECTOR_SIDE_PX = 192
STRIDES_PX = (8, 16, 32)
# The size of a face whose logarithms of width and height are answered as 0, by grid.
BASES_PX = (24.0, 64.0, 144.0)

# What an answer of 1 stands for: a logit, strides off the cell's middle, a logarithm of a size.
LOGIT_LIMIT = 8.0
SHIFT_LIMIT = 4.0
SIZE_LIMIT = 1.5
VALUES_A_CELL = 5  # logit, shifts in x and y, logarithms of width and height

# What `run` takes for a face: on photographs that the shipped network did not learn from it makes
# 0.10 false boxes each then (edge-emotion evaluate), of which the face rule refuses most.
SURE_ABOVE = 0.5

MOST_BOXES = 256  # that are compared with each other
_OVERLAP_OF_ONE_FACE = 0.4


@dataclass(frozen=True)
class Cells:
    """The cells of the three grids, the finest first, each row by row.

    Attributes:
        centers: `(C, 2)` px of the network's picture, x and y.
        strides: `(C,)` px.
        bases: `(C,)` px, each grid's of `BASES_PX`.
    """

    centers: Floats
    strides: Floats
    bases: Floats

    def __len__(self) -> int:
        return len(self.strides)


def _cells() -> Cells:
    centers, strides, bases = [], [], []
    for stride, base in zip(STRIDES_PX, BASES_PX, strict=True):
        count = DETECTOR_SIDE_PX // stride
        y, x = np.mgrid[:count, :count]
        centers.append((np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride)
        strides.append(np.full(count**2, stride))
        bases.append(np.full(count**2, base))
    joined = (np.concatenate(parts).astype(np.float32) for parts in (centers, strides, bases))
    return Cells(*joined)


CELLS = _cells()


def letterbox(frame: Image, out: Image | None = None) -> tuple[Image, float]:
    """Bring a frame to the detector's picture, the same bytes on every machine.

    Args:
        frame: `(H, W, 3) uint8` BGR or `(H, W) uint8` gray.
        out: `(192, 192) uint8` to draw it into; a new one without.

    Returns:
        `(192, 192) uint8` gray with the frame in its top left corner and black beside it, and how
        many pixels of the frame one of it stands for.
    """
    gray = reduce_gray(to_gray(frame), DETECTOR_SIDE_PX)
    height, width = gray.shape
    longest = max(height, width)
    if longest < DETECTOR_SIDE_PX:
        ratio = DETECTOR_SIDE_PX / longest
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        gray = cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR_EXACT)
    picture = np.empty((DETECTOR_SIDE_PX, DETECTOR_SIDE_PX), np.uint8) if out is None else out
    picture.fill(0)
    picture[: gray.shape[0], : gray.shape[1]] = gray
    return picture, max(frame.shape[:2]) / DETECTOR_SIDE_PX


def decode(answers: Floats, least_score: float) -> tuple[Floats, Floats]:
    """Boxes of the cells that are sure enough, most of them several times over.

    Args:
        answers: `(C, 5)` of the network, from -1 to 1.
        least_score: 0 to 1; cells below it are left out before anything else is computed, at 1 or
            above all of them.

    Returns:
        `(N, 4) float32` xyxy in px of the network's picture and their `(N,)` scores, the best
        first, at most 256.
    """
    chosen = np.flatnonzero(answers[:, 0] >= _logit(least_score) / LOGIT_LIMIT)
    chosen = chosen[np.argsort(-answers[chosen, 0], kind="stable")][:MOST_BOXES]
    logits, shifts, sizes = answers[chosen, 0], answers[chosen, 1:3], answers[chosen, 3:5]
    middles = CELLS.centers[chosen] + shifts * (SHIFT_LIMIT * CELLS.strides[chosen, None])
    halves = np.exp(sizes * SIZE_LIMIT) * (CELLS.bases[chosen, None] / 2)
    boxes: Floats = np.concatenate([middles - halves, middles + halves], axis=1, dtype=np.float32)
    scores: Floats = (1 / (1 + np.exp(-LOGIT_LIMIT * logits))).astype(np.float32)
    return boxes, scores


def suppress(boxes: Floats) -> np.ndarray:
    """Which boxes to keep: greedy non-maximum suppression.

    Args:
        boxes: `(N, 4)` xyxy, the surest first; each is compared with each, and two whose
            intersection over union is above 0.4 are one face.

    Returns:
        `(K,)` indices of those kept, ascending.
    """
    overlaps = iou(boxes, boxes) > _OVERLAP_OF_ONE_FACE
    kept: list[int] = []
    dropped = np.zeros(len(boxes), bool)
    for index in range(len(boxes)):
        if not dropped[index]:
            kept.append(index)
            dropped |= overlaps[index]
    return np.array(kept, np.intp)


def faces(answers: Floats, least_score: float) -> tuple[Floats, Floats]:
    """One box a face; arguments and order as of `decode`.

    Returns:
        `(N, 4) float32` xyxy in px of the network's picture, and their `(N,)` scores.
    """
    boxes, scores = decode(answers, least_score)
    kept = suppress(boxes)
    return boxes[kept], scores[kept]


def iou(first: Floats, second: Floats) -> Floats:
    """Intersection over union of every box of one `(N, 4)` with every one of `(M, 4)`: `(N, M)`."""
    one, other = first.T[:, :, None], second.T[:, None, :]
    width = np.minimum(one[2], other[2]) - np.maximum(one[0], other[0])
    height = np.minimum(one[3], other[3]) - np.maximum(one[1], other[1])
    inside = np.maximum(width, 0) * np.maximum(height, 0)
    areas = [(edge[2] - edge[0]) * (edge[3] - edge[1]) for edge in (one, other)]
    union = areas[0] + areas[1] - inside
    overlaps: Floats = (inside / np.maximum(union, 1e-9)).astype(np.float32)
    return overlaps


def _logit(score: float) -> float:
    """The inverse of the sigmoid: infinite at 0 and 1, and beyond them."""
    if 0 < score < 1:
        return math.log(score / (1 - score))
    return math.copysign(math.inf, score - 0.5)
