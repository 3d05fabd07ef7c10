"""Pictures in class folders: angry/*.jpg, disgust/*.jpg and so on (RAF-DB, or one's own).

FER2013 is also handed around like this, its classes in the folders `train` and `test`.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from edge_emotion.data.faces import EmotionFaces
from edge_emotion.data.images import center_square, entries, image_files, read_image
from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.labels import EMOTIONS
from edge_emotion.preprocess import resize_square

SPLIT_FOLDERS = {"train": "Training", "validation": "Validation", "test": "Test"}

# A third of what the emotion network sees: in less there is no expression to be seen.
SMALLEST_SIDE_PX = 16


def read_class_folders(path: Path, side: int) -> EmotionFaces:
    """Read every picture below `path`/CLASS, or `path`/SPLIT/CLASS, resized to `side` px.

    SPLIT is train, validation or test; upper and lower case are alike, and folders of other classes
    (fear, neutral) are left alone.  Of a picture that is not square the middle is taken, which a
    warning says.

    Raises:
        EdgeEmotionError: a class folder is missing, empty or there twice, or a file in one is no
            picture or a tiny one.
    """
    images, labels, names, usages = [], [], [], []
    cropped: list[str] = []
    for root, usage in _roots(path):
        for label, file in _files(root):
            image = read_image(file, cv2.IMREAD_GRAYSCALE)
            name = str(file.relative_to(path))
            size = f"{image.shape[1]}x{image.shape[0]} px"
            if min(image.shape) < SMALLEST_SIDE_PX:
                raise EdgeEmotionError(
                    f"{file} has {size}",
                    expected=f"{SMALLEST_SIDE_PX}x{SMALLEST_SIDE_PX} px or more",
                    remedy="remove or replace it",
                )
            if image.shape[0] != image.shape[1]:
                cropped.append(f"{name} with {size}")
            images.append(resize_square(center_square(image), side))
            labels.append(label)
            names.append(name)
            usages.append(usage)
    if cropped:
        warn(
            f"{len(cropped)} of {len(images)} pictures in {path} are not square (the first is "
            f"{cropped[0]}); the middle of them is used, so crop them to the face for better ones"
        )
    votes = np.zeros((len(images), len(EMOTIONS)), np.float32)
    return EmotionFaces(
        np.stack(images), np.array(labels), np.array(names), np.array(usages), votes
    )


def class_folders_in(path: Path) -> bool:
    """Whether a folder, or the split folders in it, has a folder of one of the classes at least."""
    return any(
        _folders(root).keys() & {name.lower() for name in EMOTIONS} for root, _ in _roots(path)
    )


def _roots(path: Path) -> list[tuple[Path, str]]:
    """Folders that hold class folders, with the split that each of them is."""
    folders = _folders(path)
    splits = [(folders[name], usage) for name, usage in SPLIT_FOLDERS.items() if name in folders]
    return splits or [(path, "")]


def _files(root: Path) -> Iterator[tuple[int, Path]]:
    """`(label, picture)`, class by class; folders of all five must hold at least one."""
    folders = _folders(root)
    for label, emotion in enumerate(EMOTIONS):
        folder = folders.get(emotion.lower())
        files = image_files(folder) if folder else []
        if not files:
            raise EdgeEmotionError(
                f"{root} has no pictures in a folder {emotion.lower()}",
                expected="the folders " + ", ".join(name.lower() for name in EMOTIONS),
                remedy="check the path of the data set",
            )
        for file in files:
            yield label, file


def _folders(path: Path) -> dict[str, Path]:
    """The folders in a folder by their names in lower case."""
    folders: dict[str, Path] = {}
    for folder in entries(path, folders=True):
        other = folders.setdefault(folder.name.lower(), folder)
        if other is not folder:
            raise EdgeEmotionError(
                f"{path} has the folders {other.name} and {folder.name}",
                expected="one folder a class",
                remedy="put their pictures together",
            )
    return folders
