"""What a small, cheap camera does to a face: random changes that no studio data set holds.

Each effect is a function of a `(S, S) uint8` face, an amount in its own unit and a source of draws;
none of them moves a feature, so keypoints stay as they are.  Amounts in pixels are those of a
48 px face and grow with it.  A new effect is one function, one line in `EFFECTS` and one field of
`Augmentation`.
"""

from collections.abc import Callable

import cv2
import numpy as np

from edge_emotion.types import Floats, Image
from edge_emotion_train.augment import Augmentation, normal_noise

_READ_NOISE_AT = 16.0  # gray value whose photon noise equals the sensor's noise in the dark
_GRAYS = np.arange(256, dtype=np.float32)
_NOISE_IN_THE_DARK = 10.0  # `gain_noise` of a face whose light is all gone


def through_camera(faces: Image, config: Augmentation, rng: np.random.Generator) -> None:
    """Every effect whose limit is above 0, in the order light takes to the file.

    Half of the faces are spared each effect; for the others its amount is drawn evenly up to its
    limit, so that most pictures carry one or two.

    Args:
        faces: `(N, S, S)`, changed in place.
        config: the effects' limits.
        rng: source of the draws.
    """
    for name, effect in EFFECTS.items():
        if limit := getattr(config, name):
            amounts = limit * rng.uniform(-1, 1, len(faces))
            for row in np.flatnonzero(amounts > 0):
                faces[row] = effect(faces[row], float(amounts[row]), rng)


def uneven_light(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """Light from one side: 1 + `amount` times as bright there, 1 - `amount` on the other."""
    across = np.linspace(-1, 1, image.shape[0], dtype=np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    x, y = (np.float32(amount * way / np.sqrt(2)) for way in (np.cos(angle), np.sin(angle)))
    gain = (1 + y * across)[:, None] + x * across
    return cv2.multiply(image, gain, dtype=cv2.CV_8U)


def occlude(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """A hand, a scarf, hair: something of two grays covers `amount` of the side from one edge."""
    side = image.shape[0]
    depth = round(amount * side)
    if not depth:
        return image
    start = int(rng.integers(0, side // 2 + 1))
    width = int(rng.integers(side // 4, side - start + 1))
    grays = rng.integers(0, 256, (2, 2)).astype(np.uint8)
    thing = cv2.resize(grays, (width, depth), interpolation=cv2.INTER_LINEAR)
    turns = int(rng.integers(0, 4))
    changed = np.rot90(image, turns).copy()
    changed[:depth, start : start + width] = thing
    return np.ascontiguousarray(np.rot90(changed, -turns))


def low_light(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """`amount` of the light is gone, and what is left is noisier the less it is."""
    return _with_sensor_noise(image, _GRAYS * (1 - amount), amount * _NOISE_IN_THE_DARK, rng)


def motion_blur(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """The face moves evenly by `amount` px of a 48 px face, half before and half after."""
    length = amount * image.shape[0] / 48
    angle = rng.uniform(0, np.pi)
    reach = int(np.ceil(length / 2)) + 1
    ways = np.linspace(-length / 2, length / 2, 4 * reach + 1)[:, None]
    places = np.arange(-reach, reach + 1)
    # A place between four pixels is shared out among them by its nearness in x and in y.
    across = np.maximum(0, 1 - np.abs(ways * np.cos(angle) - places))
    down = np.maximum(0, 1 - np.abs(ways * np.sin(angle) - places))
    kernel = down.T @ across / len(ways)
    return cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE)


def gain_noise(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """A sensor turned up: noise with a deviation of `amount` gray values where it is white."""
    return _with_sensor_noise(image, _GRAYS, amount, rng)


def jpeg(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """Saved as JPEG with a quality of 100 (1 - `amount`): blocks of 8 px, as of an MJPEG stream."""
    quality = max(1, round(100 * (1 - amount)))
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


EFFECTS: dict[str, Callable[[Image, float, np.random.Generator], Image]] = {
    "uneven_light": uneven_light,
    "occlusion": occlude,
    "motion_blur": motion_blur,
    "low_light": low_light,
    "gain_noise": gain_noise,
    "jpeg": jpeg,
}


def _with_sensor_noise(
    image: Image, levels: Floats, at_white: float, rng: np.random.Generator
) -> Image:
    """Photon and read noise: the variance grows linearly with the signal (Foi et al. 2008,
    "Practical Poissonian-Gaussian noise modeling and fitting for single-image raw-data", eq. 2).

    Args:
        image: the face.
        levels: `(256,)`, what each gray value has become before the noise.
        at_white: the noise's deviation at 255, in gray values.
        rng: source of the draws.
    """
    deviations = at_white * np.sqrt((levels + _READ_NOISE_AT) / (255 + _READ_NOISE_AT))
    noise = normal_noise(image.shape[0], rng) * cv2.LUT(image, deviations.astype(np.float32))
    return cv2.add(cv2.LUT(image, levels.astype(np.float32)), noise, dtype=cv2.CV_8U)
