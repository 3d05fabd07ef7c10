"""The ResBlock networks, from one builder.

`resblock-edge` is what a small device runs: basic residual blocks (He et al. 2016, "Deep Residual
Learning", figure 5 left) in four stages, each of half the resolution of the one before.  The stem
leaves 24×24 px to the first: at full resolution it alone would cost more than the 30 MMAC of all
that follows it.  Every operator is on the Edge TPU's list.
"""

import math

import keras
from keras import layers

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion_train.recipe import EdgeNetwork

# Keypoints are predicted as offsets from the mean face in this unit: tanh bounds them, and its int8
# grid of 1/128 is then 0.16 px fine, where a grid over all 96 px would be 0.38 px.
OFFSET_LIMIT_PX = 20.0


def build_emotion(network: EdgeNetwork) -> keras.Model:
    """Gray `(N, 48, 48, 1)` in [0, 1] to the probabilities `(N, 5)` of `labels.EMOTIONS`."""
    face = layers.Input((EMOTION_SIDE_PX, EMOTION_SIDE_PX, 1), name="face")
    features = _stages(_conv(face, network.widths[0], strides=2), network)
    pooled = layers.AveragePooling2D(features.shape[1], name="pool")(features)
    flat = layers.Dropout(network.dropout)(layers.Flatten()(pooled))
    logits = layers.Dense(len(EMOTIONS), dtype="float32", name="logits")(flat)
    return keras.Model(face, layers.Softmax(dtype="float32", name="probabilities")(logits))


def build_keypoints(network: EdgeNetwork) -> keras.Model:
    """Gray `(N, 96, 96, 1)` in [0, 1] to `(N, 30)` offsets from the mean face.

    The offsets are x, y of each of `labels.KEYPOINTS` in units of `OFFSET_LIMIT_PX`, from -1 to 1.
    The last map is flattened rather than averaged, since where a feature lies is the answer.
    """
    face = layers.Input((KEYPOINT_SIDE_PX, KEYPOINT_SIDE_PX, 1), name="face")
    features = _stages(_conv(face, network.widths[0], kernel_size=7, strides=4), network)
    flat = layers.Dropout(network.dropout)(layers.Flatten()(features))
    offsets = layers.Dense(2 * len(KEYPOINTS), dtype="float32", name="dense")(flat)
    return keras.Model(face, layers.Activation("tanh", dtype="float32", name="offsets")(offsets))


def count_macs(model: keras.Model) -> int:
    """Multiply-accumulate operations of the convolutions and dense layers for one face."""
    macs = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            _, height, width, _ = layer.output.shape
            macs += height * width * math.prod(layer.kernel.shape)
        elif isinstance(layer, layers.Dense):
            macs += math.prod(layer.kernel.shape)
    return macs


def _stages(x: keras.KerasTensor, network: EdgeNetwork) -> keras.KerasTensor:
    for stage, (width, blocks) in enumerate(zip(network.widths, network.blocks, strict=True)):
        for block in range(blocks):
            x = _residual_block(x, width, strides=2 if stage > 0 and block == 0 else 1)
    return x


def _residual_block(x: keras.KerasTensor, width: int, strides: int) -> keras.KerasTensor:
    shortcut = x
    if strides > 1 or x.shape[-1] != width:
        shortcut = _conv(x, width, kernel_size=1, strides=strides, activate=False)
    x = _conv(x, width, strides=strides)
    x = _conv(x, width, activate=False)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def _conv(
    x: keras.KerasTensor,
    width: int,
    kernel_size: int = 3,
    strides: int = 1,
    activate: bool = True,
) -> keras.KerasTensor:
    x = layers.Conv2D(width, kernel_size, strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x) if activate else x
