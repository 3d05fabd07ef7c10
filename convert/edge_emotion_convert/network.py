"""A trained network from its .keras file."""

from pathlib import Path

import keras
import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import Task
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion.types import Floats, Image
from edge_emotion_convert.runs import Run
from edge_emotion_train.batches import as_input
from edge_emotion_train.networks import OFFSET_LIMIT_PX

_SHAPES = {
    "emotion": ((None, EMOTION_SIDE_PX, EMOTION_SIDE_PX, 1), (None, len(EMOTIONS))),
    "keypoints": ((None, KEYPOINT_SIDE_PX, KEYPOINT_SIDE_PX, 1), (None, 2 * len(KEYPOINTS))),
}
_LONGEST_REASON = 160


def read_network(path: Path, task: Task) -> keras.Model:
    """Load a .keras file without running code from it (Keras' safe mode), and check it.

    Raises:
        EdgeEmotionError: missing, damaged, unsafe, of another shape, or with NaN weights.
    """
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras passes on whatever zip, JSON, HDF5 or layers raise
        innermost = str(error).rpartition("Exception encountered: ")[2].strip()
        reason = innermost.partition("\n")[0][:_LONGEST_REASON]
        raise EdgeEmotionError(
            f"{path} cannot be loaded: {reason}",
            expected="a .keras file that training left",
            remedy="train again, or copy the file again",
        ) from error
    if (model.input_shape, model.output_shape) != _SHAPES[task]:
        given, answered = _SHAPES[task]
        raise EdgeEmotionError(
            f"{path} maps {model.input_shape} to {model.output_shape}",
            expected=f"{given} to {answered} for {task}",
        )
    broken = [weight.path for weight in model.weights if not np.isfinite(weight.numpy()).all()]
    if broken:
        raise EdgeEmotionError(
            f"{path} has weights that are NaN or infinite, first in {broken[0]}",
            remedy="train again, with a lower learning_rate if that happens again",
        )
    return model


def predict(model: keras.Model, run: Run, images: Image) -> Floats:
    """What a run's float network answers for `(N, S, S) uint8` faces.

    Returns:
        `(N, 5)` probabilities, or `(N, 15, 2)` points in pixels of the 96 px face.
    """
    answers: Floats = np.asarray(model.predict(as_input(images), batch_size=256, verbose=0))
    if run.mean_face is not None:
        answers = answers.reshape(-1, len(KEYPOINTS), 2) * np.float32(OFFSET_LIMIT_PX)
        answers = answers + run.mean_face
    return answers
