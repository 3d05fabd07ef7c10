"""Last epochs in which the network feels what int8 will do to its activations.

After plain training the activations of a small residual network have long, sparse tails, and 256
steps over such a range are coarse for everything else: a keypoint network lost 0.4 px to plain
quantization.  Here every tensor that TFLite will store in 8 bits is rounded to 256 steps over its
range in the batch, and gradients pass straight through the rounding (Bengio et al. 2013,
"Estimating or Propagating Gradients Through Stochastic Neurons"; Jacob et al. 2018, "Quantization
and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", section 3).  As
no gradient says that a narrower range would round less, a penalty on the range does.
"""

from typing import Any

import keras
from keras import layers, ops

_STEPS = 255


class FakeQuantize(layers.Layer):
    """Round to 8 bits over the batch's own range, when training; nothing otherwise."""

    def __init__(self, range_penalty: float) -> None:
        super().__init__(dtype="float32")
        self._range_penalty = range_penalty

    def call(self, x: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """The tensor, rounded if `training`."""
        if not training:
            return x
        lowest, highest = ops.minimum(ops.min(x), 0.0), ops.maximum(ops.max(x), 0.0)
        self.add_loss(self._range_penalty * ops.square(highest - lowest))
        step = ops.maximum((highest - lowest) / _STEPS, 1e-8)
        return x + ops.stop_gradient(ops.round(x / step) * step - x)


def quantization_aware(model: keras.Model, range_penalty: float) -> keras.Model:
    """The same network with `FakeQuantize` wherever TFLite will store a tensor in 8 bits.

    A batch normalization is folded into the convolution before it and a ReLU into what is before
    that, so only what comes out of such a chain is stored.

    Args:
        model: to be trained on.
        range_penalty: on the squared range of each of these tensors, beside the loss.

    Returns:
        A model of its own weights, which are those of `model` and in the same order.
    """

    def call(layer: layers.Layer, *args: Any, **kwargs: Any) -> keras.KerasTensor:
        answer = layer(*args, **kwargs)
        return FakeQuantize(range_penalty)(answer) if layer.name in stored else answer

    stored = {layer.name for layer in model.layers if _is_stored(layer)}
    uncompiled = keras.Model(model.inputs, model.outputs)  # a compiled one is compiled again, and
    clone = keras.models.clone_model(uncompiled, call_function=call)  # Keras looks for our losses
    clone.set_weights(model.get_weights())
    return clone


def _is_stored(layer: layers.Layer) -> bool:
    if isinstance(layer, layers.BatchNormalization | layers.Conv2D):
        consumers = [node.operation for node in layer._outbound_nodes]
        folded_into_it = layers.BatchNormalization | layers.ReLU
        return not any(isinstance(consumer, folded_into_it) for consumer in consumers)
    return isinstance(layer, layers.ReLU | layers.Dense)
