"""A face detector that takes every bright cell for a face's middle, made without training.

One convolution a grid: a cell's mean gray, 0 to 1, becomes the answer 2 · gray - 1, and the box is
as large as the grid's base.  So a cell counts as a face from a gray of 128 on, white ones first.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge_emotion.detection import CELLS, DETECTOR_SIDE_PX, STRIDES_PX, VALUES_A_CELL
from edge_emotion.labels import DETECTED
from edge_emotion.modelfile import ModelMetadata, write_model
from edge_emotion.quantization import TensorSpec
from edge_emotion_device.verification import reference_vectors

_CODES, _TYPES = vars(schema.BuiltinOperator), vars(schema.TensorType)
_GRAY, _ANSWER = 1 / 255, 1 / 127  # scales


def write_detector(path: Path, **changes: Any) -> Path:
    """A model file of it, with metadata in which some entries may be others."""
    flatbuffer = bright_cells()
    facts: dict[str, Any] = {
        "task": "detector",
        "labels": DETECTED,
        "input": TensorSpec((1, DETECTOR_SIDE_PX, DETECTOR_SIDE_PX, 1), "uint8", _GRAY, 0),
        "output": TensorSpec((1, len(CELLS), VALUES_A_CELL), "int8", _ANSWER, 0),
        "test_vectors": reference_vectors(flatbuffer),
        "license": "none needed",
    }
    write_model(path, flatbuffer, ModelMetadata(**facts | changes))
    return path


def bright_cells() -> bytes:
    """The network as a flatbuffer."""
    graph = _Graph()
    side = DETECTOR_SIDE_PX
    given = graph.tensor("picture", (1, side, side, 1), "UINT8", _GRAY)
    gray = graph.tensor("gray", (1, side, side, 1), "INT8", _GRAY, -128)
    graph.operator("QUANTIZE", [given], gray)
    parts = []
    for stride in STRIDES_PX:
        cells = side // stride
        step = 2 / stride**2 / 127
        kernel = np.zeros((VALUES_A_CELL, stride, stride, 1), np.int8)
        kernel[0] = 127
        bias = np.zeros(VALUES_A_CELL, np.int32)
        bias[0] = round(-1 / (_GRAY * step))
        weights = graph.tensor(f"weights{stride}", kernel.shape, "INT8", step, data=kernel)
        offsets = graph.tensor(f"bias{stride}", bias.shape, "INT32", _GRAY * step, data=bias)
        grid = graph.tensor(f"grid{stride}", (1, cells, cells, VALUES_A_CELL), "INT8", _ANSWER)
        options = schema.Conv2DOptionsT()
        options.padding = schema.Padding.VALID
        options.strideH = options.strideW = stride
        graph.operator("CONV_2D", [gray, weights, offsets], grid, options)
        shape = np.array([1, cells**2, VALUES_A_CELL], np.int32)
        to = graph.tensor(f"shape{stride}", shape.shape, "INT32", data=shape)
        parts.append(graph.tensor(f"cells{stride}", tuple(shape), "INT8", _ANSWER))
        graph.operator("RESHAPE", [grid, to], parts[-1])
    answers = graph.tensor("answers", (1, len(CELLS), VALUES_A_CELL), "INT8", _ANSWER)
    joined = schema.ConcatenationOptionsT()
    joined.axis = 1
    graph.operator("CONCATENATION", parts, answers, joined)
    return graph.flatbuffer(given, answers)


class _Graph:
    """A TFLite model as it is put together."""

    def __init__(self) -> None:
        self._model, self._graph = schema.ModelT(), schema.SubGraphT()
        self._model.version, self._model.subgraphs = 3, [self._graph]
        self._model.operatorCodes, self._model.buffers = [], [schema.BufferT()]
        self._graph.tensors, self._graph.operators = [], []

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        kind: str,
        scale: float | None = None,
        zero_point: int = 0,
        data: np.ndarray | None = None,
    ) -> int:
        """Add a tensor, a constant where there are `data`; returns its place."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, list(map(int, shape)), _TYPES[kind]
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero_point]
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(self._model.buffers)
            self._model.buffers.append(buffer)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def operator(self, name: str, inputs: Sequence[int], output: int, options: Any = None) -> None:
        """Add an operator, with options of `schema` where it has any."""
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = _CODES[name]
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes)
        operator.inputs, operator.outputs = list(inputs), [output]
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = vars(schema.BuiltinOptions)[kind]
            operator.builtinOptions = options
        self._model.operatorCodes.append(code)
        self._graph.operators.append(operator)

    def flatbuffer(self, given: int, answered: int) -> bytes:
        """The model with this input and output."""
        self._graph.inputs, self._graph.outputs = [given], [answered]
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
