"""What the detector minimises, in keras.ops so that every backend runs it.

How sure a cell is follows how well its box fits (quality focal loss: Li et al. 2020, "Generalized
Focal Loss", section 3), so that scores rank boxes; boxes follow the distance-IoU loss (Zheng et al.
2020, "Distance-IoU Loss: Faster and Better Learning for Bounding Box Regression", equation 7).
"""

import keras
from keras import ops

from edge_emotion.detection import CELLS, LOGIT_LIMIT, SHIFT_LIMIT, SIZE_LIMIT

_BOX_WEIGHT = 2.0
_LEAST_FIT = 0.1  # which a cell with a face is at least asked to answer, before its box fits
_TINY = 1e-6


class DetectionLoss(keras.losses.Loss):
    """Cross-entropy of the scores against the boxes' fit, and twice the boxes' distance-IoU.

    Both are summed over the cells and divided by the cells with a face of the whole batch, so that
    a picture with many faces counts more.  A cell without one counts by the square of its score:
    the many that are right already do not drown the others.
    """

    def __init__(self) -> None:
        super().__init__(name="detection")

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """`(N,)` losses of `(N, C, 5)` answers to `(N, C, 6)` targets of `detection_targets`."""
        found, counts = y_true[..., 0], y_true[..., 1]
        overlap, distance = _fit(decode(y_pred), y_true[..., 2:])
        logits = LOGIT_LIMIT * y_pred[..., 0]
        wanted = ops.stop_gradient(ops.clip(overlap, _LEAST_FIT, 1.0)) * found
        entropy = ops.maximum(logits, 0.0) - logits * wanted + ops.log1p(ops.exp(-ops.abs(logits)))
        weights = counts * ops.where(found > 0, 1.0, ops.square(ops.sigmoid(logits)))
        losses = entropy * weights + _BOX_WEIGHT * found * (1 - overlap + distance)
        pictures = ops.cast(ops.shape(found)[0], found.dtype)  # which Keras divides by again
        return ops.sum(losses, axis=1) * pictures / ops.maximum(ops.sum(found), 1.0)


def decode(answers: keras.KerasTensor) -> keras.KerasTensor:
    """`(N, C, 4)` xyxy in px of `(N, C, 5)` answers, as `edge_emotion.detection.decode`."""
    shifts = answers[..., 1:3] * (SHIFT_LIMIT * CELLS.strides[:, None])
    middles = CELLS.centers + shifts
    halves = ops.exp(SIZE_LIMIT * answers[..., 3:5]) * (CELLS.bases[:, None] / 2)
    return ops.concatenate([middles - halves, middles + halves], axis=-1)


def _fit(boxes: keras.KerasTensor, truth: keras.KerasTensor) -> tuple[keras.KerasTensor, ...]:
    """IoU, and the squared distance of the middles by the squared diagonal around both."""
    (start, end), (true_start, true_end) = ((b[..., :2], b[..., 2:]) for b in (boxes, truth))
    inside = _area(ops.maximum(start, true_start), ops.minimum(end, true_end))
    areas = _area(start, end) + _area(true_start, true_end)
    overlap = inside / (areas - inside + _TINY)
    around = ops.maximum(end, true_end) - ops.minimum(start, true_start)
    apart = (start + end - true_start - true_end) / 2
    diagonal = ops.sum(ops.square(around), axis=-1)
    return overlap, ops.sum(ops.square(apart), axis=-1) / (diagonal + _TINY)


def _area(top_left: keras.KerasTensor, bottom_right: keras.KerasTensor) -> keras.KerasTensor:
    sides = ops.maximum(bottom_right - top_left, 0.0)
    return sides[..., 0] * sides[..., 1]
