"""Faces with keypoints: Kaggle's training.csv and test.csv, or images with a keypoints.csv."""

import re
from pathlib import Path

import cv2
import numpy as np

from edge_emotion.data.faces import KeypointFaces
from edge_emotion.data.images import named_picture, read_image
from edge_emotion.data.table import bad_row, no_rows, parse_pixels, parse_points, read_rows
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import KEYPOINT_COLUMNS, KEYPOINTS
from edge_emotion.preprocess import KEYPOINT_SIDE_PX
from edge_emotion.types import Floats, Image

# The first 1,500 rows of Kaggle's set are series of the same people, so rows are split by blocks.
KAGGLE_BLOCK_ROWS = 40

# The centre 96 px of a picture are the face; more margin than this no augmentation ever shows, so
# that larger pictures are whole photographs, of which the centre would be taken for the face.
LARGEST_SIDE_PX = 3 * KEYPOINT_SIDE_PX


def read_kaggle_keypoints(path: Path) -> KeypointFaces:
    """Read Kaggle's training.csv (plain or zipped): 30 columns and `Image`, 9,216 gray values.

    The course's data.csv is the same with its complete rows only.

    Rows with missing points are kept, their missing points NaN.

    Raises:
        EdgeEmotionError: with the line, if a row cannot be used.
    """
    images, keypoints, names, groups = [], [], [], []
    for index, (line, row) in enumerate(read_rows(path, (*KEYPOINT_COLUMNS, "Image"))):
        images.append(parse_pixels(path, line, row["Image"], KEYPOINT_SIDE_PX))
        keypoints.append(_points(path, line, row, KEYPOINT_SIDE_PX))
        names.append(f"row {index}")
        groups.append(f"block {index // KAGGLE_BLOCK_ROWS}")
    if not images:
        raise no_rows(path)
    return KeypointFaces(np.stack(images), np.stack(keypoints), np.array(names), np.array(groups))


def read_kaggle_test(path: Path) -> KeypointFaces:
    """Read Kaggle's test.csv (plain or zipped): `ImageId` and `Image`; every point is missing.

    Raises:
        EdgeEmotionError: with the line, if a row cannot be used.
    """
    rows = read_rows(path, ("ImageId", "Image"))
    images = [parse_pixels(path, line, row["Image"], KEYPOINT_SIDE_PX) for line, row in rows]
    if not images:
        raise no_rows(path)
    count = len(images)
    unknown = np.full((count, len(KEYPOINTS), 2), np.nan, np.float32)
    names = np.array([f"row {index}" for index in range(count)])
    groups = np.array([f"block {index // KAGGLE_BLOCK_ROWS}" for index in range(count)])
    return KeypointFaces(np.stack(images), unknown, names, groups)


def read_keypoint_folder(path: Path) -> KeypointFaces:
    """Read a folder with `images/` and a `keypoints.csv` (column `image` and Kaggle's 30).

    The pictures are square, all of one size from 96 to 288 px, each named once; points are in their
    pixels.  Rows are grouped by person where files are named PERSON_FRAME, by blocks where they are
    named by number.

    Raises:
        EdgeEmotionError: with the line, if a row or its picture cannot be used.
    """
    table = path / "keypoints.csv"
    images: list[Image] = []
    keypoints, groups = [], []
    lines: dict[str, int] = {}
    for line, row in read_rows(table, ("image", *KEYPOINT_COLUMNS)):
        name = row["image"]
        if lines.setdefault(name, line) != line:
            raise bad_row(table, line, f"{name} again, as in line {lines[name]}", "it once")
        image = _picture(table, line, name)
        if image.shape != (images or [image])[0].shape:
            raise _bad_size(table, line, name, image)
        images.append(image)
        keypoints.append(_points(table, line, row, image.shape[0]))
        groups.append(_group(name))
    if not images:
        raise no_rows(table)
    names = np.array(list(lines))
    return KeypointFaces(np.stack(images), np.stack(keypoints), names, np.array(groups))


def _picture(table: Path, line: int, name: str) -> Image:
    try:
        image = read_image(named_picture(table.parent / "images", name), cv2.IMREAD_GRAYSCALE)
    except EdgeEmotionError as error:
        raise EdgeEmotionError(f"{table}, line {line}: {error}") from error
    height, width = image.shape
    if height != width or not KEYPOINT_SIDE_PX <= height <= LARGEST_SIDE_PX:
        raise _bad_size(table, line, name, image)
    return image


def _bad_size(table: Path, line: int, name: str, image: Image) -> EdgeEmotionError:
    found = f"{name} has {image.shape[1]}x{image.shape[0]} px"
    sizes = f"squares of one size, {KEYPOINT_SIDE_PX} to {LARGEST_SIDE_PX} px"
    return bad_row(table, line, found, sizes)


def _points(path: Path, line: int, row: dict[str, str], side: int) -> Floats:
    points = parse_points(path, line, row, KEYPOINT_COLUMNS)
    outside = (points < -0.5) | (points > side)  # NaN compares as False
    if outside.any():
        column = KEYPOINT_COLUMNS[int(np.argmax(outside.ravel()))]
        raise bad_row(path, line, f"{column} is {row[column]}", f"a place inside {side}x{side} px")
    return points


def _group(name: str) -> str:
    stem = Path(name).stem
    if stem.isdecimal():
        return f"block {int(stem) // KAGGLE_BLOCK_ROWS}"
    return re.sub(r"[_-]\d+$", "", stem)
