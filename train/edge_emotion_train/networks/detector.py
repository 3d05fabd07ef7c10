"""`resblock-detector`, which finds faces in a whole picture in one look.

A residual block a stage (He et al. 2016, "Deep Residual Learning", figure 5 left), each of half the
resolution of the one before; the maps of 8, 16 and 32 px a cell are joined from the coarsest down
(feature pyramid: Lin et al. 2017, "Feature Pyramid Networks for Object Detection", figure 3) and
answer one cell each.  Every operator is on the Edge TPU's list: enlarging is by nearest neighbour,
and one tanh bounds all answers.
"""

import math

import keras
import numpy as np
from keras import layers

from edge_emotion.detection import LOGIT_LIMIT, VALUES_A_CELL
from edge_emotion_train.architectures import DetectorNetwork
from edge_emotion_train.networks.blocks import conv, residual_block
from edge_emotion_train.networks.heads import face_input

# How likely a cell finds a face before anything is learned: few do, and a network that says so
# from the start is not drowned by the others (Lin et al. 2017, "Focal Loss", section 3.3).
_FIRST_SCORE = 0.02


def build(network: DetectorNetwork) -> keras.Model:
    """The network: `(N, 192, 192, 1)` in [0, 1] to `(N, C, 5)` as `edge_emotion.detection` says."""
    picture = face_input("detector")
    x = conv(picture, network.widths[0], strides=2)
    maps = []
    for width in network.widths[1:]:
        x = residual_block(x, width, strides=2)
        maps.append(x)
    fine, middle, coarse = maps[1:]
    coarse = conv(coarse, network.head, kernel_size=1)
    middle = _join(middle, coarse, network.head)
    fine = _join(fine, middle, network.head)
    answers = [_answer(part, network.head) for part in (fine, middle, coarse)]
    joined = layers.Concatenate(axis=1, dtype="float32", name="cells")(answers)
    return keras.Model(picture, layers.Activation("tanh", dtype="float32", name="answers")(joined))


def _join(fine: keras.KerasTensor, coarse: keras.KerasTensor, width: int) -> keras.KerasTensor:
    fine = conv(fine, width, kernel_size=1, activate=False)
    # One RESIZE_NEAREST_NEIGHBOR; UpSampling2D would become four TILE, which Edge TPUs do not take.
    enlarged = layers.Resizing(*fine.shape[1:3], interpolation="nearest")(coarse)
    return layers.ReLU()(layers.Add()([fine, enlarged]))


def _answer(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """`(N, cells, 5)` of one map, before the tanh."""
    features = conv(x, width)
    last = layers.Conv2D(VALUES_A_CELL, 1, dtype="float32")
    answers = last(features)
    first = np.zeros(VALUES_A_CELL, np.float32)
    first[0] = math.atanh(math.log(_FIRST_SCORE / (1 - _FIRST_SCORE)) / LOGIT_LIMIT)
    last.bias.assign(first)
    return layers.Reshape((-1, VALUES_A_CELL), dtype="float32")(answers)
