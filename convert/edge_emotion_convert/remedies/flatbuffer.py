"""Reading and changing a .tflite as TensorFlow's own object tree of it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from edge_emotion.types import Floats
from edge_emotion_convert.progress import quiet
from edge_emotion_device.runtime import Interpreter

QUANTIZE = schema.BuiltinOperator.QUANTIZE
_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if name[0] != "_"}


def read(flatbuffer: bytes) -> Any:
    """The model as `schema_py_generated.ModelT`; its first subgraph is the network."""
    return flatbuffer_utils.convert_bytearray_to_object(bytearray(flatbuffer))


def write(model: Any) -> bytes:
    """The bytes of a model."""
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def code_of(model: Any, operator: Any) -> int:
    """Which of `schema.BuiltinOperator` an operator is."""
    code = model.operatorCodes[operator.opcodeIndex]
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))  # the older field ends at 127


def name_of(model: Any, operator: Any) -> str:
    """What an operator is called, such as CONV_2D."""
    return _NAMES[code_of(model, operator)]


def tensors_of(flatbuffer: bytes, samples: Floats) -> Iterator[dict[int, Floats]]:
    """For each sample the values of every tensor that is computed, as floats, by its index.

    Args:
        flatbuffer: one subgraph, batch 1.
        samples: `(N, S, S, 1)` in [0, 1].
    """
    with quiet():
        interpreter = Interpreter(model_content=flatbuffer, experimental_preserve_all_tensors=True)
        interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]
    details = {
        tensor["index"]: tensor["quantization"] for tensor in interpreter.get_tensor_details()
    }
    computed = {
        int(index) for operator in interpreter._get_ops_details() for index in operator["outputs"]
    }
    scale, zero_point = given["quantization"]
    for sample in samples:
        values = sample[None]
        if scale:
            limits = np.iinfo(given["dtype"])
            values = np.clip(np.rint(values / scale) + zero_point, limits.min, limits.max)
        interpreter.set_tensor(given["index"], values.astype(given["dtype"]))
        interpreter.invoke()
        yield {
            index: _as_floats(interpreter.get_tensor(index), *details[index]) for index in computed
        }


def _as_floats(values: Any, scale: float, zero_point: int) -> Floats:
    return np.float32(scale) * (values.astype(np.float32) - zero_point) if scale else values
