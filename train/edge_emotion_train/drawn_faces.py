"""Faces drawn with OpenCV: their points are known exactly and the five emotions can be told apart.

They stand in for photographs where a smoke training or a test needs faces and there is no data.
All are framed as `edge_emotion.preprocess` says.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from edge_emotion.data.detection import face_boxes
from edge_emotion.data.faces import DetectionPhotos, EmotionFaces, KeypointFaces
from edge_emotion.detection_metrics import LabelledFaces
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.preprocess import (
    EMOTION_SIDE_PX,
    EYE_DISTANCE,
    EYE_MIDPOINT,
    KEYPOINT_SIDE_PX,
    SquareCrop,
)
from edge_emotion.types import Floats, Image

FRAMES_A_PERSON = 4
_FRACTION_BITS = 5  # of the coordinates that OpenCV draws at


@dataclass(frozen=True)
class Expression:
    """How an emotion moves a face; all in px of a 96 px face, y downwards.

    Attributes:
        brow_inner, brow_outer: shift of the ends of the brows.
        eye: half the height of an open eye.
        mouth_width: from the middle to a corner.
        corners: the corners' place below the middle of the mouth; negative is a smile.
        lips: distance of the lips' middles; from 6 on the mouth is open.
        sneer: how far one side of the upper lip is drawn up; also draws wrinkles on the nose.
    """

    brow_inner: float = 0.0
    brow_outer: float = 0.0
    eye: float = 3.0
    mouth_width: float = 13.0
    corners: float = 0.0
    lips: float = 4.0
    sneer: float = 0.0


EXPRESSIONS = {
    "Angry": Expression(brow_inner=6, brow_outer=-2, eye=2.4, mouth_width=10, lips=2),
    "Disgust": Expression(brow_inner=3, brow_outer=2, eye=1.8, mouth_width=12, lips=5, sneer=6),
    "Sad": Expression(brow_inner=-5, brow_outer=3, eye=2.4, mouth_width=11, corners=6, lips=3),
    "Happy": Expression(mouth_width=17, corners=-7, lips=7),
    "Surprise": Expression(brow_inner=-7, brow_outer=-7, eye=5, mouth_width=8, lips=17),
}


@dataclass(frozen=True)
class DrawnFrame:
    """A camera's picture with one drawn face in a known place.

    Attributes:
        image: `(480, 640, 3) uint8` BGR.
        crop: the square the networks should see.
        keypoints: `(15, 2) float32` in pixels of the frame.
        emotion: index into `labels.EMOTIONS`.
    """

    image: Image
    crop: SquareCrop
    keypoints: Floats
    emotion: int


def draw_face(
    emotion: int, rng: np.random.Generator, side: int = KEYPOINT_SIDE_PX, margin: int = 0
) -> tuple[Image, Floats]:
    """Draw one face of `side` px with `margin` px of background around it.

    Returns:
        The `(side + 2 * margin,) * 2` gray picture, and its `(15, 2)` points in that picture.
    """
    whole = side + 2 * margin
    image = _patches(whole, whole, rng)
    points = _draw(image, SquareCrop(margin, margin, side), emotion, rng)
    return _lit(image, rng), points


def emotion_faces(count: int, seed: int, side: int = EMOTION_SIDE_PX) -> EmotionFaces:
    """Faces of all five emotions in turn, four in five of them `Training`, one `PublicTest`."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(EMOTIONS)
    rows = np.arange(count)
    return EmotionFaces(
        np.stack([draw_face(int(label), rng, side)[0] for label in labels]),
        labels,
        np.array([f"row {row}" for row in rows]),
        np.where(rows // len(EMOTIONS) % 5 == 4, "PublicTest", "Training"),
        np.zeros((count, len(EMOTIONS)), np.float32),
    )


def keypoint_faces(count: int, seed: int, margin: int = 0) -> KeypointFaces:
    """Faces of 96 px with all 15 points; every four rows are one group, named as a person's."""
    rng = np.random.default_rng(seed)
    drawn = [draw_face(row % len(EMOTIONS), rng, margin=margin) for row in range(count)]
    people = [f"person{row // FRAMES_A_PERSON:03}" for row in range(count)]
    return KeypointFaces(
        np.stack([image for image, _ in drawn]),
        np.stack([points for _, points in drawn]),
        np.array([f"{person}_{row:04}.png" for row, person in enumerate(people)]),
        np.array(people),
    )


def detection_photos(count: int, seed: int) -> DetectionPhotos:
    """Photographs of 320×240 px with up to three faces each, every eighth without one."""
    rng = np.random.default_rng(seed)
    images, faces = [], []
    for row in range(count):
        people = 0 if row % 8 == 7 else 1 + row % 3
        image, boxes = _drawn_people(people, rng)
        grades = np.zeros(len(boxes), np.int64)
        images.append(image)
        faces.append(LabelledFaces(max(image.shape), boxes, grades, grades, grades > 0))
    names = np.array([f"drawn_{row:04}.png" for row in range(count)])
    return DetectionPhotos(tuple(images), tuple(faces), names, names)


def drawn_frame(
    rng: np.random.Generator,
    emotion: int = EMOTIONS.index("Happy"),
    crop: SquareCrop | None = None,
) -> DrawnFrame:
    """A 640×480 frame with a face in `crop`, or somewhere inside if that is not given.

    The background is plain and dark, so that OpenCV's Haar cascades find the face.
    """
    height, width = 480, 640
    if crop is None:
        side = int(rng.integers(120, 300))
        x, y = rng.integers(0, width - side), rng.integers(0, height - side)
        crop = SquareCrop(int(x), int(y), side)
    image = np.full((height, width), rng.integers(20, 120), np.uint8)
    points = _draw(image, crop, emotion, rng)
    gray = _lit(image, rng).astype(np.float32)
    tinted = np.clip(gray[..., None] * np.array((0.85, 1.0, 1.08)), 0, 255).astype(np.uint8)
    return DrawnFrame(tinted, crop, points, emotion)


def _drawn_people(people: int, rng: np.random.Generator) -> tuple[Image, Floats]:
    """A picture, and the boxes of its faces, each in a column of its own."""
    height, width = 240, 320
    image = _patches(height, width, rng)
    points = []
    column = width // max(1, people)
    for number in range(people):
        side = int(rng.integers(32, min(column, 160)))
        x = number * column + rng.integers(0, column - side + 1)
        y = rng.integers(0, height - side)
        emotion = int(rng.integers(len(EMOTIONS)))
        points.append(_draw(image, SquareCrop(int(x), int(y), side), emotion, rng))
    return _lit(image, rng), face_boxes(np.reshape(points, (-1, len(KEYPOINTS), 2)))


def _draw(image: Image, crop: SquareCrop, emotion: int, rng: np.random.Generator) -> Floats:
    """Draw a face so that `crop` frames it; return its points in pixels of `image`."""
    expression = EXPRESSIONS[EMOTIONS[emotion]]
    face = _points(expression, rng)
    points = crop.to_frame(face, KEYPOINT_SIDE_PX)
    pen = _Pen(image, crop)
    skin = int(rng.integers(150, 226))
    dark, light = skin // 4, min(255, skin + 30)
    at = dict(zip(KEYPOINTS, face, strict=True))
    eyes_middle = (at["left_eye_center"] + at["right_eye_center"]) / 2
    down = at["nose_tip"] - eyes_middle
    tilt = np.rad2deg(np.arctan2(-down[0], down[1]))
    pen.ellipse(eyes_middle + 0.45 * down, (41.0, 53.0), tilt, skin)
    for own in ("left", "right"):
        inner, outer = at[f"{own}_eye_inner_corner"], at[f"{own}_eye_outer_corner"]
        center = at[f"{own}_eye_center"]
        half_width = float(np.linalg.norm(outer - inner)) / 2
        pen.ellipse(center, (half_width, expression.eye), tilt, light)
        pen.ellipse(center, (min(3.0, expression.eye),) * 2, tilt, dark)
        brow = (at[f"{own}_eyebrow_inner_end"], at[f"{own}_eyebrow_outer_end"])
        pen.line(brow, dark, width=3.0)
    wing = 0.25 * (at["left_eye_center"] - at["right_eye_center"]) / 2
    pen.line((at["nose_tip"] - wing, at["nose_tip"], at["nose_tip"] + wing), skin * 2 // 3, 1.5)
    if expression.sneer:
        for share in (0.2, 0.5):
            middle = eyes_middle + share * down
            pen.line((middle - wing, middle + wing), skin // 2, width=1.0)
    _draw_mouth(pen, at, expression, dark, skin)
    return points


def _draw_mouth(
    pen: "_Pen", at: dict[str, Floats], expression: Expression, dark: int, skin: int
) -> None:
    left, right = at["mouth_left_corner"], at["mouth_right_corner"]
    upper = _curve(left, at["mouth_center_top_lip"], right)
    lower = _curve(right, at["mouth_center_bottom_lip"], left)
    pen.area((*upper, *lower), dark if expression.lips >= 6 else skin // 2)
    pen.line((*upper, *lower), skin // 2, width=1.5)


def _points(expression: Expression, rng: np.random.Generator) -> Floats:
    """`(15, 2)` in pixels of the 96 px face, a little different for every face."""
    eye, vary = EYE_DISTANCE / 2 * KEYPOINT_SIDE_PX, rng.uniform(-1, 1, 8)
    brow = -10 + vary[0]
    nose, mouth = 19 + vary[1], 36 + 1.5 * vary[2]
    width, half_lips = expression.mouth_width + 0.7 * vary[3], expression.lips / 2
    corner = mouth + expression.corners
    sides = {
        "eye_center": (eye, 0.0),
        "eye_inner_corner": (eye - 7, 0.0),
        "eye_outer_corner": (eye + 7, 0.0),
        "eyebrow_inner_end": (eye - 10, brow + expression.brow_inner),
        "eyebrow_outer_end": (eye + 10, brow + 1 + expression.brow_outer),
    }
    lift = expression.sneer / 2
    places = {f"left_{name}": (x, y) for name, (x, y) in sides.items()}
    places |= {f"right_{name}": (-x, y) for name, (x, y) in sides.items()}
    places |= {
        "nose_tip": (0.0, nose),
        "mouth_left_corner": (width, corner - 2 * lift),
        "mouth_right_corner": (-width, corner + lift),
        "mouth_center_top_lip": (0.0, mouth - half_lips - lift),
        "mouth_center_bottom_lip": (0.0, mouth + half_lips),
    }
    flat = np.array([places[name] for name in KEYPOINTS])
    angle = np.deg2rad(4 * vary[4])
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    middle = np.array(EYE_MIDPOINT) * KEYPOINT_SIDE_PX - 0.5 + vary[5:7]
    return ((1 + 0.03 * vary[7]) * flat @ turn.T + middle).astype(np.float32)


class _Pen:
    """Draws on a picture at fractions of a pixel, in coordinates of the 96 px face in `crop`."""

    def __init__(self, image: Image, crop: SquareCrop) -> None:
        self._image, self._crop = image, crop
        self._scale = crop.side / KEYPOINT_SIDE_PX
        self._options: dict[str, Any] = {"lineType": cv2.LINE_AA, "shift": _FRACTION_BITS}

    def ellipse(
        self, center: Floats, half: tuple[float, float], angle_deg: float, gray: int
    ) -> None:
        (x, y), axes = self._fixed(center), np.array(half) * self._scale * 2**_FRACTION_BITS
        size = (round(axes[0]), round(axes[1]))
        cv2.ellipse(
            self._image, (int(x), int(y)), size, angle_deg, 0, 360, gray, -1, **self._options
        )

    def line(self, points: tuple[Floats, ...], gray: int, width: float) -> None:
        thickness = max(1, round(width * self._scale))
        fixed = self._fixed(np.stack(points))
        cv2.polylines(self._image, [fixed], False, gray, thickness, **self._options)

    def area(self, points: tuple[Floats, ...], gray: int) -> None:
        cv2.fillPoly(self._image, [self._fixed(np.stack(points))], gray, **self._options)

    def _fixed(self, points: Floats) -> np.ndarray:
        pixels = self._crop.to_frame(points, KEYPOINT_SIDE_PX)
        return np.rint(pixels * 2**_FRACTION_BITS).astype(np.int32)


def _curve(start: Floats, middle: Floats, end: Floats) -> tuple[Floats, ...]:
    """A parabola from `start` through `middle` to `end`, in nine points."""
    t = np.linspace(0, 1, 9)[:, None]
    control = 2 * middle - (start + end) / 2
    return tuple((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)


def _patches(height: int, width: int, rng: np.random.Generator) -> Image:
    """Soft gray patches, so that no two pictures are near twins of each other."""
    patches = rng.integers(0, 256, (4, 4)).astype(np.uint8)
    return cv2.resize(patches, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)


def _lit(image: Image, rng: np.random.Generator) -> Image:
    """Light that falls off across the picture in one direction, and a camera's noise."""
    height, width = image.shape
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    across, down = rng.uniform(-0.3, 0.3, 2)
    light = 0.8 + across * x + down * y
    noise = rng.normal(0, 3, image.shape)
    return np.clip(np.rint(image * light + noise), 0, 255).astype(np.uint8)
