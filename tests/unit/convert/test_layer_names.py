"""Which layer a tensor of the converted graph is called after."""

import keras
import pytest
from keras import layers

from edge_emotion_convert.layer_names import labels_of


def network():
    """Layers named as Keras numbers them, so that `conv2d_1` is one and may be another's tensor."""
    picture = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, padding="same", name="conv2d")(picture)
    x = layers.BatchNormalization(name="batch_normalization")(x)
    x = layers.ReLU(name="re_lu")(x)
    y = layers.Conv2D(2, 3, padding="same", name="conv2d_1")(x)
    y = layers.Add(name="add")([x, y])
    return keras.Model(picture, layers.Add(name="add_1")([y, y]))


@pytest.mark.parametrize(
    ("tensors", "labels"),
    [
        (
            ["functional/conv2d/convolution", "functional/conv2d_1/convolution"],
            ["conv2d", "conv2d_1"],
        ),
        (  # traced once more: each name with a number behind it
            ["functional_1/conv2d_1/convolution", "functional_1/conv2d_1_2/convolution"],
            ["conv2d", "conv2d_1"],
        ),
        (["functional_1/add_1/Add", "functional_1/add_1_2/Add"], ["add", "add_1"]),
        (  # the operator of a batch normalization is called as a layer is
            ["functional/batch_normalization/batchnorm/add_1;functional/conv2d/convolution"],
            ["conv2d"],
        ),
        (["functional/re_lu/Relu;functional/conv2d/BiasAdd"], ["conv2d"]),
        (["functional/re_lu/Relu"], ["re_lu"]),
        (["StatefulPartitionedCall/somewhere/else"], ["somewhere"]),
        (["Identity"], ["add_1"]),  # what the network answers
    ],
)
def test_a_tensor_is_called_after_the_layer_that_did_the_work(tensors, labels):
    found = labels_of(tensors, network())
    assert [found[tensor] for tensor in tensors] == labels
