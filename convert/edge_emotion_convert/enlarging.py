"""Enlarging by nearest neighbour as TFLite's own operator for it.

Keras makes UpSampling2D of `repeat`, so that XLA can train it, and TFLite makes that TILE between
tensors of five axes: no Edge TPU runs these, and the version of TILE for int8 has no reference
kernel.  RESIZE_NEAREST_NEIGHBOR gives the same values, and every runtime has it.
"""

import keras
from keras import layers


def with_resizes(network: keras.Model) -> keras.Model:
    """The network, or a copy of it whose UpSampling2D layers have become resizes.

    What is no graph of Keras layers is returned as it is.
    """
    if not any(_enlarges(layer) for layer in getattr(network, "layers", ())):
        return network
    try:
        copy = keras.models.clone_model(network, clone_function=_cloned)
    except (NotImplementedError, TypeError, ValueError):
        return network
    for layer in network.layers:
        if layer.weights:
            copy.get_layer(layer.name).set_weights(layer.get_weights())
    return copy


def _enlarges(layer: keras.Layer) -> bool:
    """Whether a layer repeats the rows and columns of a picture whose size is known."""
    plain = isinstance(layer, layers.UpSampling2D) and layer.interpolation == "nearest"
    return plain and layer.data_format == "channels_last" and None not in layer.input.shape[1:]


def _cloned(layer: keras.Layer) -> keras.Layer:
    if not _enlarges(layer):
        return type(layer).from_config(layer.get_config())
    height, width = (
        side * factor for side, factor in zip(layer.input.shape[1:3], layer.size, strict=True)
    )
    return layers.Resizing(height, width, "nearest", name=layer.name, dtype=layer.dtype_policy)
