"""Networks of other people's making: Keras files that no training here left, and SavedModels."""

from pathlib import Path

import keras
import tensorflow as tf

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.computing import check_operators
from edge_emotion_convert.progress import quiet
from edge_emotion_train.networks.saved import load_network

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
_SIGNATURE = "serving_default"


def load_foreign(path: Path) -> keras.Model:
    """A network from a Keras file, or from a SavedModel folder as a Keras model around it.

    Raises:
        EdgeEmotionError: damaged, unsafe, or nothing that can be converted.
    """
    if path.suffix in KERAS_SUFFIXES and not path.is_dir():
        with quiet():
            return load_network(path)
    check_operators(path)
    try:
        with quiet():
            return _as_keras(path)
    except EdgeEmotionError:
        raise
    except Exception as error:  # TensorFlow and Keras pass on whatever the folder breaks
        reason = str(error).strip().partition("\n")[0][:160]
        raise EdgeEmotionError(
            f"{path} cannot be loaded: {reason}", expected="a SavedModel of TensorFlow 2"
        ) from error


def _as_keras(path: Path) -> keras.Model:
    signature = tf.saved_model.load(path).signatures.get(_SIGNATURE)
    given = list(signature.structured_input_signature[1].values()) if signature else []
    answered = list(signature.structured_outputs.values()) if signature else []
    if len(given) != 1 or len(answered) != 1 or given[0].shape.rank is None:
        raise EdgeEmotionError(
            f"{path} has {'another' if signature else 'no'} signature {_SIGNATURE}",
            expected="one with one input and one output",
        )
    face = keras.Input(given[0].shape[1:], given[0].shape[0], dtype=given[0].dtype.name)
    [answer] = keras.layers.TFSMLayer(str(path), call_endpoint=_SIGNATURE)(face).values()
    return keras.Model(face, answer)
