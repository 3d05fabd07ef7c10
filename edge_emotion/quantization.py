"""Floats into quantized values and back, by a tensor's own scale and zero point.

real = scale * (quantized - zero_point), as in TFLite's 8-bit quantization specification
(https://ai.google.dev/edge/litert/models/quantization_spec).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_emotion.types import Floats

_INTEGER_TYPES = ("uint8", "int8", "int16")


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Shape and number format of a model's input or output.

    Attributes:
        shape: with the batch dimension.
        dtype: NumPy's name: uint8, int8, int16 or float32.
        scale, zero_point: of a quantized tensor; 0.0 and 0 for float32.
    """

    shape: tuple[int, ...]
    dtype: str
    scale: float = 0.0
    zero_point: int = 0

    def __post_init__(self) -> None:
        if self.dtype not in (*_INTEGER_TYPES, "float32"):
            raise ValueError(f"a tensor of {self.dtype}; expected uint8, int8, int16 or float32")
        if self.quantized and not self.scale > 0:
            raise ValueError(f"a {self.dtype} tensor with scale {self.scale}; expected above 0")

    @property
    def quantized(self) -> bool:
        """Whether the tensor holds integers."""
        return self.dtype in _INTEGER_TYPES

    @classmethod
    def of(cls, details: dict[str, Any]) -> "TensorSpec":
        """From an entry of an interpreter's `get_input_details` or `get_output_details`."""
        scale, zero_point = details["quantization"]
        return cls(
            tuple(int(size) for size in details["shape"]),
            np.dtype(details["dtype"]).name,
            float(scale),
            int(zero_point),
        )

    def quantize(self, real: Floats) -> npt.NDArray[Any]:
        """Nearest quantized values of `real`, saturated; float32 stays as it is."""
        if not self.quantized:
            return real.astype(np.float32)
        limits = np.iinfo(self.dtype)
        steps = np.rint(real / self.scale) + self.zero_point
        return np.clip(steps, limits.min, limits.max).astype(self.dtype)

    def dequantize(self, quantized: npt.NDArray[Any]) -> Floats:
        """The real values of `quantized`, as float32."""
        if not self.quantized:
            return quantized.astype(np.float32)
        return (quantized.astype(np.float32) - self.zero_point) * np.float32(self.scale)
