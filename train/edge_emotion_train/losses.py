"""What is minimised and what is watched, in keras.ops so that every backend runs it."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from edge_emotion.labels import SHOWN
from edge_emotion.modelfile import Task
from edge_emotion.types import Floats
from edge_emotion_train.detection_loss import DetectionLoss
from edge_emotion_train.networks import OFFSET_LIMIT_PX
from edge_emotion_train.recipe import Recipe


def make_loss(recipe: Recipe) -> keras.losses.Loss:
    """The loss a recipe asks for; `auto` is the first of its task's."""
    fit = recipe.fit
    if recipe.task == "detector":
        return DetectionLoss()
    if recipe.task == "emotion":
        return keras.losses.CategoricalCrossentropy(label_smoothing=fit.label_smoothing)
    if fit.loss == "mse":
        return SquaredError()
    if fit.loss == "huber":
        return HuberLoss(fit.huber_px)
    return WingLoss(fit.wing_width_px, fit.wing_curvature_px)


def make_metrics(task: Task) -> list[Any]:
    """What is watched beside the loss, batch by batch; the detector is measured as a whole."""
    if task == "emotion":
        return ["accuracy"]
    return [RmsePx()] if task == "keypoints" else []


def make_teacher_loss(recipe: Recipe) -> keras.losses.Loss:
    """How far a student's answers are from its teachers'; on keypoints as from the labels."""
    if recipe.task == "emotion":
        return SoftenedDivergence(recipe.fit.temperature)
    return make_loss(recipe)


def weigh_classes(weights: Floats, labels: Floats, factors: Mapping[str, float]) -> Floats:
    """`(N,)` weights of faces, each times its label's factor (1 where none); their mean stays."""
    by_label = np.array([factors.get(name, 1.0) for name in SHOWN], np.float32)
    weighed: Floats = weights * by_label[labels]
    return weighed * (weights.mean() / weighed.mean())


class WingLoss(keras.losses.Loss):
    """Wing loss for landmarks (Feng et al. 2018, "Wing Loss for Robust Facial Landmark
    Localisation", equation 5), on offsets in units of `OFFSET_LIMIT_PX`.

    `width * ln(1 + |e| / curvature)` for errors below `width`, linear beyond.  The loss of each of
    the 30 values is kept apart, so that a sample weight of shape `(N, 30)` masks missing points.

    Args:
        width_px: where the loss turns linear.
        curvature_px: how soon the logarithm flattens.
    """

    def __init__(self, width_px: float, curvature_px: float) -> None:
        super().__init__(name="wing", reduction="mean_with_sample_weight")
        self.width_px, self.curvature_px = width_px, curvature_px

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """`(N, 30)` losses of `(N, 30)` offsets."""
        error = ops.abs(y_true - y_pred) * OFFSET_LIMIT_PX
        inner = self.width_px * ops.log1p(error / self.curvature_px)
        gap = self.width_px - self.width_px * ops.log1p(self.width_px / self.curvature_px)
        return ops.where(error < self.width_px, inner, error - gap)


class SquaredError(keras.losses.Loss):
    """Mean squared error in px², on offsets in units of `OFFSET_LIMIT_PX`; masks as `WingLoss`."""

    def __init__(self) -> None:
        super().__init__(name="squared_error", reduction="mean_with_sample_weight")

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """`(N, 30)` losses of `(N, 30)` offsets."""
        return ops.square((y_true - y_pred) * OFFSET_LIMIT_PX)


class HuberLoss(keras.losses.Loss):
    """Huber's loss (Huber 1964, "Robust Estimation of a Location Parameter"), on offsets in units
    of `OFFSET_LIMIT_PX`; masks as `WingLoss`.

    `e²/2` for errors below `width`, linear beyond: the squares are the best estimator for labels
    that scatter as a Gaussian does, and the few that lie far out do not prevail.

    Args:
        width_px: where the loss turns linear.
    """

    def __init__(self, width_px: float) -> None:
        super().__init__(name="huber", reduction="mean_with_sample_weight")
        self.width_px = width_px

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """`(N, 30)` losses of `(N, 30)` offsets."""
        error = ops.abs(y_true - y_pred) * OFFSET_LIMIT_PX
        beyond = self.width_px * (error - self.width_px / 2)
        return ops.where(error < self.width_px, ops.square(error) / 2, beyond)


class SoftenedDivergence(keras.losses.Loss):
    """How far softened probabilities are from a teacher's, softened likewise (Hinton, Vinyals and
    Dean 2015, "Distilling the Knowledge in a Neural Network", section 2).

    The Kullback-Leibler divergence of softmax(logits / T), times T² so that gradients keep their
    size whatever T is.  The logits are not needed: they differ from the logarithms of the
    probabilities by a constant, which the softmax takes out again.

    Args:
        temperature: T; 1 leaves the probabilities as they are, more lets the small ones count.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__(name="softened_divergence")
        self.temperature = temperature

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """`(N,)` losses of `(N, 5)` probabilities."""
        taught, learned = self._log_softened(y_true), self._log_softened(y_pred)
        return self.temperature**2 * ops.sum(ops.exp(taught) * (taught - learned), axis=-1)

    def _log_softened(self, probabilities: keras.KerasTensor) -> keras.KerasTensor:
        # A probability that float32 has rounded to 0 would have an infinite gradient.
        logs = ops.log(ops.maximum(probabilities, keras.config.epsilon()))
        return ops.log_softmax(logs / self.temperature)


class RmsePx(keras.metrics.Metric):
    """Root of the mean squared error over all known coordinates, in pixels of the 96 px face."""

    def __init__(self, name: str = "rmse_px") -> None:
        super().__init__(name=name)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(
        self,
        y_true: keras.KerasTensor,
        y_pred: keras.KerasTensor,
        sample_weight: keras.KerasTensor | None = None,
    ) -> None:
        """Add one batch; coordinates of weight 0 are missing and left out."""
        known = ops.ones_like(y_true) if sample_weight is None else sample_weight > 0
        known = ops.cast(known, self.dtype)
        squares = ops.square((ops.cast(y_pred, self.dtype) - y_true) * OFFSET_LIMIT_PX)
        self.total.assign_add(ops.sum(squares * known))
        self.count.assign_add(ops.sum(known))

    def result(self) -> keras.KerasTensor:
        """The error so far; 0 before the first batch."""
        return ops.sqrt(self.total / ops.maximum(self.count, 1.0))
