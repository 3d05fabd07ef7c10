"""Batch normalizations folded into the layers before them, as TFLite does when it converts.

What is equalized, corrected and fine-tuned afterwards are then the weights that get quantized.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from edge_emotion.types import Floats
from edge_emotion_convert.remedies.way import NotApplicable

WEIGHTED = (layers.Conv2D, layers.Dense)


def folded(network: keras.Model) -> keras.Model:
    """A copy of a network, with a bias in the place of each batch normalization that allows it.

    Raises:
        NotApplicable: the network is no graph of Keras layers.
    """
    try:
        graph = keras.Model(network.input, network.output)
    except (AttributeError, TypeError, ValueError) as error:
        raise NotApplicable("the network is no graph of Keras layers") from error
    normalizations = dict(_normalizations(graph))
    gone = {normalization.name for normalization in normalizations.values()}

    def clone(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name in normalizations:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def call(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        return args[0] if layer.name in gone else layer(*args, **kwargs)

    copy = keras.models.clone_model(graph, clone_function=clone, call_function=call)
    for layer in copy.layers:
        if layer.weights:
            weights = graph.get_layer(layer.name).get_weights()
            normalization = normalizations.get(layer.name)
            layer.set_weights(_fold(weights, normalization) if normalization else weights)
    return copy


def weighted_layers(network: keras.Model) -> list[keras.Layer]:
    """Convolutions and dense layers, in the order of the graph.

    Raises:
        NotApplicable: there are none.
    """
    found = [layer for layer in network.layers if isinstance(layer, WEIGHTED)]
    if not found:
        raise NotApplicable("the network has no convolutions or dense layers of its own")
    return found


def only_consumer(layer: keras.Layer, network: keras.Model) -> keras.Layer | None:
    """The layer that alone reads what another one answers, if there is such a one."""
    own = {id(one) for one in network.layers}
    readers = [node.operation for node in layer._outbound_nodes if id(node.operation) in own]
    answers = {id(tensor._keras_history.operation) for tensor in network.outputs}
    called_once = len(layer._inbound_nodes) == 1
    return readers[0] if len(readers) == 1 and called_once and id(layer) not in answers else None


def is_called(layer: Any, name: str) -> bool:
    """Whether a layer's activation is Keras's function of that name."""
    return getattr(layer.activation, "__name__", "") == name


def _normalizations(network: keras.Model) -> list[tuple[str, layers.BatchNormalization]]:
    """Names of layers, and the normalization that each can take in."""
    return [
        (layer.name, reader)
        for layer in network.layers
        if isinstance(layer, WEIGHTED) and is_called(layer, "linear")
        for reader in [only_consumer(layer, network)]
        if isinstance(reader, layers.BatchNormalization)
        and len(reader._inbound_nodes) == 1
        and reader.axis in (-1, len(layer.output.shape) - 1)
    ]


def _fold(weights: list[Floats], normalization: layers.BatchNormalization) -> list[Floats]:
    kernel, bias = weights[0], weights[1] if len(weights) > 1 else np.float32(0)
    variance = normalization.moving_variance.numpy()
    scale = 1 / np.sqrt(variance + normalization.epsilon)
    if normalization.scale:
        scale = scale * normalization.gamma.numpy()
    shift = (bias - normalization.moving_mean.numpy()) * scale
    if normalization.center:
        shift = shift + normalization.beta.numpy()
    return [kernel * scale, shift]
