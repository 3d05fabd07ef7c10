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

    A convolution or dense layer's own activation becomes a layer behind it, so that what these
    layers answer is what their weights make.

    Raises:
        NotApplicable: the network is no graph of Keras layers, or they cannot be copied.
    """
    try:
        [face], [answer] = network.inputs, network.outputs
        graph = keras.Model(face, answer)
    except (AttributeError, TypeError, ValueError) as error:
        raise NotApplicable("the network is no graph of Keras layers") from error
    if any(isinstance(layer, layers.TFSMLayer) for layer in network._flatten_layers()):
        raise NotApplicable("the network is a SavedModel, whose layers cannot be reached")
    try:
        return _copy(graph, dict(_normalizations(graph)))
    except (NotImplementedError, TypeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0][:100]
        raise NotApplicable(f"the network's layers cannot be copied: {reason}") from error


def _copy(graph: keras.Model, normalizations: dict[str, layers.BatchNormalization]) -> keras.Model:
    gone = {normalization.name for normalization in normalizations.values()}
    activations = {layer.name: _activation(layer) for layer in graph.layers if _is_active(layer)}

    def clone(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name in normalizations:
            config["use_bias"] = True
        if layer.name in activations:
            config["activation"] = "linear"
        return type(layer).from_config(config)

    def call(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        answer = args[0] if layer.name in gone else layer(*args, **kwargs)
        return activations[layer.name](answer) if layer.name in activations else answer

    copy = keras.models.clone_model(graph, clone_function=clone, call_function=call)
    for layer in graph.layers:
        if layer.weights and layer.name not in gone:
            weights, normalization = layer.get_weights(), normalizations.get(layer.name)
            folded_in = _fold(weights, normalization) if normalization else weights
            copy.get_layer(layer.name).set_weights(folded_in)
    return copy


def _is_active(layer: keras.Layer) -> bool:
    return isinstance(layer, WEIGHTED) and not is_called(layer, "linear")


def _activation(layer: keras.Layer) -> keras.Layer:
    """What a layer does to what its weights make, as a layer."""
    name = f"{layer.name}_activation"
    if is_called(layer, "relu"):
        return layers.ReLU(name=name)  # as `quantization_aware` looks for it
    return layers.Activation(layer.activation, name=name)


def weighted_layers(network: keras.Model) -> list[keras.Layer]:
    """Convolutions and dense layers, in the order of the graph.

    Raises:
        NotApplicable: there are none.
    """
    found = [layer for layer in network.layers if isinstance(layer, WEIGHTED)]
    if not found:
        raise NotApplicable("the network has no convolutions or dense layers of its own")
    return found


def only_consumer(layer: keras.Layer, network: keras.Model) -> Any:
    """What alone reads a layer's answer: a layer, or an operation such as `+`; or None."""
    nodes = _nodes(network)
    readers = [node.operation for node in layer._outbound_nodes if node in nodes]
    answers = {id(tensor._keras_history.operation) for tensor in network.outputs}
    alone = len(readers) == 1 and is_called_once(layer, network) and id(layer) not in answers
    return readers[0] if alone else None


def is_called_once(layer: keras.Layer, network: keras.Model) -> bool:
    """Whether a layer stands in one place of the network."""
    return sum(node.operation is layer for node in _nodes(network)) == 1


def _nodes(network: keras.Model) -> set[Any]:
    """The calls that a network is made of; its layers may have been called elsewhere as well."""
    return {node for nodes in network._nodes_by_depth.values() for node in nodes}


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
        and is_called_once(reader, network)
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
