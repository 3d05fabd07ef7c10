"""What the residual networks for small devices are made of."""

import keras
from keras import layers


def residual_block(x: keras.KerasTensor, width: int, strides: int) -> keras.KerasTensor:
    """A basic residual block (He et al. 2016, "Deep Residual Learning", figure 5 left)."""
    shortcut = x
    if strides > 1 or x.shape[-1] != width:
        shortcut = conv(x, width, kernel_size=1, strides=strides, activate=False)
    x = conv(x, width, strides=strides)
    x = conv(x, width, activate=False)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def conv(
    x: keras.KerasTensor,
    width: int,
    kernel_size: int = 3,
    strides: int = 1,
    activate: bool = True,
) -> keras.KerasTensor:
    """A convolution with batch normalization and, if `activate`, a ReLU."""
    x = layers.Conv2D(width, kernel_size, strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x) if activate else x
