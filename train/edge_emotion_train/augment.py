"""Random changes to a training face, on uint8 pictures with OpenCV.

One affine map does mirror, turn, zoom and shift at once, so that a face is resampled a single time
and the points go through the very same matrix.
"""

from dataclasses import dataclass, fields

import cv2
import numpy as np

from edge_emotion.labels import MIRRORED_KEYPOINTS
from edge_emotion.types import Floats, Image

_MIRRORED = list(MIRRORED_KEYPOINTS)
_SHARES = (
    "mirror", "blur", "noise", "erase", "uneven_light", "occlusion", "low_light", "jpeg",
)  # fmt: skip


@dataclass(frozen=True)
class Augmentation:
    """How far each change may go; every amount is drawn evenly up to its limit, both ways.

    Attributes:
        mirror: chance of a left-right mirror.
        turn_deg: rotation around the centre.
        zoom: 0.1 is a zoom between 1/1.1 and 1.1.
        shift: in parts of the side, in x and y.
        contrast: 0.3 multiplies the distance from middle gray by 0.7 to 1.3.
        brightness: added, in parts of the gray range.
        gamma: 0.3 is an exponent between 1/1.3 and 1.3.
        blur: chance of a Gaussian blur of 0.3 to 1.2 px in a 48 px face.
        noise: chance of Gaussian noise with a deviation of up to 10 gray values.
        erase: chance of a gray rectangle of 2 to 15 % of the face.
        uneven_light, occlusion, low_light, motion_blur, gain_noise, jpeg: what a small camera does
            to a face, each in the unit of its function in `edge_camera`; 0 is off.
    """

    mirror: float = 0.5
    turn_deg: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    contrast: float = 0.0
    brightness: float = 0.0
    gamma: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    erase: float = 0.0
    uneven_light: float = 0.0
    occlusion: float = 0.0
    low_light: float = 0.0
    motion_blur: float = 0.0
    gain_noise: float = 0.0
    jpeg: float = 0.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value < 0 or (value > 1 and item.name in _SHARES):
                limits = "from 0 to 1" if item.name in _SHARES else "0 or more"
                raise ValueError(f"{item.name} is {value}; expected {limits}")


def random_affine(
    config: Augmentation,
    rng: np.random.Generator,
    source_side: int,
    size: int,
    base_zoom: float = 1.0,
) -> tuple[Floats, bool]:
    """Draw a map from a square source picture to a `size` px face.

    Args:
        config: how far it may go.
        rng: source of the draws.
        source_side: side of the source in px.
        size: side of the face in px.
        base_zoom: face pixels per source pixel when nothing is drawn.

    Returns:
        The `(2, 3)` matrix for pixel coordinates, and whether it mirrors.
    """
    angle = np.deg2rad(rng.uniform(-config.turn_deg, config.turn_deg))
    scale = base_zoom * (1 + config.zoom) ** rng.uniform(-1, 1)
    mirror = bool(rng.random() < config.mirror)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    if mirror:
        linear[:, 0] *= -1
    center = np.full(2, (source_side - 1) / 2)
    target = (size - 1) / 2 + size * rng.uniform(-config.shift, config.shift, 2)
    matrix = np.concatenate([linear, (target - linear @ center)[:, None]], axis=1)
    return matrix.astype(np.float32), mirror


def warp(image: Image, matrix: Floats, size: int) -> Image:
    """The `(size, size)` face that `matrix` maps `image` to; beyond its edge the edge repeats."""
    return cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def map_points(points: Floats, matrix: Floats, mirror: bool) -> Floats:
    """`(15, 2)` points through `matrix`; under a mirror left and right swap their names."""
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    return mapped[_MIRRORED] if mirror else mapped


def change_light(image: Image, config: Augmentation, rng: np.random.Generator) -> Image:
    """Contrast, brightness and gamma in one look-up table, then blur, noise and a rectangle."""
    levels = np.linspace(0, 1, 256) ** ((1 + config.gamma) ** rng.uniform(-1, 1))
    levels = 0.5 + (levels - 0.5) * (1 + rng.uniform(-config.contrast, config.contrast))
    levels += rng.uniform(-config.brightness, config.brightness)
    image = cv2.LUT(image, (np.clip(levels, 0, 1) * 255).round().astype(np.uint8))
    side = image.shape[0]
    if rng.random() < config.blur:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2) * side / 48)
    if rng.random() < config.noise:
        noisy = image + rng.normal(0, rng.uniform(1, 10), image.shape)
        image = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    if rng.random() < config.erase:
        _erase(image, rng)
    return image


def _erase(image: Image, rng: np.random.Generator) -> None:
    """Fill a random rectangle (random erasing, Zhong et al. 2020) with one gray, in place."""
    side = image.shape[0]
    area = rng.uniform(0.02, 0.15) * side * side
    aspect = np.exp(rng.uniform(-1, 1) * np.log(3))
    height = min(side, round(np.sqrt(area * aspect)))
    width = min(side, round(np.sqrt(area / aspect)))
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    image[top : top + height, left : left + width] = rng.integers(0, 256)
