"""Pictures to learn detection from: a photograph placed anew, its boxes with it, in another light.

Each is drawn for itself, because photographs are of all sizes.  Boxes are in px whose origin is the
left upper edge, as `edge_emotion.detection` has them, not the first pixel's centre.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edge_emotion.detection import DETECTOR_SIDE_PX
from edge_emotion.detection_metrics import HEAVY, Doubles, LabelledFaces
from edge_emotion.types import Floats, Image
from edge_emotion_train.augment import Flags, check_amounts, normal_noise

SIDE_PX = DETECTOR_SIDE_PX

# Of a box that an edge cuts: what shows less is no face, what shows less than the second is
# neither learned nor counted as wrong.
_SHOWN_AT_LEAST, _LEARNED_FROM = 0.15, 0.6
_SMALLEST_LEARNED_PX = 9.0
_MOST_ENLARGED = 4.0
_UNLIMITED = {"turn_deg", "stretch", "gamma", "contrast", "brightness"}
_GRAYS = np.linspace(0, 1, 256, dtype=np.float32)


@dataclass(frozen=True)
class DetectionAugmentation:
    """How pictures are made of photographs, and how far each change may go.

    Attributes:
        background: share of pictures of a photograph without faces, where there are any.
        closeup: share of a close-up, where there are any.
        whole: share of a whole photograph; the other pictures are placed around one of the faces.
        mosaic: share of pictures that are four at half the size instead.
        smallest_face, largest_face: of the face that a picture is placed around, in parts of its
            side; the logarithm is drawn evenly between.
        backdrop: share of close-ups that stand before a photograph without faces.
        mirror: chance of a left-right mirror.
        turn_deg, stretch: standard deviations of a turn, and of the logarithm of width by height.
        gamma, contrast, brightness: standard deviations of the logarithms of an exponent and of a
            factor around middle gray, and of what is added, in parts of the gray range.
        low_light: chance that only 15 to 50 % of the light is left.
        blur: chance of a Gaussian blur of 0.4 to 1.3 px.
        noise: chance of Gaussian noise with a deviation of up to 10 gray values.
    """

    background: float = 0.1
    closeup: float = 0.15
    whole: float = 0.2
    mosaic: float = 0.2
    smallest_face: float = 0.055
    largest_face: float = 0.95
    backdrop: float = 0.7
    mirror: float = 0.5
    turn_deg: float = 0.0
    stretch: float = 0.0
    gamma: float = 0.0
    contrast: float = 0.0
    brightness: float = 0.0
    low_light: float = 0.0
    blur: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        amounts = vars(self)
        check_amounts(amounts, shares=amounts.keys() - _UNLIMITED)
        if not 0 < self.smallest_face <= self.largest_face:
            raise ValueError(
                f"smallest_face is {self.smallest_face}; expected above 0, up to largest_face"
            )
        if (shares := self.background + self.closeup + self.whole) > 1:
            raise ValueError(f"background, closeup and whole add up to {shares}; expected up to 1")


@dataclass(frozen=True)
class Boxes:
    """The boxes of one picture.

    Attributes:
        xyxy: `(F, 4) float32` px.
        learned: `(F,)`, whether each is to be found; the others are neither right nor wrong.
    """

    xyxy: Floats
    learned: Flags

    def __len__(self) -> int:
        return len(self.xyxy)

    @property
    def sizes(self) -> Floats:
        """`(F, 2)`: width and height."""
        return self.xyxy[:, 2:] - self.xyxy[:, :2]

    @property
    def middles(self) -> Doubles:
        """`(F, 2)`: x and y."""
        return (self.xyxy[:, 2:] + self.xyxy[:, :2]) / np.float64(2)


def boxes_of(faces: LabelledFaces) -> Boxes:
    """The boxes of a photograph; what is doubtful or mostly hidden is not learned."""
    return Boxes(faces.boxes, ~faces.ignore & (faces.occlusion < HEAVY))


@dataclass(frozen=True)
class Placement:
    """How a photograph comes to lie on a picture: one of its points on one of the picture's.

    Attributes:
        point: x and y in the photograph.
        target: x and y in the picture.
        scale: px of the picture for one of the photograph, down; across times `stretch`.
        stretch: of the width.
        turn: radians.
        mirror: whether left and right are exchanged.
    """

    point: Doubles
    target: Doubles
    scale: float
    stretch: float = 1.0
    turn: float = 0.0
    mirror: bool = False

    @property
    def matrix(self) -> Doubles:
        """`(2, 3)`, from the photograph to the picture."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        across = self.scale * self.stretch * (-1 if self.mirror else 1)
        linear = np.array([[cos * across, -sin * self.scale], [sin * across, cos * self.scale]])
        return np.column_stack([linear, self.target - linear @ self.point])


def place(image: Image, boxes: Boxes, how: Placement, picture: Image) -> Boxes:
    """Draw a photograph over a `(192, 192)` picture, where it reaches; returns its boxes there.

    The picture beyond the photograph stays.  Boxes keep upright and their size when turned.
    """
    height, width = image.shape
    small = image
    factor = how.scale
    while factor < 0.5 and min(small.shape) > 16:  # at less than half warpAffine skips pixels
        size = (max(1, small.shape[1] // 2), max(1, small.shape[0] // 2))
        small = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
        factor *= 2
    matrix = how.matrix
    centres = matrix * (width / small.shape[1], height / small.shape[0], 1)
    centres[:, 2] += centres[:, :2].sum(axis=1) / 2 - 0.5  # OpenCV counts from pixels' centres
    cv2.warpAffine(
        small,
        centres,
        picture.shape,
        dst=picture,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    middles = boxes.middles @ matrix[:, :2].T + matrix[:, 2]
    halves = boxes.sizes * (how.scale * how.stretch / 2, how.scale / 2)
    xyxy = np.concatenate([middles - halves, middles + halves], axis=1, dtype=np.float32)
    return Boxes(xyxy, boxes.learned)


def within(boxes: Boxes) -> Boxes:
    """Cut boxes at the picture's edges; what hardly shows goes, or is no longer learned."""
    cut = Boxes(boxes.xyxy.clip(0, SIDE_PX), boxes.learned)
    shown = cut.sizes.prod(axis=1) / np.maximum(boxes.sizes.prod(axis=1), 1e-6)
    kept = shown > _SHOWN_AT_LEAST
    return Boxes(cut.xyxy[kept], (cut.learned & (shown >= _LEARNED_FROM))[kept])


def large_enough(boxes: Boxes) -> Boxes:
    """The same boxes; those below 9 px are not learned."""
    return Boxes(boxes.xyxy, boxes.learned & (boxes.sizes.max(axis=1) >= _SMALLEST_LEARNED_PX))


def whole(
    image: Image, boxes: Boxes, config: DetectionAugmentation, rng: np.random.Generator
) -> Placement:
    """The whole photograph, its longest side about the picture's."""
    return _changed(
        config,
        rng,
        point=_half(image),
        target=SIDE_PX / 2 + rng.normal(0, SIDE_PX / 24, 2),
        scale=SIDE_PX / max(image.shape) * rng.uniform(0.85, 1.1),
    )


def around_face(
    image: Image, boxes: Boxes, config: DetectionAugmentation, rng: np.random.Generator
) -> Placement:
    """A part of the photograph, or all of it and more, around one of its faces."""
    rows = np.flatnonzero(boxes.learned) if boxes.learned.any() else np.arange(len(boxes))
    row = rng.choice(rows)
    longest = boxes.sizes[row].max()
    smallest, largest = math.log(config.smallest_face), math.log(config.largest_face)
    scale = min(SIDE_PX * math.exp(rng.uniform(smallest, largest)) / longest, _MOST_ENLARGED)
    target = _somewhere(0.45 * longest * scale, rng)
    return _changed(config, rng, point=boxes.middles[row], target=target, scale=scale)


def closeup(boxes: Boxes, config: DetectionAugmentation, rng: np.random.Generator) -> Placement:
    """The one face of a close-up, 0.3 to 1.05 of the picture's side high."""
    height = SIDE_PX * math.exp(rng.uniform(math.log(0.3), math.log(1.05)))
    target, scale = _somewhere(0.4 * height, rng), height / boxes.sizes[0, 1]
    return _changed(config, rng, point=boxes.middles[0], target=target, scale=scale)


def backdrop(image: Image) -> Placement:
    """A photograph that fills the whole picture."""
    scale = 1.05 * SIDE_PX / min(image.shape)
    return Placement(_half(image), np.full(2, SIDE_PX / 2), scale)


def background(image: Image, config: DetectionAugmentation, rng: np.random.Generator) -> Placement:
    """Any part of a photograph without faces, up to 3.3 times enlarged."""
    point = np.array(image.shape[::-1]) * rng.random(2)
    scale = SIDE_PX / max(image.shape) * math.exp(rng.uniform(0, 1.2))
    mirror = rng.random() < config.mirror
    return Placement(point, SIDE_PX * rng.random(2), scale, mirror=mirror)


def change_light(picture: Image, config: DetectionAugmentation, rng: np.random.Generator) -> Image:
    """Gamma, contrast, brightness and low light in one look-up table, then blur and noise."""
    gamma, contrast, brightness = rng.normal(0, (config.gamma, config.contrast, config.brightness))
    levels = (_GRAYS ** math.exp(gamma) - 0.5) * math.exp(contrast) + 0.5 + brightness
    if rng.random() < config.low_light:
        levels = levels * rng.uniform(0.15, 0.5)
    changed = cv2.LUT(picture, (levels.clip(0, 1) * 255).round().astype(np.uint8))
    if rng.random() < config.blur:
        changed = cv2.GaussianBlur(changed, (0, 0), rng.uniform(0.4, 1.3))
    if rng.random() < config.noise:
        noise = np.float32(rng.uniform(1, 10)) * normal_noise(len(picture), rng)
        changed = cv2.add(changed, noise, dtype=cv2.CV_8U)
    return changed


def _changed(
    config: DetectionAugmentation,
    rng: np.random.Generator,
    *,
    point: Doubles,
    target: Doubles,
    scale: float,
) -> Placement:
    return Placement(
        point,
        target,
        scale,
        math.exp(rng.normal(0, config.stretch)),
        math.radians(rng.normal(0, config.turn_deg)),
        bool(rng.random() < config.mirror),
    )


def _somewhere(margin: float, rng: np.random.Generator) -> Doubles:
    """A place that far from the edges, or in the middle where it cannot be."""
    return rng.uniform(min(margin, SIDE_PX / 2), max(SIDE_PX - margin, SIDE_PX / 2), 2)


def _half(image: Image) -> Doubles:
    return np.array(image.shape[::-1]) / 2
