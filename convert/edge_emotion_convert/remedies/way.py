"""A way to an int8 file: what is calibrated with what, and how its ranges become a grid."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import tensorflow as tf
from tensorflow.lite.python.convert import mlir_quantize

from edge_emotion.types import Floats
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.integer_check import checked
from edge_emotion_convert.progress import quiet
from edge_emotion_convert.quantize import conversion_errors, converter_for, to_tflite
from edge_emotion_convert.remedies.ranges import Clip, clipped
from edge_emotion_convert.trial import Trial

INT8 = FORMATS["int8"]


class NotApplicable(Exception):
    """A remedy cannot treat this network; the message says why."""


@dataclass(frozen=True)
class Way:
    """One way to the int8 file of a network.

    Attributes:
        network: converted in place of the trained one, whose answers it gives or comes near to.
        samples: `(N, S, S, 1)` in [0, 1] that calibrate it.
        clip: makes the range of a tensor from what was seen in it; None takes all that was seen.
        finished: the file, where it is made already.
    """

    network: keras.Model
    samples: Floats
    clip: Clip | None = None
    finished: bytes | None = None

    def flatbuffer(self) -> bytes:
        """The .tflite, full integer, uint8 in.

        Raises:
            EdgeEmotionError: it cannot be converted, or is not full integer.
        """
        if self.finished is not None:
            return self.finished
        if self.clip is None:
            return to_tflite(self.network, INT8, self.samples)
        return checked(self._clipped(self.clip), INT8)

    def _clipped(self, clip: Clip) -> bytes:
        # What `TFLiteConverter.convert` does in one go, stopped between calibrating and quantizing.
        with quiet(), conversion_errors(INT8):
            converter = converter_for(self.network, INT8, self.samples)
            converter._experimental_calibrate_only = True
            calibrated = clipped(bytes(converter.convert()), self.samples, clip)
            flatbuffer = mlir_quantize(
                calibrated,
                input_data_type=tf.as_dtype(converter.inference_input_type),
                output_data_type=tf.as_dtype(converter.inference_output_type),
            )
        return bytes(flatbuffer)


Variants = Iterator[tuple[str, Way]]


@dataclass(frozen=True)
class Remedy:
    """One remedy.

    Attributes:
        name: as the trail shows it.
        variants: from the trial that chooses and the best way so far to other ways, each with a few
            words about it; raises `NotApplicable`.
        last: whether it makes the file slower, so that it is tried only if nothing else is enough.
    """

    name: str
    variants: Callable[[Trial, Way], Variants]
    last: bool = False
