"""Whether a .tflite is what its format promises: by its input, and integer all through."""

from collections.abc import Iterator

import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.quantization import TensorSpec
from edge_emotion_convert.formats import Format
from edge_emotion_device.runtime import open_interpreter

_BETWEEN_FORMATS = {"QUANTIZE", "DEQUANTIZE", "DELEGATE"}


def tensor_specs(flatbuffer: bytes) -> tuple[TensorSpec, TensorSpec]:
    """Formats of the input and the output tensor of a .tflite."""
    interpreter = open_interpreter(flatbuffer)
    given, answered = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    return TensorSpec.of(given), TensorSpec.of(answered)


def checked(flatbuffer: bytes, target: Format) -> bytes:
    """The same bytes.

    Raises:
        EdgeEmotionError: they are not of that format.
    """
    check_input(flatbuffer, target.input_type)
    if target.integer:
        check_full_integer(flatbuffer)
    return flatbuffer


def check_input(flatbuffer: bytes, input_type: str) -> None:
    """Check the input's type and, if it is uint8, that gray bytes are its quantized values.

    Raises:
        EdgeEmotionError: naming what is not so.
    """
    given, _ = tensor_specs(flatbuffer)
    exact = given.zero_point == 0 and bool(np.isclose(given.scale, 1 / 255, rtol=1e-5))
    if given.dtype == input_type and (exact or input_type != "uint8"):
        return
    exactly = ", scale 0.0039216 (1/255), zero point 0" if input_type == "uint8" else ""
    raise EdgeEmotionError(
        f"the input came out as {given.dtype}, scale {given.scale:.7f}, "
        f"zero point {given.zero_point}",
        expected=input_type + exactly,
        remedy="calibrate with faces that touch 0 and 255",
    )


def check_full_integer(flatbuffer: bytes) -> None:
    """Check that nothing inside is a float.

    Raises:
        EdgeEmotionError: listing the operators that stayed floating point.
    """
    floats = list(float_operators(flatbuffer))
    if floats:
        raise EdgeEmotionError(
            f"{len(floats)} operators stayed floating point: {', '.join(floats)}",
            expected="full integer",
            remedy="replace their layers by ones with integer kernels, or convert to --dynamic",
        )


def float_operators(flatbuffer: bytes) -> Iterator[str]:
    """Names of the operators that work on floats, in the order of the graph.

    One that only turns floats into integers or back is not told unless nothing else is there.
    """
    interpreter = open_interpreter(flatbuffer)
    floats = {
        tensor["index"]: tensor["name"]
        for tensor in interpreter.get_tensor_details()
        if np.issubdtype(tensor["dtype"], np.floating)
    }
    named = [
        operator["op_name"]
        for operator in interpreter._get_ops_details()
        if not floats.keys().isdisjoint([*operator["inputs"], *operator["outputs"]])
    ]
    working = [name for name in named if name not in _BETWEEN_FORMATS]
    yield from working or named or floats.values()
