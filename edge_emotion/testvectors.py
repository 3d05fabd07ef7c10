"""Test vectors: faces drawn by seed, and what a model must answer to pictures of them.

They ride in a model file's metadata, so that a device can find out whether its runtime and its
delegate compute what was measured on the desk (`edge_emotion_device.verification`).  The faces are
drawn in integer arithmetic from a hash's output, so they are the same bytes on every machine.  The
detector gets faces of three sizes in one picture, so that each of its grids has some.
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_emotion.detection import DETECTOR_SIDE_PX
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.preprocess import EYE_DISTANCE, EYE_MIDPOINT
from edge_emotion.quantization import TensorSpec
from edge_emotion.types import Floats, Image

_MOST_SEEDS = 512  # a picture takes a millisecond and more to draw
_CANVAS = 192  # pixels of the side that is drawn on; a multiple of every network's side


@dataclass(frozen=True)
class TestVectors:
    """Pictures by their seeds, and the answers of TFLite's reference kernels.

    Attributes:
        seeds: of the pictures.
        faces_sha256: of the pictures' bytes, so that a change of how they are drawn is noticed.
        outputs: of each picture the bytes of the model's output tensor, little-endian, as hex.
        cpu: largest and mean difference of what the CPU's fast kernels answered where they were
            made, in the output's real values; None in a file of an earlier version.
    """

    seeds: tuple[int, ...]
    faces_sha256: str
    outputs: tuple[str, ...]
    cpu: tuple[float, float] | None = None

    __test__ = False  # pytest is not meant by the name

    def __post_init__(self) -> None:
        if not self.seeds or len(self.seeds) != len(self.outputs):
            raise ValueError(
                f"test vectors with {len(self.seeds)} seeds and {len(self.outputs)} outputs"
            )
        if len(self.seeds) > _MOST_SEEDS:
            raise ValueError(f"{len(self.seeds)} test vectors; expected at most {_MOST_SEEDS}")
        if self.cpu is not None and not all(0 <= apart < np.inf for apart in self.cpu):
            raise ValueError(f"test vectors that are {self.cpu} apart")

    @classmethod
    def of(
        cls,
        seeds: tuple[int, ...],
        faces: Image,
        outputs: Iterable[bytes],
        cpu: tuple[float, float] | None = None,
    ) -> "TestVectors":
        """From `(N, S, S)` pictures and the bytes of the output tensor for each."""
        return cls(seeds, _sha256(faces), tuple(output.hex() for output in outputs), cpu)

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> "TestVectors":
        """As they are in metadata.json.

        Raises:
            KeyError, TypeError, ValueError: the table is not of this kind.
        """
        cpu = table.get("cpu")
        if cpu is not None:
            largest, mean = cpu
            cpu = (float(largest), float(mean))
        return cls(tuple(table["seeds"]), table["faces_sha256"], tuple(table["outputs"]), cpu)

    def faces(self, side: int) -> Image:
        """`(N, S, S) uint8` pictures.

        Raises:
            EdgeEmotionError: this version draws them otherwise than the one that made the file.
        """
        faces = draw_pictures(self.seeds, side)
        if _sha256(faces) != self.faces_sha256:
            raise EdgeEmotionError(
                "the faces of its test vectors are drawn otherwise by this version of edge-emotion",
                remedy="use the version that made the file, or convert the model again",
            )
        return faces

    def answers(self, output: TensorSpec) -> Floats:
        """Real values that the outputs stand for: `(N, …) float32`, of the output's shape.

        Raises:
            EdgeEmotionError: they are not of the output tensor's format.
        """
        dtype = np.dtype(output.dtype).newbyteorder("<")
        try:
            raw = b"".join(bytes.fromhex(text) for text in self.outputs)
            values = np.frombuffer(raw, dtype).reshape(len(self.outputs), *output.shape[1:])
        except (TypeError, ValueError) as error:
            raise EdgeEmotionError(
                f"its test vectors do not fit its output ({error})",
                expected=f"{math.prod(output.shape[1:])} values of {output.dtype} a picture",
            ) from error
        return output.dequantize(values)


def draw_pictures(seeds: Iterable[int], side: int) -> Image:
    """`(N, side, side) uint8`: what the network that takes such pictures is tried with."""
    if side != DETECTOR_SIDE_PX:
        return draw_faces(seeds, side)
    quarter = side // 2
    pictures = []
    for seed in seeds:
        large, middle, small = (draw_faces([seed], quarter // n)[0] for n in (1, 2, 4))
        upper = np.hstack([large, np.tile(middle, (2, 2))])
        pictures.append(np.vstack([upper, np.hstack([np.tile(small, (4, 4)), large[:, ::-1]])]))
    return np.stack(pictures)


def draw_faces(seeds: Iterable[int], side: int) -> Image:
    """`(N, side, side) uint8` gray faces, framed as `edge_emotion.preprocess` says."""
    return np.stack([_draw(seed, side) for seed in seeds])


def _draw(seed: int, side: int) -> Image:
    stream = hashlib.shake_128(f"edge-emotion face {seed}".encode()).digest(64 + side * side)
    numbers = iter(stream[:64])

    def between(low: int, high: int) -> int:
        return low + next(numbers) % (high - low + 1)

    y, x = np.mgrid[:_CANVAS, :_CANVAS].astype(np.int64)
    canvas = np.full((_CANVAS, _CANVAS), between(20, 160), np.int64)

    def ellipse(center_x: int, center_y: int, half_width: int, half_height: int, gray: int) -> None:
        from_center = (x - center_x) ** 2 * half_height**2 + (y - center_y) ** 2 * half_width**2
        canvas[from_center <= half_width**2 * half_height**2] = gray

    eye_x, skin = round(EYE_DISTANCE / 2 * _CANVAS), between(120, 225)
    middle_x = round(EYE_MIDPOINT[0] * _CANVAS) + between(-4, 4)
    eye_y = round(EYE_MIDPOINT[1] * _CANVAS) + between(-4, 4)
    ellipse(middle_x, eye_y + 26, between(74, 88), between(98, 114), skin)
    eye_height, brow_y, brow_height = between(4, 11), between(14, 34), between(2, 5)
    for eye in (middle_x - eye_x, middle_x + eye_x):
        ellipse(eye, eye_y, 14, eye_height, min(255, skin + 30))
        ellipse(eye + between(-3, 3), eye_y, min(6, eye_height), min(6, eye_height), skin // 4)
        ellipse(eye, eye_y - brow_y, between(17, 23), brow_height, skin // 3)
    ellipse(middle_x, eye_y + between(34, 42), between(8, 14), between(3, 6), skin * 2 // 3)
    mouth_y, width, height = eye_y + between(66, 78), between(16, 36), between(3, 18)
    ellipse(middle_x, mouth_y, width, height, skin // 2)
    # A second ellipse over the mouth leaves a crescent: a smile, or its opposite.
    ellipse(middle_x, mouth_y - between(-10, 10), width, max(2, height - 3), between(40, skin))

    light = 256 + (x - _CANVAS // 2) * between(0, 3) // 4 + (y - _CANVAS // 2) * between(0, 3) // 4
    block = _CANVAS // side
    lit = (canvas * light).reshape(side, block, side, block).sum((1, 3)) // (256 * block * block)
    noise = np.frombuffer(stream[64:], np.uint8).reshape(side, side) % 16
    return np.clip(lit + noise - 8, 0, 255).astype(np.uint8)


def _sha256(faces: Image) -> str:
    return hashlib.sha256(np.ascontiguousarray(faces).tobytes()).hexdigest()
