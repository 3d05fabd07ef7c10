"""A Keras network as the bytes of a .tflite."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import OUTPUT_SHAPES
from edge_emotion.types import Floats
from edge_emotion_convert.formats import Format
from edge_emotion_convert.integer_check import checked
from edge_emotion_convert.progress import counted, quiet

_UNKNOWN_OPERATOR = re.compile(r"'tf\.(\w+)' op is neither a custom op")


def to_tflite(model: keras.Model, target: Format, samples: Floats | None) -> bytes:
    """Convert a network after training: batch 1, a scale for each channel of quantized weights.

    Args:
        model: float32, `(None, S, S, 1)` in [0, 1] in.
        target: one of `formats.FORMATS`.
        samples: `(N, S, S, 1)` in [0, 1], touching both ends; they set the range of every tensor of
            an integer format; float formats need none.

    Raises:
        EdgeEmotionError: TensorFlow cannot convert it, or what came out is not the format.
    """
    with quiet(), conversion_errors(target):
        flatbuffer = bytes(converter_for(model, target, samples).convert())
    return checked(flatbuffer, target)


def converter_for(model: keras.Model, target: Format, samples: Floats | None) -> Any:
    """A `TFLiteConverter` that makes what `to_tflite` does; run it inside `conversion_errors`."""

    def representative() -> Iterator[list[Floats]]:
        assert samples is not None
        for sample in counted(samples, "calibrating", len(samples)):
            yield [sample[None]]

    # With a batch of None TensorFlow leaves SHAPE, STRIDED_SLICE and PACK in the graph, which the
    # Edge TPU compiler and static delegates refuse.
    face = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="face")
    task = next(task for task, shape in OUTPUT_SHAPES.items() if shape == model.output_shape[1:])
    # A Keras model, and a function with any other owner than itself, would be converted by way of a
    # SavedModel in a temporary folder: to the same outputs, but in three times the time, and with
    # an error that tells nothing when the disk is full.
    graph = tf.function(lambda x: model(x, training=False), [face])
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [graph.get_concrete_function()], graph
    )
    target.set_up(converter, task)
    if target.integer:
        converter.representative_dataset = representative
    return converter


@contextmanager
def conversion_errors(target: Format) -> Iterator[None]:
    """Tell what TensorFlow fails with in one line.

    Raises:
        EdgeEmotionError: whatever is raised inside.
    """
    try:
        yield
    except Exception as error:  # the converter passes on whatever its C++ side raises
        raise EdgeEmotionError(
            f"TensorFlow cannot convert the network to {target.name}: {_reason(error)}",
            expected=f"layers that have {'integer' if target.integer else 'TFLite'} kernels",
        ) from error


def _reason(error: Exception) -> str:
    unknown = dict.fromkeys(_UNKNOWN_OPERATOR.findall(str(error)))
    if unknown:
        return f"TFLite has no operator {', '.join(unknown)}"
    return str(error).strip().partition("\n")[0][:160]
