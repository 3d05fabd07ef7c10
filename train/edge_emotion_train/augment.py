"""Random changes to the faces of a batch, on uint8 pictures with OpenCV.

One affine map does mirror, turn, zoom and shift at once, so that a face is resampled a single time
and the points go through the very same matrix.  Amounts are drawn for the whole batch at once: one
draw a face would take longer than the change itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import cv2
import numpy as np
import numpy.typing as npt

from edge_emotion.labels import MIRRORED_KEYPOINTS
from edge_emotion.types import Floats, Image

Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

_MIRRORED = list(MIRRORED_KEYPOINTS)
_SHARES = (
    "mirror", "blur", "noise", "erase", "uneven_light", "occlusion", "low_light", "jpeg",
)  # fmt: skip
_LEAST_BLUR = 0.3  # px of a 48 px face

_NORMAL_QUANTILES = np.array(
    [NormalDist().inv_cdf((level + 0.5) / 256) for level in range(256)], np.float32
)
_NORMAL_QUANTILES /= _NORMAL_QUANTILES.std()


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
        blur: chance of a Gaussian blur of 0.3 to `blur_sigma` px in a 48 px face.
        blur_sigma: its highest deviation.
        noise: chance of Gaussian noise with a deviation of up to 10 gray values.
        erase: chance of a gray rectangle of 2 to 15 % of the face.
        uneven_light, occlusion, low_light, motion_blur, gain_noise, jpeg: what a small camera does
            to a face, each in the unit of its function in `edge_camera`; 0 is off.
        mixup: alpha of `mix`, for emotion only; 0 is off.
    """

    mirror: float = 0.5
    turn_deg: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    contrast: float = 0.0
    brightness: float = 0.0
    gamma: float = 0.0
    blur: float = 0.0
    blur_sigma: float = 1.2
    noise: float = 0.0
    erase: float = 0.0
    uneven_light: float = 0.0
    occlusion: float = 0.0
    low_light: float = 0.0
    motion_blur: float = 0.0
    gain_noise: float = 0.0
    jpeg: float = 0.0
    mixup: float = 0.0

    def __post_init__(self) -> None:
        check_amounts(vars(self), shares=_SHARES)
        if self.blur_sigma < _LEAST_BLUR:
            raise ValueError(f"blur_sigma is {self.blur_sigma}; expected {_LEAST_BLUR} or more")


def check_amounts(amounts: Mapping[str, float], shares: Collection[str]) -> None:
    """Check that no amount is below 0, and none of `shares` above 1.

    Raises:
        ValueError: with the first that is, and what was expected.
    """
    for name, value in amounts.items():
        share = name in shares
        if not 0 <= value < np.inf or (value > 1 and share):
            limits = "from 0 to 1" if share else "0 or more"
            raise ValueError(f"{name} is {value}; expected {limits}")


def random_affines(
    config: Augmentation,
    rng: np.random.Generator,
    sides: Floats,
    zooms: Floats,
    size: int,
    mirrorable: Flags | None = None,
) -> tuple[Floats, Flags]:
    """Draw a map from each of some square source pictures to a `size` px face.

    Args:
        config: how far it may go.
        rng: source of the draws.
        sides: `(N,)`, of the sources in px.
        zooms: `(N,)`, face pixels per source pixel when nothing is drawn.
        size: side of the faces in px.
        mirrorable: `(N,)`, whether each may be mirrored; None lets all.

    Returns:
        `(N, 2, 3) float32` matrices for pixel coordinates, and `(N,)` whether each mirrors.
    """
    count = len(sides)
    angles = np.deg2rad(rng.uniform(-config.turn_deg, config.turn_deg, count))
    scales = zooms * (1 + config.zoom) ** rng.uniform(-1, 1, count)
    mirrored = rng.random(count) < config.mirror
    if mirrorable is not None:
        mirrored &= mirrorable
    cos, sin = scales * np.cos(angles), scales * np.sin(angles)
    linear = np.stack([cos, -sin, sin, cos], axis=1).reshape(count, 2, 2)
    linear[mirrored, :, 0] *= -1
    targets = (size - 1) / 2 + size * rng.uniform(-config.shift, config.shift, (count, 2))
    moved = targets - linear.sum(axis=2) * ((sides - 1) / 2)[:, None]  # a source's centre is (c, c)
    return np.concatenate([linear, moved[..., None]], axis=2).astype(np.float32), mirrored


def warp(image: Image, matrix: Floats, face: Image) -> None:
    """Fill `face` with what `matrix` maps to it; beyond the image's edge the edge repeats."""
    cv2.warpAffine(
        image,
        matrix,
        face.shape,
        dst=face,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def map_points(points: Floats, matrices: Floats, mirrored: Flags) -> Floats:
    """`(N, 15, 2)` points, each face's through its matrix; mirrored ones swap left and right."""
    mapped = points @ matrices[..., :2].transpose(0, 2, 1) + matrices[:, None, :, 2]
    mapped[mirrored] = mapped[mirrored][:, _MIRRORED]
    return mapped


def change_light(faces: Image, config: Augmentation, rng: np.random.Generator) -> None:
    """Contrast, brightness and gamma in one look-up table, then blur, noise and a rectangle.

    Args:
        faces: `(N, S, S)`, changed in place.
        config: how far it may go.
        rng: source of the draws.
    """
    count, side = len(faces), faces.shape[1]
    for face, table in zip(faces, _light_tables(count, config, rng), strict=True):
        cv2.LUT(face, table, dst=face)
    for row in _chosen(count, config.blur, rng):
        sigma = rng.uniform(_LEAST_BLUR, config.blur_sigma) * side / 48
        cv2.GaussianBlur(faces[row], (0, 0), sigma, dst=faces[row])
    for row in _chosen(count, config.noise, rng):
        noise = np.float32(rng.uniform(1, 10)) * normal_noise(side, rng)
        cv2.add(faces[row], noise, dst=faces[row], dtype=cv2.CV_8U)
    _erase(faces, _chosen(count, config.erase, rng), rng)


def mix(
    faces: Floats, targets: Floats, weights: Floats, alpha: float, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Mixup (Zhang et al. 2018): every face blended with another one of the batch, labels too.

    The share of the first is drawn from Beta(alpha, alpha): below 1 mostly near 0 or 1, so that one
    of the two prevails.

    Args:
        faces: `(N, S, S, 1)`.
        targets: `(N, C)`.
        weights: `(N,)`.
        alpha: above 0.
        rng: source of the draws.
    """
    shares = rng.beta(alpha, alpha, len(faces)).astype(np.float32)
    partners = rng.permutation(len(faces))

    def blend(values: Floats) -> Floats:
        others = values[partners]
        return others + shares.reshape(-1, *[1] * (values.ndim - 1)) * (values - others)

    return blend(faces), blend(targets), blend(weights)


def normal_noise(side: int, rng: np.random.Generator) -> Floats:
    """`(side, side) float32` with mean 0 and deviation 1, of 256 levels.

    A normal distribution's quantiles, chosen by random bytes: what is added to bytes need be no
    finer, and drawing the numbers themselves would be dearer than all the rest.
    """
    levels = np.frombuffer(rng.bytes(side * side), np.uint8).reshape(side, side)
    return cv2.LUT(levels, _NORMAL_QUANTILES)


def _light_tables(count: int, config: Augmentation, rng: np.random.Generator) -> Image:
    """`(N, 256)`: which gray value each becomes."""
    gamma, contrast, brightness = rng.uniform(-1, 1, (3, count, 1)).astype(np.float32)
    levels = np.linspace(0, 1, 256, dtype=np.float32) ** (1 + config.gamma) ** gamma
    levels = 0.5 + (levels - 0.5) * (1 + config.contrast * contrast)
    levels += config.brightness * brightness
    return (levels.clip(0, 1) * 255).round().astype(np.uint8)


def _chosen(count: int, chance: float, rng: np.random.Generator) -> Rows:
    """The rows that a change of this chance befalls."""
    return np.flatnonzero(rng.random(count) < chance)


def _erase(faces: Image, rows: Rows, rng: np.random.Generator) -> None:
    """Fill a random rectangle (random erasing, Zhong et al. 2020) with one gray, in place."""
    count, side = len(rows), faces.shape[1]
    areas = side * side * rng.uniform(0.02, 0.15, count)
    aspects = 3 ** rng.uniform(-1, 1, count)
    heights, widths = np.sqrt(areas * aspects).round(), np.sqrt(areas / aspects).round()
    tops, lefts = (rng.integers(0, side - sides, endpoint=True) for sides in (heights, widths))
    grays = rng.integers(0, 256, count)
    for row, top, left, bottom, right, gray in zip(
        rows, tops, lefts, tops + heights, lefts + widths, grays, strict=True
    ):
        faces[row, top : int(bottom), left : int(right)] = gray
