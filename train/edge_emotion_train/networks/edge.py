"""`resblock-edge`, what a small device runs.

Basic residual blocks (He et al. 2016, "Deep Residual Learning", figure 5 left) in four stages, each
of half the resolution of the one before.  The stem leaves 24×24 px to the first: at full resolution
it alone would cost more than the 30 MMAC of all that follows it.  Every operator is on the Edge
TPU's list.
"""

import keras
from keras import layers

from edge_emotion.modelfile import Task
from edge_emotion_train.architectures import EdgeNetwork
from edge_emotion_train.networks.blocks import conv, residual_block
from edge_emotion_train.networks.heads import answer, face_input


def build(task: Task, network: EdgeNetwork) -> keras.Model:
    """The network for a task, of the shapes of `heads`.

    The last map is averaged for emotion and flattened for keypoints, since where a feature lies is
    the answer there.
    """
    face = face_input(task)
    if task == "emotion":
        features = _stages(conv(face, network.widths[0], strides=2), network)
        features = layers.AveragePooling2D(features.shape[1], name="pool")(features)
    else:
        features = _stages(conv(face, network.widths[0], kernel_size=7, strides=4), network)
    flat = layers.Dropout(network.dropout)(layers.Flatten()(features))
    return keras.Model(face, answer(task, flat))


def _stages(x: keras.KerasTensor, network: EdgeNetwork) -> keras.KerasTensor:
    for stage, (width, blocks) in enumerate(zip(network.widths, network.blocks, strict=True)):
        for block in range(blocks):
            x = residual_block(x, width, strides=2 if stage > 0 and block == 0 else 1)
    return x
