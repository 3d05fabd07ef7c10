"""`resblock-reference`, the networks of the course this toolkit grew from.

Coursera, "Emotion AI: Facial Key-points Detection": a 7×7 stem of 64, then stages of one
convolutional and two identity bottleneck blocks (He et al. 2016, figure 5 right) that halve the map
by max pooling, average pooling, dense layers with dropout.  Layer for layer and weight for weight
as there, biases before batch normalisation included, with two exceptions that the device asks for:
the keypoints come out as offsets (see `heads`), and the enlargement of emotion's faces to 96 px
happens inside the network, because its input is 48 px.
"""

import keras
from keras import layers

from edge_emotion.modelfile import Task
from edge_emotion.preprocess import KEYPOINT_SIDE_PX
from edge_emotion_train.architectures import ReferenceNetwork
from edge_emotion_train.networks.heads import answer, face_input

STEM_WIDTH = 64
_IDENTITY_BLOCKS = 2


def build(task: Task, network: ReferenceNetwork) -> keras.Model:
    """The network for a task, of the shapes of `heads`."""
    face = x = face_input(task)
    if x.shape[1] < KEYPOINT_SIDE_PX:
        x = layers.UpSampling2D(KEYPOINT_SIDE_PX // x.shape[1], interpolation="bilinear")(x)
    x = layers.ZeroPadding2D(3)(x)
    x = layers.Conv2D(STEM_WIDTH, 7, strides=2)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.MaxPooling2D(3, strides=2)(x)
    for width in network.stages:
        x = _convolutional_block(x, width)
        for _ in range(_IDENTITY_BLOCKS):
            x = _identity_block(x, width)
    x = layers.Flatten()(layers.AveragePooling2D(network.pool)(x))
    for number, width in enumerate(network.dense):
        x = layers.Dense(width, activation="relu", name=f"hidden_{number}")(x)
        x = layers.Dropout(network.dropout[number])(x)
    return keras.Model(face, answer(task, x))


def _convolutional_block(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """A bottleneck `[width, width, 4 * width]` at half the resolution."""
    shortcut = layers.MaxPooling2D(2)(layers.Conv2D(4 * width, 1)(x))
    shortcut = layers.BatchNormalization()(shortcut)
    x = layers.MaxPooling2D(2)(layers.Conv2D(width, 1)(x))
    return _rest_of_bottleneck(x, width, shortcut)


def _identity_block(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """A bottleneck `[width, width, 4 * width]` beside the map as it was."""
    return _rest_of_bottleneck(layers.Conv2D(width, 1)(x), width, shortcut=x)


def _rest_of_bottleneck(
    x: keras.KerasTensor, width: int, shortcut: keras.KerasTensor
) -> keras.KerasTensor:
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(width, 3, padding="same")(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(layers.Conv2D(4 * width, 1)(x))
    return layers.ReLU()(layers.Add()([x, shortcut]))
