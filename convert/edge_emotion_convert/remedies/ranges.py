"""Narrowing the ranges of a calibrated network before it is quantized.

TFLite takes a tensor's range from the smallest to the largest value that calibration saw, and
writes it into the flatbuffer that it quantizes next.  Changed there, nothing is added to the graph:
int8 saturates at the ends of its range anyway.
"""

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from edge_emotion.types import Floats
from edge_emotion_convert.flatbuffer import read, tensors_of, write

# From some of a tensor's values, and the lowest and highest that calibration saw, to its range.
Clip = Callable[[Floats, float, float], tuple[float, float]]

_FACES, _VALUES_A_FACE = 100, 4000
_SHARES = np.linspace(1.0, 0.2, 33)
_STEPS = 255


def clipped(calibrated: bytes, samples: Floats, clip: Clip) -> bytes:
    """The same calibrated network with the ranges of its tensors, the input's excepted, clipped.

    Args:
        calibrated: float, with ranges, as a converter that only calibrates leaves it.
        samples: what calibrated it; some of them are looked at again.
        clip: from a part of a tensor's values, and both ends of all of them, to its range.
    """
    seen = _seen(calibrated, samples[:_FACES])
    model = read(calibrated)
    for index, values in seen.items():
        quantization = model.subgraphs[0].tensors[index].quantization
        if quantization is None or quantization.min is None or len(quantization.min) != 1:
            continue
        lowest, highest = float(quantization.min[0]), float(quantization.max[0])
        low, high = clip(values, lowest, highest)
        low, high = max(low, lowest), min(high, highest)
        if high > low:
            quantization.min = np.array([min(low, 0.0)], np.float32)
            quantization.max = np.array([max(high, 0.0)], np.float32)
    return write(model)


def percentile(share: float, values: Floats, lowest: float, highest: float) -> tuple[float, float]:
    """The range that leaves out `100 - share` percent at each end."""
    low, high = np.percentile(values, (100 - share, share))
    return float(low), float(high)


def least_squared_error(values: Floats, lowest: float, highest: float) -> tuple[float, float]:
    """The share of the full range whose 8-bit grid is nearest to the values, in the mean square.

    Clipping errors grow and rounding errors shrink as the range does (Banner et al. 2019, "Post
    Training 4-bit Quantization of Convolutional Networks for Rapid-Deployment", section 3).  The
    ends count as values: calibration saw them, though the part that is looked at may not have them.
    """
    values = np.append(values, np.array([lowest, highest], np.float32))
    lowest, highest = min(lowest, 0.0), max(highest, 0.0)
    errors = []
    for share in _SHARES:
        low, high = share * lowest, share * highest
        step = max((high - low) / _STEPS, 1e-12)
        rounded = np.rint(np.clip(values, low, high) / step) * step
        errors.append(float(np.square(rounded - values).mean()))
    best = float(_SHARES[int(np.argmin(errors))])
    return best * lowest, best * highest


def _seen(calibrated: bytes, samples: Floats) -> dict[int, Floats]:
    """A part of the values of each tensor, at other places in every sample."""
    rng = np.random.default_rng(0)
    parts: defaultdict[int, list[Floats]] = defaultdict(list)
    for tensors in tensors_of(calibrated, samples):
        for index, values in tensors.items():
            few = values.ravel()
            if few.size > _VALUES_A_FACE:
                few = few[rng.integers(few.size, size=_VALUES_A_FACE)]
            parts[index].append(few)
    return {index: np.concatenate(chunks) for index, chunks in parts.items()}
