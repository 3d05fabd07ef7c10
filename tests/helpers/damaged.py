"""Networks for the remedies: with lively statistics, trained in seconds, and damaged ones."""

import keras
import numpy as np

from edge_emotion.labels import EMOTIONS
from edge_emotion_train.architectures import ReferenceNetwork
from edge_emotion_train.batches import as_input
from edge_emotion_train.networks import build
from helpers.drawn_faces import emotion_faces
from helpers.tiny_runs import NETWORK, untrained_network

FACTOR = 1000.0


def lively_network(task, reference=False):
    """Untrained, but with batch normalizations that do something."""
    network = untrained_network(task)
    if reference:
        network = build(task, ReferenceNetwork(stages=(8, 8), dense=(16,), dropout=(0.1,)))
    rng = np.random.default_rng(3)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.gamma.shape
            for weight, low, high in (
                (layer.gamma, 0.5, 1.5),
                (layer.beta, -0.3, 0.5),
                (layer.moving_mean, -0.2, 0.2),
                (layer.moving_variance, 0.5, 1.5),
            ):
                weight.assign(rng.uniform(low, high, shape))
    return network


def trained_network(faces=300, epochs=14):
    """An emotion network that tells drawn faces apart."""
    drawn = emotion_faces(faces, seed=11)
    keras.utils.set_random_seed(4)
    network = build("emotion", NETWORK)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9  # there are few steps
    network.compile(keras.optimizers.Adam(5e-3), "categorical_crossentropy", jit_compile=False)
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[drawn.labels]
    network.fit(as_input(drawn.images), targets, 32, epochs, verbose=0)
    return network


def damaged(network, channels=(0,)):
    """A copy whose float answers are the same and which int8 ruins.

    Some channels inside each block (a convolution, batch normalization and ReLU that only one
    convolution reads) are 1,000 times as large, and the next layer's weights for them 1,000 times
    smaller.
    """
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    for first in copy.layers:
        if not isinstance(first, keras.layers.BatchNormalization):
            continue
        relu = _only_reader(first)
        second = _only_reader(relu) if isinstance(relu, keras.layers.ReLU) else None
        if isinstance(second, keras.layers.Conv2D):
            for channel in channels:
                _scale(first, second, channel)
    return copy


def _only_reader(layer):
    readers = [node.operation for node in layer._outbound_nodes]
    return readers[0] if len(readers) == 1 else None


def _scale(normalization, convolution, channel):
    for weight in (normalization.gamma, normalization.beta):
        values = weight.numpy()
        values[channel] *= FACTOR
        weight.assign(values)
    kernel = convolution.kernel.numpy()
    kernel[:, :, channel] /= FACTOR
    convolution.kernel.assign(kernel)
