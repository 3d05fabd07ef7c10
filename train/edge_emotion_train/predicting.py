"""What a trained network answers, in probabilities and pixels."""

import keras
import numpy as np

from edge_emotion.labels import KEYPOINTS
from edge_emotion.types import Floats, Image
from edge_emotion_train.batches import as_input
from edge_emotion_train.networks import OFFSET_LIMIT_PX

_AT_ONCE = 256  # faces


def predict(model: keras.Model, mean_face: Floats | None, images: Image) -> Floats:
    """What a float network answers for `(N, S, S) uint8` faces, or pictures for a detector.

    Args:
        model: of any task.
        mean_face: `(15, 2)` pixels of the 96 px face, for keypoints.
        images: what it looks at.

    Returns:
        `(N, 5)` probabilities, `(N, 15, 2)` points in pixels of the 96 px face, or `(N, 756, 5)`
        cells; without `mean_face` keypoints stay the `(N, 30)` offsets of `networks.heads`.
    """
    answers = np.empty((0, *model.output_shape[1:]), np.float32)
    if len(images):  # Keras refuses to predict nothing
        at_once = model.input_shape[0] or _AT_ONCE
        answers = np.asarray(model.predict(as_input(images), batch_size=at_once, verbose=0))
    if mean_face is None:
        return answers
    points: Floats = answers.reshape(-1, len(KEYPOINTS), 2) * np.float32(OFFSET_LIMIT_PX)
    return points + mean_face
