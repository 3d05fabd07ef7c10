"""Remedy: cross-layer equalization, which gives the channels between two layers like ranges.

A tensor has one scale for all its channels, and a channel of large values takes the grid from all
others.  Two layers with nothing between them but what a positive factor passes through, such as a
ReLU, can share out each channel's factor as they like: the output stays the same (Nagel et al.
2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.1).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import layers

from edge_emotion.types import Floats
from edge_emotion_convert.remedies.folding import (
    WEIGHTED,
    folded,
    is_called,
    is_called_once,
    only_consumer,
    weighted_layers,
)
from edge_emotion_convert.remedies.way import NotApplicable, Variants, Way
from edge_emotion_convert.trial import Trial

_PASSES = 50  # a layer in the middle of a chain belongs to two pairs
_EVEN = 0.01  # the logarithm of a factor that changes nothing more
_FACES = 100
_PASSED_THROUGH = (
    layers.ReLU,
    layers.Activation,
    layers.MaxPooling2D,
    layers.AveragePooling2D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling2D,
    layers.ZeroPadding2D,
    layers.Dropout,
    layers.Flatten,
)


@dataclass(frozen=True)
class Pair:
    """Two layers with nothing between them that a positive factor would not pass through."""

    first: keras.Layer
    second: keras.Layer

    def input_ranges(self) -> Floats:
        """`(C,)`, the largest weight that each channel between the two meets in the second."""
        return np.abs(self._second_kernel()).max(axis=(0, 2))

    def output_ranges(self) -> Floats:
        """`(C,)`, the largest weight that makes each of these channels in the first."""
        kernel = self.first.get_weights()[0]
        return np.abs(kernel.reshape(-1, kernel.shape[-1])).max(axis=0)

    def divide(self, factors: Floats) -> None:
        """Make each channel smaller by its factor and what reads it larger."""
        for weight in self.first.weights:
            weight.assign(weight.numpy() / factors)
        kernel = self.second.weights[0]
        kernel.assign((self._second_kernel() * factors[:, None]).reshape(kernel.shape))

    def _second_kernel(self) -> Floats:
        """`(places, C, outputs)`; a dense layer behind a Flatten reads channels by turns."""
        kernel = self.second.get_weights()[0]
        return kernel.reshape(-1, self.first.output.shape[-1], kernel.shape[-1])


def equalize(trial: Trial, way: Way) -> Variants:
    """By the weights' ranges, as in the paper, and by those of the channels' values."""
    yield "by weights", replace(way, network=equalized(way.network))
    yield "by activations", replace(way, network=equalized(way.network, way.samples[:_FACES]))


def equalized(network: keras.Model, samples: Floats | None = None) -> keras.Model:
    """A network of the same outputs, its batch normalizations folded and its channels equalized.

    Args:
        network: a graph of Keras layers.
        samples: `(N, S, S, 1)`; with these a channel's range before is that of its values, not of
            its weights (so Xiao et al. 2023, "SmoothQuant", section 4, with α = 0.5).

    Raises:
        NotApplicable: it has no two layers that can be equalized.
    """
    copy = folded(network)
    found = list(pairs(copy))
    if not found:
        raise NotApplicable("no two layers follow each other with only a ReLU or pooling between")
    values = None if samples is None else _largest_values(copy, found, samples)
    for _ in range(_PASSES):
        changes = []
        for place, pair in enumerate(found):
            before = pair.output_ranges() if values is None else values[place]
            factors = _factors(before, pair.input_ranges())
            pair.divide(factors)
            if values is not None:
                values[place] = before / factors
            changes.append(np.abs(np.log(factors)).max())
        if max(changes) < _EVEN:
            break
    return copy


def pairs(network: keras.Model) -> Iterator[Pair]:
    """All pairs of a network that `folded` has returned, in the order of the graph."""
    for first in weighted_layers(network):
        layer = only_consumer(first, network)
        while isinstance(layer, _PASSED_THROUGH) and _is_passed_through(layer):
            layer = only_consumer(layer, network)
        weighted = isinstance(layer, WEIGHTED) and is_called_once(layer, network)
        if weighted and getattr(layer, "groups", 1) == 1:
            yield Pair(first, layer)


def _is_passed_through(layer: keras.Layer) -> bool:
    if isinstance(layer, layers.ReLU):
        return layer.max_value is None and not layer.threshold
    return not isinstance(layer, layers.Activation) or is_called(layer, "relu")


def _factors(before: Floats, after: Floats) -> Floats:
    """Equation 11 of the paper; 1 for a channel that is dead."""
    alive = (before > 0) & (after > 0)
    return np.sqrt(np.divide(before, after, out=np.ones_like(before), where=alive))


def _largest_values(network: keras.Model, found: list[Pair], samples: Floats) -> list[Floats]:
    read = keras.Model(network.input, [pair.second.input for pair in found])
    values = keras.tree.flatten(read(samples, training=False))
    return [
        np.abs(np.asarray(array).reshape(-1, pair.first.output.shape[-1])).max(axis=0)
        for pair, array in zip(found, values, strict=True)
    ]
