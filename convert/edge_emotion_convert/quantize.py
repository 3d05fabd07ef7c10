"""A Keras network as the bytes of a full-integer .tflite."""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.quantization import TensorSpec
from edge_emotion.types import Floats
from edge_emotion_convert.progress import counted, quiet
from edge_emotion_device.runtime import Interpreter


def to_int8(model: keras.Model, samples: Floats) -> bytes:
    """Quantize after training: int8 inside, per-channel weights, batch 1.

    The input is uint8 with scale 1/255 and zero point 0.  Probabilities come out as uint8, scale
    1/256; offsets, which are signed, as the int8 of their tanh, scale 1/128.

    Args:
        model: float32, `(None, S, S, 1)` in [0, 1] in.
        samples: `(N, S, S, 1)` in [0, 1], touching both ends; they set the range of every tensor.

    Raises:
        EdgeEmotionError: TensorFlow cannot convert it, or what came out is not as described.
    """
    ends_in_softmax = isinstance(model.layers[-1], keras.layers.Softmax)

    def representative() -> Iterator[list[Floats]]:
        for sample in counted(samples, "calibrating", len(samples)):
            yield [sample[None]]

    # With a batch of None TensorFlow leaves SHAPE, STRIDED_SLICE and PACK in the graph, which the
    # Edge TPU compiler and static delegates refuse.
    face = keras.Input(batch_shape=(1, *model.input_shape[1:]), name="face")
    with quiet():
        try:
            converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(face, model(face)))
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = representative
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.uint8
            converter.inference_output_type = tf.uint8 if ends_in_softmax else tf.int8
            flatbuffer = bytes(converter.convert())
        except Exception as error:  # the converter passes on whatever its C++ side raises
            reason = str(error).strip().partition("\n")[0][:160]
            raise EdgeEmotionError(
                f"TensorFlow cannot convert the network to int8: {reason}",
                expected="layers that have integer kernels",
            ) from error
    check_full_integer(flatbuffer)
    return flatbuffer


def tensor_specs(flatbuffer: bytes) -> tuple[TensorSpec, TensorSpec]:
    """Formats of the input and the output tensor of a .tflite."""
    interpreter = _interpreter(flatbuffer)
    given, answered = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    return TensorSpec.of(given), TensorSpec.of(answered)


def check_full_integer(flatbuffer: bytes) -> None:
    """Check that gray bytes are the quantized input, and that nothing inside is a float.

    Raises:
        EdgeEmotionError: naming what is not so.
    """
    given, _ = tensor_specs(flatbuffer)
    exact = given.zero_point == 0 and bool(np.isclose(given.scale, 1 / 255, rtol=1e-5))
    if given.dtype != "uint8" or not exact:
        raise EdgeEmotionError(
            f"the input came out as {given.dtype}, scale {given.scale:.7f}, "
            f"zero point {given.zero_point}",
            expected="uint8, scale 0.0039216 (1/255), zero point 0",
            remedy="calibrate with faces that touch 0 and 255",
        )
    details = _interpreter(flatbuffer).get_tensor_details()
    floats = [tensor["name"] for tensor in details if np.issubdtype(tensor["dtype"], np.floating)]
    if floats:
        raise EdgeEmotionError(
            f"{len(floats)} tensors stayed floating point: {', '.join(floats[:3])}",
            expected="full integer",
            remedy="replace the layers they belong to by ones with integer kernels",
        )


def _interpreter(flatbuffer: bytes) -> Interpreter:
    with quiet():
        interpreter = Interpreter(model_content=flatbuffer)
        interpreter.allocate_tensors()
    return interpreter
