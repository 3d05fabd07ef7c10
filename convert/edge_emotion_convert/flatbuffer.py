"""Reading and changing a .tflite as TensorFlow's own object tree of it."""

from collections.abc import Iterator
from typing import Any

from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from edge_emotion.quantization import TensorSpec
from edge_emotion.types import Floats
from edge_emotion_convert.progress import quiet
from edge_emotion_device.runtime import open_interpreter

QUANTIZE = schema.BuiltinOperator.QUANTIZE
# Operators that answer the values that they are given, and those that answer on the same grid.
SAME_VALUES = frozenset({"RESHAPE", "SQUEEZE"})
SAME_GRID = SAME_VALUES | {"MAX_POOL_2D", "AVERAGE_POOL_2D", "PAD"}
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
    """What an operator is called, such as CONV_2D; a custom one has a name of its own."""
    custom = model.operatorCodes[operator.opcodeIndex].customCode
    return custom.decode() if custom else _NAMES[code_of(model, operator)]


def tensors_of(flatbuffer: bytes, samples: Floats) -> Iterator[dict[int, Floats]]:
    """For each sample the values of every tensor that is computed, as floats, by its index.

    Args:
        flatbuffer: one subgraph, batch 1.
        samples: `(N, S, S, 1)` in [0, 1].
    """
    with quiet():
        interpreter = open_interpreter(flatbuffer, keep_tensors=True)
    given = interpreter.get_input_details()[0]
    asked = TensorSpec.of(given)
    computed = {
        int(index) for operator in interpreter._get_ops_details() for index in operator["outputs"]
    }
    grids = {
        tensor["index"]: TensorSpec.of(tensor)
        for tensor in interpreter.get_tensor_details()
        if tensor["index"] in computed and tensor["quantization"][0]
    }
    for sample in samples:
        interpreter.set_tensor(given["index"], asked.quantize(sample[None]))
        interpreter.invoke()
        values = {index: interpreter.get_tensor(index) for index in computed}
        yield values | {index: grid.dequantize(values[index]) for index, grid in grids.items()}
