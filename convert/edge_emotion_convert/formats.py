"""The formats a network is converted to: each is a line of the table and what it asks of TFLite."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from edge_emotion.modelfile import Task

# What `convert` writes that is no .tflite: a folder for TensorFlow Serving (see `serving`).
SAVED_MODEL = "saved_model"

# Behind the whole name of a .tflite that did not pass the gate; in place of .tflite for its card.
REJECTED, CARD = ".rejected", ".md"

_OPS = tf.lite.OpsSet


@dataclass(frozen=True)
class Format:
    """One number format of a .tflite.

    Attributes:
        name: as in the file's name, its metadata and the option of `convert`.
        integer: whether no tensor inside is a float; such a format is calibrated.
        input_type: of its input tensor, NumPy's name.
        set_up: tells a `TFLiteConverter` what to make of the network of a task.
    """

    name: str
    integer: bool
    input_type: str
    set_up: Callable[[Any, Task], None]


def _int8(converter: Any, task: Task) -> None:
    """Probabilities come out as uint8, scale 1/256; offsets, which are signed, as int8, 1/128."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [_OPS.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8 if task == "emotion" else tf.int8


def _float32(converter: Any, task: Task) -> None:
    """TFLite's default."""


def _float16(converter: Any, task: Task) -> None:
    """Weights of half the size; a CPU widens them when it loads the file."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _dynamic(converter: Any, task: Task) -> None:
    """Weights in 8 bits; every activation is quantized by its range in the picture at hand."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _int16x8(converter: Any, task: Task) -> None:
    """Activations in 16 bits, weights in 8; TFLite allows no uint8 input with it."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [
        _OPS.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    ]
    converter.inference_input_type = tf.int16
    converter.inference_output_type = tf.int16


FORMATS = {
    row.name: row
    for row in (
        Format("int8", True, "uint8", _int8),
        Format("float32", False, "float32", _float32),
        Format("float16", False, "float32", _float16),
        Format("dynamic", False, "float32", _dynamic),
        Format("int16x8", True, "int16", _int16x8),
    )
}
