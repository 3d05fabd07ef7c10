"""Remedy: the coarsest tensors in 16 bits, with the layers around them (see `mixing`).

The last one: TFLite's 16-bit kernels are about a hundred times slower than its 8-bit ones, and no
Edge TPU has any.
"""

from dataclasses import replace

from edge_emotion_convert.remedies.way import Variants, Way
from edge_emotion_convert.trial import Trial

_COUNTS = (1, 2, 4, 8)


def widen(trial: Trial, way: Way) -> Variants:
    """One tensor, then ever more."""
    for count in _COUNTS:
        yield f"{count} coarsest", replace(way, in_16_bits=count)
