"""What a SavedModel answers."""

from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf

from edge_emotion_convert.serving import _write
from edge_emotion_convert.serving_check import probe
from edge_emotion_train.predicting import predict

SIDE = 16


def test_it_answers_as_the_network_does_when_it_is_not_trained(tmp_path):
    """Keras calls what stands behind its layers for pictures as in training if nobody says."""
    face = keras.Input((SIDE, SIDE, 1))
    small = keras.layers.Resizing(SIDE // 2, SIDE // 2)(face)
    normed = keras.layers.BatchNormalization()(keras.layers.Conv2D(2, 3)(small))
    network = keras.Model(face, keras.layers.Flatten()(normed))
    _write(SimpleNamespace(network=network, mean_face=None, task="detector"), tmp_path)

    faces = probe(SIDE)
    written = tf.saved_model.load(str(tmp_path)).signatures["serving_bytes"]
    found = written(faces=tf.constant(faces[..., None]))["cells"]
    np.testing.assert_allclose(found, predict(network, None, faces), atol=1e-5)
