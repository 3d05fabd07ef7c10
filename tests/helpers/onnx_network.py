"""A stand-in for YuNet: an ONNX file that OpenCV's FaceDetectorYN runs, written without `onnx`.

It answers as the real network does, with class, certainty, box and five points for every cell of
three grids, but all it looks for is brightness: each bright cell of 32×32 pixels is a face.
"""

import math
import struct
from pathlib import Path

import numpy as np

from edge_emotion.types import Floats

_STRIDES = (8, 16, 32)
_FLOAT, _INTS = 1, 7  # of TensorProto.DataType and AttributeProto.AttributeType
_INPUT_PX = 640
_BRIGHT, _STEEP = 128.0, 0.2


def write_bright_cells(path: Path) -> None:
    """Write the stand-in: a 64×64 box around each cell whose mean is above 128."""
    nodes, weights, outputs = b"", b"", []
    for stride in _STRIDES:
        for head, channels in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            name = f"{head}_{stride}"
            found = channels == 1 and stride == 32
            kernel = np.full((channels, 3, stride, stride), found / (3 * stride**2), np.float32)
            kernel *= _STEEP
            bias = -_STEEP * _BRIGHT if found else -20.0 if channels == 1 else math.log(2)
            weights += _tensor(f"{name}.w", kernel)
            weights += _tensor(f"{name}.b", np.full(channels, bias, np.float32))
            out = f"{name}.raw" if channels == 1 else name
            nodes += _convolution(name, out, stride)
            if channels == 1:
                nodes += _text(1, _text(1, out) + _text(2, name) + _text(4, "Sigmoid"))
            outputs.append(name)
    _write(path, nodes, weights, outputs)


def write_another_network(path: Path) -> None:
    """Write a valid network that is no face detector."""
    weights = _tensor("x.w", np.zeros((1, 3, 8, 8), np.float32))
    weights += _tensor("x.b", np.zeros(1, np.float32))
    _write(path, _convolution("x", "x", 8), weights, ["x"])


def _write(path: Path, nodes: bytes, weights: bytes, outputs: list[str]) -> None:
    graph = nodes + _text(2, "stand_in") + weights
    graph += _text(11, _value("input", (1, 3, _INPUT_PX, _INPUT_PX)))
    graph += b"".join(_text(12, _value(name, ())) for name in outputs)
    # ir_version 8, graph, opset 13
    path.write_bytes(_number(1, 8) + _text(7, graph) + _text(8, _number(2, 13)))


def _convolution(name: str, out: str, stride: int) -> bytes:
    inputs = b"".join(_text(1, text) for text in ("input", f"{name}.w", f"{name}.b"))
    sizes = b"".join(
        _text(5, _text(1, key) + _number(8, stride) * 2 + _number(20, _INTS))
        for key in ("kernel_shape", "strides")
    )
    return _text(1, inputs + _text(2, out) + _text(4, "Conv") + sizes)


def _tensor(name: str, values: Floats) -> bytes:
    shape = b"".join(_number(1, size) for size in values.shape)
    return _text(5, shape + _number(2, _FLOAT) + _text(8, name) + _text(9, values.tobytes()))


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(_text(1, _number(1, size)) for size in shape)
    return _text(1, name) + _text(2, _text(1, _number(1, _FLOAT) + _text(2, sizes)))


def _text(field: int, value: str | bytes) -> bytes:
    """A protobuf field of bytes: https://protobuf.dev/programming-guides/encoding/."""
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return struct.pack(f"{len(groups) + 1}B", *groups, value)
