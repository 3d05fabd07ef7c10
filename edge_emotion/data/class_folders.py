"""Pictures in class folders: angry/*.jpg, disgust/*.jpg and so on (RAF-DB here, or one's own)."""

from pathlib import Path

import numpy as np

from edge_emotion.data.faces import EmotionFaces
from edge_emotion.data.images import image_files, read_gray_square
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import EMOTIONS


def read_class_folders(path: Path, side: int) -> EmotionFaces:
    """Read every picture below `path`/CLASS, resized to `side` px; upper and lower case are alike.

    Raises:
        EdgeEmotionError: a class folder is missing or empty, or a file in one is no picture.
    """
    images, labels, names = [], [], []
    folders = {folder.name.lower(): folder for folder in path.glob("*") if folder.is_dir()}
    for label, emotion in enumerate(EMOTIONS):
        folder = folders.get(emotion.lower())
        files = image_files(folder) if folder else []
        if folder is None or not files:
            raise EdgeEmotionError(
                f"{path} has no pictures in a folder {emotion.lower()}",
                expected="the folders " + ", ".join(name.lower() for name in EMOTIONS),
                remedy="check the path of the data set",
            )
        for file in files:
            images.append(read_gray_square(file, side))
            labels.append(label)
            names.append(f"{folder.name}/{file.name}")
    count = len(images)
    return EmotionFaces(
        np.stack(images),
        np.array(labels),
        np.array(names),
        np.full(count, ""),
        np.zeros((count, len(EMOTIONS)), np.float32),
    )
