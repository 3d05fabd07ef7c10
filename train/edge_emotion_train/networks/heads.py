"""The last layers, the same for every network: what the device is told.

Emotion: the probabilities `(N, 5)` of `labels.EMOTIONS`.  Keypoints: `(N, 30)`, x and y of each of
`labels.KEYPOINTS` as offsets from the mean face in units of `OFFSET_LIMIT_PX`, from -1 to 1.
Detector: five values from -1 to 1 of each cell, `(N, 756, 5)` (see `edge_emotion.detection`).
"""

import keras
from keras import layers

from edge_emotion.modelfile import INPUT_SIDES_PX, OUTPUT_SHAPES, Task

# Keypoints are predicted as offsets from the mean face in this unit: tanh bounds them, and its int8
# grid of 1/128 is then 0.16 px fine, where a grid over all 96 px would be 0.38 px.
OFFSET_LIMIT_PX = 20.0

Shape = tuple[int | None, ...]


def shapes_of(task: Task) -> tuple[Shape, Shape]:
    """What a task's networks take and answer, the first side of each the free batch."""
    side = INPUT_SIDES_PX[task]
    return (None, side, side, 1), (None, *OUTPUT_SHAPES[task])


def face_input(task: Task) -> keras.KerasTensor:
    """Gray `(N, S, S, 1)` in [0, 1]: faces of 48 or 96 px, or for the detector whole pictures."""
    side = INPUT_SIDES_PX[task]
    return layers.Input((side, side, 1), name="face")


def answer(task: Task, features: keras.KerasTensor) -> keras.KerasTensor:
    """`(N, F)` features to the task's answer, in float32 whatever the precision before."""
    if task == "emotion":
        logits = layers.Dense(OUTPUT_SHAPES[task][0], dtype="float32", name="logits")(features)
        return layers.Softmax(dtype="float32", name="probabilities")(logits)
    offsets = layers.Dense(OUTPUT_SHAPES[task][0], dtype="float32", name="dense")(features)
    return layers.Activation("tanh", dtype="float32", name="offsets")(offsets)
