"""Small networks, each built so that int8 costs it something for one known reason."""

import keras
import numpy as np
from keras import layers

from edge_emotion.types import Floats

SIDE_PX = 32
WIDTH = 8


def plain() -> keras.Model:
    """Five convolutions with random weights."""
    face = _face()
    return _network(face, _convolved(face, count=5))


def outlier_channel() -> keras.Model:
    """One of 8 channels is 1,000 times as wide; the next layer takes that back."""
    return _scaled(1, 1000)


def lost_channels() -> keras.Model:
    """5 of 8 channels are 1,000 times as wide, and the other 3 lost; taken back like that."""
    return _scaled(5, 1000)


def coarse_output() -> keras.Model:
    """One of 30 answers is near 1,000, so that the grid of all has steps of about 4."""
    face = _face()
    model = _network(face, _convolved(face, count=2))
    kernel, bias = model.layers[-1].get_weights()
    bias[0] = 1000
    model.layers[-1].set_weights([kernel, bias])
    return model


def coarse_weights() -> keras.Model:
    """One of 8 channels is 300 times as faint; the next layer's weights for it take that back."""
    return _scaled(1, 1 / 300)


def cancelling_sum() -> keras.Model:
    """Two branches that are each other's opposite up to 1 %."""
    face = _face()
    x = _convolved(face, count=1)
    one, other = (layers.Conv2D(WIDTH, 3, padding="same", name=n)(x) for n in ("one", "other"))
    model = _network(face, layers.ReLU()(layers.Add(name="sum")([one, other])))
    kernel, bias = model.get_layer("one").get_weights()
    noise = np.random.default_rng(1).normal(0, 0.01, kernel.shape)
    model.get_layer("other").set_weights([-kernel * (1 + noise), bias])
    return model


def silent_channels() -> keras.Model:
    """2 of the first layer's 8 channels answer 0 to everything."""
    model = plain()
    kernel, bias = model.layers[1].get_weights()
    kernel[..., :2] = 0
    model.layers[1].set_weights([kernel, bias])
    return model


def faces(count: int = 16) -> Floats:
    """`(count, 32, 32, 1)` of even noise in steps of 1/255, touching 0 and 1."""
    bytes_ = np.random.default_rng(2).integers(0, 256, (count, SIDE_PX, SIDE_PX, 1))
    return (bytes_ / 255).astype(np.float32)


def faces_with_rare_glare() -> Floats:
    """Dim ones; in one of 32, one pixel of 1,024 is at full brightness."""
    dim = np.rint(faces(32) * 8) / np.float32(255)
    dim[3, 5, 5] = 1
    return dim


def _face() -> keras.KerasTensor:
    keras.utils.set_random_seed(3)
    return layers.Input((SIDE_PX, SIDE_PX, 1))


def _convolved(x: keras.KerasTensor, count: int) -> keras.KerasTensor:
    for number in range(count):
        x = layers.Conv2D(
            *(WIDTH, 3),
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"conv_{number}",
        )(x)
    return x


def _network(face: keras.KerasTensor, x: keras.KerasTensor) -> keras.Model:
    pooled = layers.Flatten()(layers.AveragePooling2D(8, name="pool")(x))
    return keras.Model(face, layers.Dense(30, name="answer")(pooled))


def _scaled(count: int, factor: float) -> keras.Model:
    model = plain()
    first, second = (model.get_layer(name) for name in ("conv_2", "conv_3"))
    kernel, bias = first.get_weights()
    kernel[..., :count] *= factor
    bias[:count] *= factor
    first.set_weights([kernel, bias])
    kernel, bias = second.get_weights()
    kernel[:, :, :count] /= factor
    second.set_weights([kernel, bias])
    return model
