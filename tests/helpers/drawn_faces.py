"""Drawn faces (see `edge_emotion_train.drawn_faces`) as files in every format the readers know."""

import csv
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge_emotion.data.faces import EmotionFaces, KeypointFaces
from edge_emotion.labels import EMOTIONS, FER2013_TO_EMOTION, KEYPOINT_COLUMNS
from edge_emotion.types import Floats, Image
from edge_emotion_train.drawn_faces import (
    DrawnFrame,
    draw_face,
    drawn_frame,
    emotion_faces,
    keypoint_faces,
)

__all__ = [
    "DrawnFrame",
    "draw_face",
    "drawn_frame",
    "emotion_faces",
    "keypoint_faces",
    "write_class_folders",
    "write_fer2013_csv",
    "write_kaggle_training_csv",
    "write_keypoint_folder",
]

_FEAR, _NEUTRAL = 2, 6
_ROWS_FOR_ONE_WITHOUT_EMOTION = 6


def write_fer2013_csv(path: Path, faces: EmotionFaces, zipped: bool = False) -> None:
    """Write faces as Kaggle's fer2013.csv, some rows of fear and neutral between them."""
    theirs = {ours: number for number, ours in FER2013_TO_EMOTION.items()}
    rows = []
    for index, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        usage = faces.usages[index]
        rows.append([theirs[int(label)], _as_text(image), usage])
        if index % _ROWS_FOR_ONE_WITHOUT_EMOTION == 0:
            other = _FEAR if index % 2 else _NEUTRAL
            rows.append([other, _as_text(255 - image), usage])
    _write_csv(path, ["emotion", "pixels", "Usage"], rows)
    if zipped:
        text = path.read_bytes()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("fer2013.csv", text)


def write_class_folders(path: Path, faces: EmotionFaces) -> None:
    """Write faces as pictures `path`/angry/0000.png and so on."""
    for index, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        _write_image(path / EMOTIONS[int(label)].lower() / f"{index:04}.png", image)


def write_keypoint_folder(path: Path, faces: KeypointFaces) -> None:
    """Write faces as `path`/images/ and `path`/keypoints.csv."""
    for image, name in zip(faces.images, faces.names, strict=True):
        _write_image(path / "images" / str(name), image)
    rows = [
        [name, *_coordinates(points)]
        for name, points in zip(faces.names, faces.keypoints, strict=True)
    ]
    _write_csv(path / "keypoints.csv", ["image", *KEYPOINT_COLUMNS], rows)


def write_kaggle_training_csv(path: Path, faces: KeypointFaces) -> None:
    """Write 96 px faces as Kaggle's training.csv of its keypoint competition."""
    rows = [
        [*_coordinates(points), _as_text(image)]
        for image, points in zip(faces.images, faces.keypoints, strict=True)
    ]
    _write_csv(path, [*KEYPOINT_COLUMNS, "Image"], rows)


def _as_text(image: Image) -> str:
    return " ".join(map(str, image.ravel().tolist()))


def _coordinates(points: Floats) -> list[str]:
    return ["" if np.isnan(value) else f"{value:.4f}" for value in points.ravel()]


def _write_csv(path: Path, header: list[str], rows: list[list[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def _write_image(path: Path, image: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)
