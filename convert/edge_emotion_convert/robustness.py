"""What bad light, a bad lens, a bad crop or a hand cost a network: the same faces, made worse.

Every amount is fixed and every draw seeded, so figures of two networks can be set side by side.
Where a face is moved or turned, what was beyond the picture's edge is the edge repeated.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import numpy as np

from edge_emotion.labels import KEYPOINTS, LEFT_EYE, RIGHT_EYE
from edge_emotion.metrics import Interval
from edge_emotion.modelfile import Task, shipped_model
from edge_emotion.preprocess import KEYPOINT_SIDE_PX, resize_square
from edge_emotion.types import Floats, Image
from edge_emotion_convert.measure import figures, plain, predict_file
from edge_emotion_convert.models import Opened
from edge_emotion_convert.progress import say
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_train.edge_camera import jpeg, low_light

_SEED = 9
_LIGHT_LOST = 0.85
_BLUR_SIGMA = 1 / 32  # of the side: 1.5 px of a 48 px face
_TURN_DEG = 20.0
_SHIFT = 0.15  # of the side
_JPEG_QUALITY = 30
_EYE_COVER, _MOUTH_COVER = (0.26, 0.20), (0.46, 0.26)  # width and height, in parts of the side
_MOUTH = [place for place, name in enumerate(KEYPOINTS) if name.startswith("mouth")]

Matrix = Floats
_STAYS: Matrix = np.eye(2, 3, dtype=np.float32)
# From a face, its points and a source of draws to the worse face and where its points went.
Worsen = Callable[[Image, Floats, np.random.Generator], tuple[Image, Matrix]]


@dataclass(frozen=True)
class Worsened:
    """What is left of the headline figure under one condition.

    Attributes:
        rows_of: which faces.
        condition: what was done to them; "as they are" comes first.
        faces: how many.
        value: accuracy as a fraction, or RMSE in px of the 96 px face.
        interval: of it, 95 %.
        lost: against the faces as they are: fractions of accuracy, px of RMSE.
    """

    rows_of: str
    condition: str
    faces: int
    value: float
    interval: Interval
    lost: float

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        told = asdict(self)
        del told["interval"]
        told["interval_95"] = (self.interval.low, self.interval.high)
        table: dict[str, Any] = plain(told, 5)
        return table


@dataclass(frozen=True)
class Robustness:
    """A network under every condition, on every set."""

    task: Task
    found: tuple[Worsened, ...]

    def as_list(self) -> list[dict[str, Any]]:
        """As `--json` prints it."""
        return [one.as_dict() for one in self.found]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows: a line a condition, a figure and what is lost of it for each set."""
        sets = list(dict.fromkeys(one.rows_of for one in self.found))
        unit = "points" if self.task == "emotion" else "px"
        headings = ["condition", *(word for name in sets for word in (name, f"lost, {unit}"))]
        cells = {condition: [condition] for condition in (AS_THEY_ARE, *CONDITIONS)}
        for one in self.found:
            cells[one.condition] += self._told(one)
        return headings, list(cells.values())

    def _told(self, one: Worsened) -> list[str]:
        plain = one.condition == AS_THEY_ARE
        if self.task == "emotion":
            return [f"{one.value:.1%}", "" if plain else f"{100 * one.lost:.1f}"]
        return [f"{one.value:.2f} px", "" if plain else f"{one.lost:.2f}"]


def robustness(opened: Opened, sets: Sequence[tuple[str, Rows]]) -> Robustness:
    """Measure an emotion or keypoint network under every condition.

    Args:
        opened: the network.
        sets: name and rows of each set; none empty.
    """
    found = []
    for name, rows in sets:
        points = _points(rows.images)
        before = float("nan")
        for condition in ("", *CONDITIONS):
            say(f"{opened.task}: {len(rows)} faces of {name}, {condition or AS_THEY_ARE}")
            worse = worsened(rows, points, condition) if condition else rows
            answers = opened.predict(worse.images)
            intervals = KINDS[opened.task].intervals(worse.truth, answers)
            value = headline(worse, answers)
            before = before if condition else value
            lost = before - value if opened.task == "emotion" else value - before
            interval = next(iter(intervals.values()))
            found.append(Worsened(name, condition or AS_THEY_ARE, len(rows), value, interval, lost))
    return Robustness(opened.task, tuple(found))


def headline(rows: Rows, answers: Floats) -> float:
    """Accuracy, or RMSE in px."""
    kind = KINDS["emotion" if answers.ndim == 2 else "keypoints"]
    return float(getattr(figures(rows, answers), kind.measures[0].name))


def worsened(rows: Rows, points: Floats, condition: str) -> Rows:
    """The rows under a condition; points that leave the picture are unknown.

    Args:
        rows: faces for the emotion or the keypoint network.
        points: `(N, 15, 2)` of them, in px of their pictures, to know what to cover.
        condition: one of `CONDITIONS`.
    """
    worsen, rng = CONDITIONS[condition], np.random.default_rng(_SEED)
    images, truth = rows.images.copy(), rows.truth.copy()
    for place, image in enumerate(rows.images):
        images[place], matrix = worsen(image, points[place], rng)
        if truth.ndim == 3:
            truth[place] = truth[place] @ matrix[:, :2].T + matrix[:, 2]
    if truth.ndim == 3:
        outside = ((truth < -0.5) | (truth > images.shape[1] - 0.5)).any(axis=2)
        truth[outside] = np.nan
    return replace(rows, images=images, truth=truth)


def _points(images: Image) -> Floats:
    """`(N, 15, 2)` px of the pictures, by the shipped keypoint network."""
    side = images.shape[1]
    faces = np.stack([resize_square(image, KEYPOINT_SIDE_PX) for image in images])
    points = predict_file(shipped_model("keypoints"), "keypoints", faces)
    scaled: Floats = (points + 0.5) * (side / KEYPOINT_SIDE_PX) - 0.5
    return scaled


def _darken(image: Image, points: Floats, rng: np.random.Generator) -> tuple[Image, Matrix]:
    return low_light(image, _LIGHT_LOST, rng), _STAYS


def _blur(image: Image, points: Floats, rng: np.random.Generator) -> tuple[Image, Matrix]:
    return cv2.GaussianBlur(image, (0, 0), _BLUR_SIGMA * len(image)), _STAYS


def _compress(image: Image, points: Floats, rng: np.random.Generator) -> tuple[Image, Matrix]:
    return jpeg(image, 1 - _JPEG_QUALITY / 100, rng), _STAYS


def _turn(image: Image, points: Floats, rng: np.random.Generator) -> tuple[Image, Matrix]:
    middle = (len(image) - 1) / 2
    way = rng.choice((-_TURN_DEG, _TURN_DEG))
    return _moved(image, cv2.getRotationMatrix2D((middle, middle), way, 1))


def _shift(image: Image, points: Floats, rng: np.random.Generator) -> tuple[Image, Matrix]:
    angle, far = rng.uniform(0, 2 * np.pi), _SHIFT * len(image)
    return _moved(image, np.array([[1, 0, far * np.cos(angle)], [0, 1, far * np.sin(angle)]]))


def _cover_eye(image: Image, points: Floats, rng: np.random.Generator) -> tuple[Image, Matrix]:
    return _covered(image, points[rng.choice((LEFT_EYE, RIGHT_EYE))], _EYE_COVER), _STAYS


def _cover_mouth(image: Image, points: Floats, rng: np.random.Generator) -> tuple[Image, Matrix]:
    return _covered(image, points[_MOUTH].mean(axis=0), _MOUTH_COVER), _STAYS


def _moved(image: Image, matrix: Matrix) -> tuple[Image, Matrix]:
    size = (image.shape[1], image.shape[0])
    moved = cv2.warpAffine(
        image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8), matrix


def _covered(image: Image, middle: Floats, size: tuple[float, float]) -> Image:
    """The face with a rectangle of its mean gray around a place."""
    half = np.array(size) * len(image) / 2
    low = np.clip(np.rint(middle - half), 0, len(image)).astype(int)
    high = np.clip(np.rint(middle + half), 0, len(image)).astype(int)
    changed = image.copy()
    changed[low[1] : high[1], low[0] : high[0]] = round(float(image.mean()))
    return changed


AS_THEY_ARE = "as they are"
CONDITIONS: dict[str, Worsen] = {
    f"{_LIGHT_LOST:.0%} of the light gone": _darken,
    f"blurred, sigma {_BLUR_SIGMA:.1%} of the side": _blur,
    f"turned by {_TURN_DEG:.0f}°": _turn,
    f"box shifted by {_SHIFT:.0%}": _shift,
    f"JPEG, quality {_JPEG_QUALITY}": _compress,
    "an eye covered": _cover_eye,
    "the mouth covered": _cover_mouth,
}
