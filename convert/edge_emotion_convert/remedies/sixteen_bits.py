"""Remedy: the coarsest tensors in 16 bits, with the layers around them (see `mixing`).

The last one: TFLite's 16-bit kernels are about a hundred times slower than its 8-bit ones, and no
Edge TPU has any.
"""

from dataclasses import replace

from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.integer_check import checked
from edge_emotion_convert.quantize import to_tflite
from edge_emotion_convert.remedies.mixing import mixed
from edge_emotion_convert.remedies.way import INT8, NotApplicable, Variants, Way
from edge_emotion_convert.trial import Trial

_COUNTS = (1, 2, 4, 8)


def widen(trial: Trial, way: Way) -> Variants:
    """One tensor, then ever more."""
    int8, int16 = way.flatbuffer(), to_tflite(way.network, FORMATS["int16x8"], way.samples)
    for count in _COUNTS:
        try:
            file = mixed(int8, int16, way.samples, count)
        except ValueError as error:
            raise NotApplicable(str(error)) from error
        yield f"{count} coarsest", replace(way, finished=checked(file, INT8))
