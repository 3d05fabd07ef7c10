"""Photographs with face boxes: a faces.csv, WIDER FACE's own text, or close-ups of keypoint sets.

WIDER FACE: Yang, Luo, Loy and Tang 2016, "WIDER FACE: A Face Detection Benchmark".
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from edge_emotion.data.faces import DetectionPhotos, KeypointFaces
from edge_emotion.data.images import named_picture, read_image
from edge_emotion.data.table import bad_row, no_rows, read_rows
from edge_emotion.detection import DETECTOR_SIDE_PX, letterbox
from edge_emotion.detection_metrics import HEAVY, LabelledFaces
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import LEFT_EYE, RIGHT_EYE
from edge_emotion.preprocess import FACE_IN_CROP
from edge_emotion.types import Floats, Image

FACES_FILE = "faces.csv"
WIDER_FACE_SUFFIX = "_bbx_gt.txt"
BOX_COLUMNS = ("x1", "y1", "x2", "y2")
HIGHEST = {"blur": HEAVY, "occlusion": HEAVY, "ignore": 1}  # grades; the lowest is 0

# Larger photographs are reduced to this: the detector looks at 192 px, and twice of it leaves
# detail for faces that are shown enlarged.
LONGEST_SIDE_PX = 416

# Of a square around the eyes, in parts of its side: their distance, and how far down they are.  Not
# `preprocess.EYE_DISTANCE` to the digit, since the shipped detector learned from these boxes.
_EYE_DISTANCE, _EYES_DOWN = 0.38, 0.39

_WIDER_FACE_FIELDS = (
    "x", "y", "w", "h", "blur", "expression", "illumination", "invalid", "occlusion", "pose",
)  # fmt: skip
_LARGEST_TEXT = 64 << 20  # bytes; WIDER FACE's own has 5 MB
_MOST_DIGITS = 8


@dataclass(frozen=True)
class _Face:
    """One row: a box in px of the picture as it is kept, and its grades."""

    box: tuple[float, ...]
    blur: int
    occlusion: int
    ignore: bool


def read_detection_folder(path: Path) -> DetectionPhotos:
    """Read a folder with `images/` and a `faces.csv`: image,x1,y1,x2,y2,blur,occlusion,ignore.

    There is one row a face, in px of the photograph, and one with empty boxes for a photograph
    without faces.  An empty blur, occlusion or ignore is 0.

    Raises:
        EdgeEmotionError: with the line, if a row or its photograph cannot be used.
    """
    table = path / FACES_FILE
    found: dict[str, tuple[Image, float, list[_Face]]] = {}
    for line, row in read_rows(table, ("image", *BOX_COLUMNS, *HIGHEST)):
        name = row["image"].strip()
        if name not in found:
            found[name] = (*_photo(table, line, path / "images", name), [])
        image, scale, rows = found[name]
        if any(row[column].strip() for column in BOX_COLUMNS):
            box = tuple(_number(table, line, row, column) * scale for column in BOX_COLUMNS)
            _check_box(table, line, box, image)
            blur, occlusion, ignore = (_grade(table, line, row, column) for column in HIGHEST)
            rows.append(_Face(box, blur, occlusion, ignore > 0))
    if not found:
        raise no_rows(table)
    return _photos({name: (image, rows) for name, (image, _, rows) in found.items()})


def read_wider_face(path: Path) -> DetectionPhotos:
    """Read WIDER FACE's wider_face_train_bbx_gt.txt: a name, a count, and a row a face.

    A row is `x y w h blur expression illumination invalid occlusion pose`; below a count of 0
    stands one of zeros.  What is marked as invalid is ignored, and a box without an area left out.
    The photographs are looked for in WIDER_train/images beside the text or beside its folder.

    Raises:
        EdgeEmotionError: with the line, if a row or its photograph cannot be used.
    """
    lines = _read_lines(path)
    folder = _wider_face_images(path)
    found: dict[str, tuple[Image, list[_Face]]] = {}
    place = 0
    while place < len(lines):
        name = lines[place].strip()
        if name in found:
            raise bad_row(path, place + 1, f"{name} again", "each photograph once")
        count = _count(path, place + 2, lines)
        image, scale = _photo(path, place + 1, folder, name)
        rows = []
        for number in range(place + 2, place + 2 + max(1, count)):
            row = _wider_face_row(path, number + 1, lines)
            left, top, width, height = (row[field] * scale for field in "xywh")
            if count and width > 0 and height > 0:
                box = left, top, left + width, top + height
                rows.append(_Face(box, row["blur"], row["occlusion"], row["invalid"] > 0))
        found[name] = image, rows
        place += 2 + max(1, count)
    if not found:
        raise no_rows(path)
    return _photos(found)


def letterboxed(photos: DetectionPhotos) -> DetectionPhotos:
    """The photographs as the detector sees them, their boxes in px of its 192×192 picture."""
    seen = [letterbox(image) for image in photos.images]
    faces = tuple(
        replace(marked, longest_px=DETECTOR_SIDE_PX, boxes=marked.boxes / np.float32(scale))
        for marked, (_, scale) in zip(photos.faces, seen, strict=True)
    )
    return replace(photos, images=tuple(picture for picture, _ in seen), faces=faces)


def closeups(faces: KeypointFaces) -> DetectionPhotos:
    """Keypoint faces as photographs with one box each, those whose eyes are both known."""
    boxes = face_boxes(faces.keypoints)
    known = np.flatnonzero(~np.isnan(boxes).any(axis=1))
    none, sure = np.zeros(1, np.int64), np.zeros(1, bool)
    side = faces.images.shape[1]
    return DetectionPhotos(
        tuple(faces.images[known]),
        tuple(LabelledFaces(side, boxes[row, None], none, none, sure) for row in known),
        faces.names[known],
        faces.groups[known],
    )


def face_boxes(keypoints: Floats) -> Floats:
    """`(N, 4) float32` xyxy from forehead to chin, by the eyes of `(N, 15, 2)` points, in px.

    NaN where an eye is missing.
    """
    left, right = keypoints[:, LEFT_EYE], keypoints[:, RIGHT_EYE]
    side = np.linalg.norm(left - right, axis=1, keepdims=True) / _EYE_DISTANCE
    corner = (left + right) / 2 + 0.5 - side * (0.5, _EYES_DOWN)  # + 0.5: from pixels' centres
    boxes: Floats = np.tile(corner, 2) + side * FACE_IN_CROP
    return boxes.astype(np.float32)


def _photos(found: Mapping[str, tuple[Image, Sequence[_Face]]]) -> DetectionPhotos:
    names = np.array(list(found))
    images = tuple(image for image, _ in found.values())
    faces = tuple(_labelled(max(image.shape), rows) for image, rows in found.values())
    return DetectionPhotos(images, faces, names, names)


def _labelled(longest_px: int, faces: Sequence[_Face]) -> LabelledFaces:
    return LabelledFaces(
        longest_px,
        np.array([face.box for face in faces], np.float32).reshape(-1, 4),
        np.array([face.blur for face in faces], np.int64),
        np.array([face.occlusion for face in faces], np.int64),
        np.array([face.ignore for face in faces], bool),
    )


def _photo(table: Path, line: int, folder: Path, name: str) -> tuple[Image, float]:
    """A photograph in gray, and its px for one of the file's."""
    try:
        image = read_image(named_picture(folder, name), cv2.IMREAD_GRAYSCALE)
    except EdgeEmotionError as error:
        raise EdgeEmotionError(f"{table}, line {line}: {error}") from error
    scale = LONGEST_SIDE_PX / max(image.shape)
    if scale >= 1:
        return image, 1.0
    size = [max(1, round(side * scale)) for side in image.shape[::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


def _number(table: Path, line: int, row: dict[str, str], column: str) -> float:
    text = row[column].strip()
    try:
        value = float(text)
    except ValueError as error:
        expected = "a number, or all four empty where there is no face"
        raise bad_row(table, line, f"{column} is {text!r}", expected) from error
    if not math.isfinite(value):
        raise bad_row(table, line, f"{column} is {text}", "a number of px")
    return value


def _check_box(table: Path, line: int, box: Sequence[float], image: Image) -> None:
    """Check that a box has an area, and its middle inside the photograph."""
    x1, y1, x2, y2 = box
    if x2 <= x1 or y2 <= y1:
        found = f"a box from {x1:g}, {y1:g} to {x2:g}, {y2:g}"
        raise bad_row(table, line, found, "x1 below x2 and y1 below y2")
    height, width = image.shape
    if not (0 <= x1 + x2 <= 2 * width and 0 <= y1 + y2 <= 2 * height):
        found = f"a box around {(x1 + x2) / 2:g}, {(y1 + y2) / 2:g}"
        raise bad_row(table, line, found, f"one inside {width}x{height} px")


def _grade(table: Path, line: int, row: dict[str, str], column: str) -> int:
    text, highest = row[column].strip(), HIGHEST[column]
    if not text:
        return 0
    if not (text.isdecimal() and len(text) < 9 and int(text) <= highest):
        raise bad_row(table, line, f"{column} is {text!r}", f"0 to {highest}, or nothing")
    return int(text)


def _read_lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _LARGEST_TEXT:
            raise UnicodeError
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no such text"
        raise EdgeEmotionError(
            f"cannot read {path}: {reason}",
            expected="WIDER FACE's wider_face_train_bbx_gt.txt",
            remedy="check the path, and who may read it",
        ) from error
    return text.splitlines()


def _wider_face_images(path: Path) -> Path:
    part = path.name.removeprefix("wider_face_").removesuffix(WIDER_FACE_SUFFIX)
    tried = [root / f"WIDER_{part}" / "images" for root in (path.parent, path.parent.parent)]
    for folder in tried:
        if folder.is_dir():
            return folder
    raise EdgeEmotionError(
        f"the photographs of {path} are not there",
        expected=" or ".join(map(str, tried)),
        remedy=f"unpack WIDER_{part}.zip there",
    )


def _count(path: Path, line: int, lines: Sequence[str]) -> int:
    text = lines[line - 1].strip() if line <= len(lines) else ""
    if not (text.isdecimal() and len(text) < 9):
        raise bad_row(path, line, repr(text), "how many faces the photograph above has")
    return int(text)


def _wider_face_row(path: Path, line: int, lines: Sequence[str]) -> dict[str, int]:
    text = lines[line - 1].strip() if line <= len(lines) else ""
    fields = text.split()
    if not all(re.fullmatch(rf"-?\d{{1,{_MOST_DIGITS}}}", field) for field in fields):
        fields = []
    if len(fields) != len(_WIDER_FACE_FIELDS):
        raise bad_row(path, line, repr(text), "whole numbers: " + " ".join(_WIDER_FACE_FIELDS))
    row = dict(zip(_WIDER_FACE_FIELDS, map(int, fields), strict=True))
    for name in ("blur", "occlusion"):
        if not 0 <= row[name] <= HIGHEST[name]:
            raise bad_row(path, line, f"{name} is {row[name]}", f"0 to {HIGHEST[name]}")
    return row
