"""What is inside a .tflite: its operators and the multiply-accumulates of a face.

Both runtimes list the operators (`_get_ops_details`, private, in tflite-runtime 2.14 and LiteRT
2.3); neither tensors nor a delegate need be set up for it, so a file compiled for an Edge TPU can
be read anywhere.
"""

from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.runtime import open_interpreter

# Each output value of these takes as many multiply-accumulates as its part of the weights has
# values: all of OHWI (and OI) weights but the first axis, all of 1HWO weights but the last.
_CHANNEL_AXIS = {"CONV_2D": 0, "FULLY_CONNECTED": 0, "DEPTHWISE_CONV_2D": 3}
_WEIGHTS = 1  # place among an operator's inputs


@dataclass(frozen=True)
class Graph:
    """A network as its file holds it.

    Attributes:
        operators: how many there are of each, in the order of the graph.
        macs: multiply-accumulates of one face, in convolutions (transposed ones left out)
            and fully connected layers.
        weights: number format of their weights: int8, float32, ...; empty without such layers.
        per_channel: whether a convolution's weights have a scale for each channel.
    """

    operators: dict[str, int]
    macs: int
    weights: str
    per_channel: bool


def read_graph(path: Path, flatbuffer: bytes) -> Graph:
    """Read the graph of a model.

    Args:
        path: of its file, for the error.
        flatbuffer: without the metadata behind it.

    Raises:
        EdgeEmotionError: it is no TFLite model.
    """
    try:
        interpreter = open_interpreter(flatbuffer, allocate=False)
        operators = interpreter._get_ops_details()
        tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
        return _graph_of(operators, tensors)
    except (ValueError, RuntimeError, LookupError, ArithmeticError) as error:
        raise EdgeEmotionError(f"{path} holds no TFLite model: {error}") from error


def _graph_of(operators: list[dict[str, Any]], tensors: dict[int, dict[str, Any]]) -> Graph:
    layers = [operator for operator in operators if operator["op_name"] in _CHANNEL_AXIS]
    # In a float16 file an operator of its own turns the weights as stored into float32.
    stored = {o["outputs"][0]: o["inputs"][0] for o in operators if o["op_name"] == "DEQUANTIZE"}
    places = [layer["inputs"][_WEIGHTS] for layer in layers]
    weights = [tensors[stored.get(place, place)] for place in places]
    formats = Counter(np.dtype(tensor["dtype"]).name for tensor in weights)
    return Graph(
        operators=dict(Counter(operator["op_name"] for operator in operators)),
        macs=sum(macs_of(layer, tensors) for layer in layers),
        weights=" and ".join(formats),
        per_channel=any(len(t["quantization_parameters"]["scales"]) > 1 for t in weights),
    )


def macs_of(operator: dict[str, Any], tensors: dict[int, dict[str, Any]]) -> int:
    """Multiply-accumulates of one operator, as `_get_ops_details` gives it; 0 for other kinds."""
    axis = _CHANNEL_AXIS.get(operator["op_name"])
    if axis is None:
        return 0
    weights = tensors[operator["inputs"][_WEIGHTS]]["shape"]
    output = tensors[operator["outputs"][0]]["shape"]
    return int(prod(output) * (prod(weights) // weights[axis]))
