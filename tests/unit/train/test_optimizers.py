"""What single keys of `fit` do to a step of the weights."""

import keras
import numpy as np
import pytest

from edge_emotion_train.optimizers import make_optimizer
from edge_emotion_train.recipe import Fit


def _step(gradients: list[float], **options) -> list[float]:
    """How far each weight moves in the first step, at a rate of 1."""
    plain = {"optimizer": "sgd", "learning_rate": 1, "weight_decay": 0, "ema": 0}
    fit = Fit(epochs=1, warmup_epochs=0, schedule="constant", **{**plain, **options})
    weights = [keras.Variable(0.0) for _ in gradients]
    optimizer = make_optimizer(fit, steps=10)
    optimizer.build(weights)
    optimizer.apply_gradients(
        [(keras.ops.convert_to_tensor(g), w) for g, w in zip(gradients, weights, strict=True)]
    )
    return [float(weight.numpy()) for weight in weights]


def test_a_step_follows_the_gradient():
    assert _step([3.0, -4.0]) == pytest.approx([-3, 4])


def test_nesterovs_step_looks_ahead_by_the_momentum():
    assert _step([3.0], momentum=0.5, nesterov=True) == pytest.approx([-3 * 1.5])


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "adam"])
@pytest.mark.parametrize("ema", [0.0, 0.5])
def test_every_optimizer_takes_the_norm_to_clip_to(optimizer: str, ema: float):
    fit = Fit(epochs=1, optimizer=optimizer, clip_norm=2.5, ema=ema)
    assert make_optimizer(fit, 10).global_clipnorm == 2.5
    assert make_optimizer(Fit(epochs=1, optimizer=optimizer), 10).global_clipnorm is None


@pytest.mark.parametrize(("clip_norm", "step"), [(1, [-0.6, 0.8]), (5, [-3, 4]), (50, [-3, 4])])
def test_gradients_are_shortened_together_so_their_direction_stays(
    clip_norm: float, step: list[float]
):
    assert np.array(_step([3.0, -4.0], clip_norm=clip_norm)) == pytest.approx(np.array(step))
