"""Networks that enlarge their maps, on the operators that an Edge TPU has."""

from collections import Counter

import keras
import numpy as np
import pytest
from keras import layers

from edge_emotion_convert.edgetpu_operators import left_to_cpu
from edge_emotion_convert.enlarging import with_resizes
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.quantize import to_tflite
from edge_emotion_device.runtime import open_interpreter
from edge_emotion_train.architectures import DetectorNetwork
from edge_emotion_train.networks import build

PICTURES = np.random.default_rng(0).random((2, 12, 12, 1), np.float32)


def enlarging(interpolation="nearest", size=(2, 2)):
    picture = keras.Input((12, 12, 1))
    x = layers.Conv2D(3, 3, activation="relu", name="before")(picture)
    x = layers.UpSampling2D(size, interpolation=interpolation, name="enlarged")(x)
    return keras.Model(picture, layers.Conv2D(2, 1, name="after")(x))


@pytest.mark.parametrize("size", [(2, 2), (3, 1)])
def test_a_resize_gives_the_values_of_repeated_rows_and_columns(size):
    network = enlarging(size=size)
    resized = with_resizes(network)
    assert isinstance(resized.get_layer("enlarged"), layers.Resizing)
    np.testing.assert_array_equal(resized(PICTURES), network(PICTURES))


@pytest.mark.parametrize(
    "network",
    [
        enlarging("bilinear"),
        keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten()]),
        keras.Sequential([keras.Input((None, None, 1)), layers.UpSampling2D()]),
    ],
    ids=["another interpolation", "nothing enlarged", "a size that is not known"],
)
def test_other_networks_are_left_as_they_are(network):
    assert with_resizes(network) is network


def test_a_detector_fits_an_edge_tpu_whole_and_has_reference_kernels():
    network = build("detector", DetectorNetwork((8, 8, 8, 8, 8), 8))
    samples = np.random.default_rng(0).random((2, 192, 192, 1), np.float32)
    samples.flat[:2] = 0, 1
    flatbuffer = to_tflite(network, FORMATS["int8"], samples)
    assert left_to_cpu(flatbuffer) == []
    operators = Counter(
        operator["op_name"] for operator in open_interpreter(flatbuffer)._get_ops_details()
    )
    assert operators["RESIZE_NEAREST_NEIGHBOR"] == 2 and not operators["TILE"]
    open_interpreter(flatbuffer, reference=True)
