"""Remedy: bias correction, which takes back the shift that rounded weights put on a layer's mean.

Rounding errors of a layer's weights do not cancel out over inputs that are not centred (after a
ReLU all are positive), and so move each output channel's mean.  The difference is measured on the
calibration faces and subtracted from the bias, layer after layer, each with those before it already
quantized and corrected (Nagel et al. 2019, section 4.2 and appendix D).
"""

from dataclasses import replace

import keras
import numpy as np

from edge_emotion.types import Floats
from edge_emotion_convert.remedies.folding import folded, weighted_layers
from edge_emotion_convert.remedies.way import Variants, Way
from edge_emotion_convert.trial import Trial

_FACES = 128
_LARGEST = 127


def correct_biases(trial: Trial, way: Way) -> Variants:
    """With the mean over some of the calibration faces."""
    yield "", replace(way, network=bias_corrected(way.network, way.samples[:_FACES]))


def bias_corrected(network: keras.Model, samples: Floats) -> keras.Model:
    """The same network, its biases such that 8-bit weights leave each layer's mean where it was.

    Raises:
        NotApplicable: it is no graph of Keras layers, or has none with weights.
    """
    corrected, rounded = folded(network), folded(network)
    means = keras.Model(rounded.input, [layer.output for layer in weighted_layers(rounded)])
    expected = _channel_means(means, samples)
    for layer in weighted_layers(rounded):
        layer.kernel.assign(rounded_to_8_bits(layer.kernel.numpy()))
    for place, layer in enumerate(weighted_layers(rounded)):
        if layer.use_bias:
            shift = _channel_means(means, samples)[place] - expected[place]
            for one in (layer, corrected.get_layer(layer.name)):
                one.bias.assign(one.bias.numpy() - shift)
    return corrected


def rounded_to_8_bits(kernel: Floats) -> Floats:
    """A kernel as TFLite stores it: 255 steps around 0 for each output channel, its last axis."""
    largest = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)), keepdims=True)
    step = np.maximum(largest / _LARGEST, 1e-12)
    return np.rint(kernel / step) * step


def _channel_means(model: keras.Model, samples: Floats) -> list[Floats]:
    """`(C,)` for each output of a model."""
    answers = keras.tree.flatten(model(samples, training=False))
    return [np.asarray(one).mean(axis=tuple(range(len(one.shape) - 1))) for one in answers]
