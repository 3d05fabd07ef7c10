"""Which operators of a graph an Edge TPU cannot run, by Coral's documentation.

Operators and limits: https://coral.ai/docs/edgetpu/models-intro/#supported-operations (runtime 14).
The compiler cuts a graph once: the first operator that it cannot map and all behind it are left to
the CPU.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from edge_emotion_convert.flatbuffer import name_of, read

_BEHIND = "comes after an operator that is left to the CPU"
_LARGEST_SOFTMAX = 16_000

# Compiler 16.0 (2021), the last, refuses a file with a newer version of an operator than it knows:
# google-coral/edgetpu issues 631, 845 and 879; FULLY_CONNECTED by TFLite's register.cc of its time.
_NEWEST_VERSION = {"CONV_2D": 5, "FULLY_CONNECTED": 9, "QUANTIZE": 2, "TRANSPOSE_CONV": 3}

# Inputs that are parameters, which the compiler must know: their places and names.
_WEIGHTS, _AXES = {1: "weights", 2: "biases"}, {1: "axes"}
_PARAMETERS = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"), _WEIGHTS),
    **dict.fromkeys(("MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM"), _AXES),
    "PAD": {1: "padding"},
    "PRELU": {1: "slopes"},
    "SPLIT": {0: "axes"},
    "STRIDED_SLICE": dict.fromkeys((1, 2, 3), "limits or strides"),
    "TRANSPOSE_CONV": {0: "sizes", 1: "weights", 3: "biases"},  # its input comes third
}


@dataclass(frozen=True)
class LeftToCpu:
    """An operator that the Edge TPU does not run.

    Attributes:
        place: in the graph, from 0.
        operator: its name.
        reason: why.
    """

    place: int
    operator: str
    reason: str


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    is_static: bool
    is_8_bit: bool
    zero_point: int
    constant: Any  # its values; None where they are computed

    @property
    def long_axes(self) -> int:
        """How many axes are longer than 1."""
        return sum(size > 1 for size in self.shape)


@dataclass(frozen=True)
class _Operator:
    name: str
    version: int
    inputs: list[_Tensor]
    outputs: list[_Tensor]
    options: Any

    def reaches_batch(self) -> bool:
        """Whether the axes given as the second input hold the first axis."""
        rank = len(self.inputs[0].shape)
        return bool((np.atleast_1d(self.inputs[1].constant) % rank == 0).any())


def left_to_cpu(flatbuffer: bytes) -> list[LeftToCpu]:
    """The operators of a full-integer graph that an Edge TPU would not run, in order.

    Args:
        flatbuffer: a TFLite model, as a converter made it, without metadata behind it.
    """
    found: list[LeftToCpu] = []
    for place, operator in enumerate(_operators(flatbuffer)):
        reason = _obstacle(operator) or (_BEHIND if found else "")
        if reason:
            found.append(LeftToCpu(place, operator.name, reason))
    return found


def _obstacle(operator: _Operator) -> str:
    """Why an operator cannot be mapped; empty if it can."""
    if operator.name not in _LIMITS:
        return "is none of the documented operators"
    newest = _NEWEST_VERSION.get(operator.name, operator.version)
    if operator.version > newest:
        return f"has version {operator.version}; the compiler knows up to {newest}"
    for place, name in _PARAMETERS.get(operator.name, {}).items():
        if place < len(operator.inputs) and operator.inputs[place].constant is None:
            return f"has computed {name}"
    for tensor in (*operator.inputs, *operator.outputs):
        if tensor.constant is not None:
            continue
        if not tensor.is_static:
            return f"has the tensor {tensor.name}, whose shape is not static"
        if not tensor.is_8_bit:
            return f"has the tensor {tensor.name}, which is neither uint8 nor int8"
        if any(size > 1 for size in tensor.shape[:-3]):
            return f"has the tensor {tensor.name} with more than three axes longer than 1"
    limit = _LIMITS[operator.name]
    return limit(operator) if limit else ""


def _no_fused_activation(operator: _Operator) -> str:
    return "has a fused activation" if operator.options.fusedActivationFunction else ""


def _convolution(operator: _Operator) -> str:
    options = operator.options
    if operator.name != "TRANSPOSE_CONV" and options.dilationWFactor != options.dilationHFactor:
        return "is dilated otherwise in x than in y"
    return ""


def _concatenation(operator: _Operator) -> str:
    constants = [tensor for tensor in operator.inputs if tensor.constant is not None]
    padding = len(operator.inputs) == 2 and all(
        (tensor.constant == tensor.zero_point).all() for tensor in constants
    )
    return "joins constants" if constants and not padding else _no_fused_activation(operator)


def _fully_connected(operator: _Operator) -> str:
    if operator.options.weightsFormat:
        return "has weights of another format than the default"
    if operator.outputs[0].long_axes > 1:
        return "has an output of more than one dimension"
    return ""


def _softmax(operator: _Operator) -> str:
    given = operator.inputs[0]
    if given.long_axes > 1 or np.prod(given.shape) > _LARGEST_SOFTMAX:
        return f"has an input of more than one dimension or {_LARGEST_SOFTMAX:,} values"
    return ""


def _not_the_batch(operator: _Operator) -> str:
    return "works along the batch" if operator.reaches_batch() else ""


def _mean(operator: _Operator) -> str:
    shape = operator.inputs[0].shape
    along = np.atleast_1d(operator.inputs[1].constant) % len(shape)
    if len(shape) - 1 in along and shape[-1] % 4:
        return "is over a number of channels that is no multiple of 4"
    return _not_the_batch(operator)


def _pad(operator: _Operator) -> str:
    return "pads the batch" if np.any(operator.inputs[1].constant[0]) else ""


def _axis_not_the_batch(operator: _Operator) -> str:
    return "works along the batch" if operator.options.axis == 0 else ""


def _split(operator: _Operator) -> str:  # the axis comes first
    rank = len(operator.inputs[1].shape)
    return "works along the batch" if operator.inputs[0].constant.item() % rank == 0 else ""


def _prelu(operator: _Operator) -> str:
    outer = operator.inputs[1].shape[:-1]
    return "has more than one slope a channel" if any(size > 1 for size in outer) else ""


def _squeeze(operator: _Operator) -> str:
    shape, named = operator.inputs[0].shape, operator.options.squeezeDims
    axes = range(len(shape)) if named is None or not len(named) else named
    removed = [axis % len(shape) for axis in axes if shape[axis] == 1]
    inner = any(size > 1 for axis in removed for size in shape[:axis])
    return "removes an axis behind one longer than 1" if inner else ""


def _strided_slice(operator: _Operator) -> str:
    options = operator.options
    plain = not options.ellipsisMask and not options.newAxisMask
    return "" if plain and (operator.inputs[3].constant == 1).all() else "is more than a slice"


_LIMITS: dict[str, Callable[[_Operator], str] | None] = {
    "ADD": None,
    "AVERAGE_POOL_2D": _no_fused_activation,
    "CONCATENATION": _concatenation,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "EXPAND_DIMS": None,
    "FULLY_CONNECTED": _fully_connected,
    "L2_NORMALIZATION": None,
    "LOGISTIC": None,
    "MAXIMUM": None,
    "MAX_POOL_2D": _no_fused_activation,
    "MEAN": _mean,
    "MINIMUM": None,
    "MUL": None,
    "PACK": _axis_not_the_batch,
    "PAD": _pad,
    "PRELU": _prelu,
    "QUANTIZE": None,
    "REDUCE_MAX": _not_the_batch,
    "REDUCE_MIN": _not_the_batch,
    "RELU": None,
    "RELU6": None,
    "RELU_N1_TO_1": None,
    "RESHAPE": None,
    "RESIZE_BILINEAR": None,
    "RESIZE_NEAREST_NEIGHBOR": None,
    "RSQRT": None,
    "SLICE": None,
    "SOFTMAX": _softmax,
    "SPACE_TO_DEPTH": None,
    "SPLIT": _split,
    "SQUARED_DIFFERENCE": None,
    "SQUEEZE": _squeeze,
    "STRIDED_SLICE": _strided_slice,
    "SUB": None,
    "SUM": _not_the_batch,
    "TANH": None,
    "TRANSPOSE": None,
    "TRANSPOSE_CONV": _convolution,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": None,
}

_8_BIT = (schema.TensorType.INT8, schema.TensorType.UINT8)
_NUMPY = {
    schema.TensorType.INT8: np.int8,
    schema.TensorType.UINT8: np.uint8,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT64: np.int64,
}


def _operators(flatbuffer: bytes) -> Iterator[_Operator]:
    model = read(flatbuffer)
    graph = model.subgraphs[0]
    for operator in graph.operators:
        yield _Operator(
            name_of(model, operator),
            model.operatorCodes[operator.opcodeIndex].version,
            [_tensor(model, graph.tensors[index]) for index in operator.inputs if index >= 0],
            [_tensor(model, graph.tensors[index]) for index in operator.outputs],
            operator.builtinOptions,
        )


def _tensor(model: Any, tensor: Any) -> _Tensor:
    shape = tuple(int(size) for size in (() if tensor.shape is None else tensor.shape))
    data = model.buffers[tensor.buffer].data
    constant = None
    if data is not None and len(data):
        dtype = _NUMPY.get(tensor.type, np.uint8)
        constant = np.frombuffer(bytes(data), dtype)
        constant = constant.reshape(shape) if constant.size == np.prod(shape) else constant
    zero_points = tensor.quantization.zeroPoint if tensor.quantization else None
    signature = tensor.shapeSignature
    return _Tensor(
        tensor.name.decode() if tensor.name else "",
        shape,
        signature is None or -1 not in signature,
        tensor.type in _8_BIT,
        0 if zero_points is None else int(zero_points[0]),
        constant,
    )
