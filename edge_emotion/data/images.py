"""Picture files: which ones a folder holds, and one of them as gray."""

import os
from pathlib import Path

import cv2
import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.picture_size import claimed_size_px
from edge_emotion.quiet import silence_opencv
from edge_emotion.types import Image

LARGEST_PICTURE_PX = 100_000_000  # 300 MB once decoded; a few kB can claim that
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm")


def image_files(folder: Path) -> list[Path]:
    """The pictures directly in `folder`, in the order of their names; hidden files are left out.

    Raises:
        EdgeEmotionError: it is no folder, or may not be read.
    """
    return [file for file in entries(folder) if file.suffix.lower() in IMAGE_SUFFIXES]


def entries(folder: Path, folders: bool = False) -> list[Path]:
    """The files in a folder, or the folders in it, by name; hidden ones are left out.

    Raises:
        EdgeEmotionError: it is no folder, or may not be read.
    """
    try:
        with os.scandir(folder) as found:
            names = [entry.name for entry in found if entry.is_dir() == folders]
    except OSError as error:
        raise EdgeEmotionError(
            f"cannot read the folder {folder}: {error.strerror}",
            remedy="check the path, and who may read it",
        ) from error
    return [folder / name for name in sorted(names) if not name.startswith(".")]


def read_image(file: Path, flags: int = cv2.IMREAD_COLOR) -> Image:
    """A picture as `(H, W, 3) uint8` BGR, or as `flags` of `cv2.imread` ask.

    Raises:
        EdgeEmotionError: the file is missing, empty, no picture or a huge one.
    """
    try:
        content = np.fromfile(file, np.uint8)
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte in it
        raise EdgeEmotionError(
            f"cannot read {file}: {getattr(error, 'strerror', error)}",
            remedy="check the path, and who may read it",
        ) from error
    width, height = claimed_size_px(content.tobytes())
    if width * height > LARGEST_PICTURE_PX:
        raise EdgeEmotionError(
            f"{file} has {width}x{height} px",
            expected=f"at most {LARGEST_PICTURE_PX // 1_000_000} million",
            remedy="reduce it",
        )
    silence_opencv()  # the error below tells
    try:
        image = cv2.imdecode(content, flags) if width else None
    except cv2.error:
        image = None
    if image is None:
        raise EdgeEmotionError(
            f"{file} is not a picture that can be read",
            expected="a JPEG, PNG, BMP, WebP, TIFF or PGM file",
            remedy="remove or replace it",
        )
    return image


def named_picture(folder: Path, name: str) -> Path:
    """The file that a table names, in a folder or below it.

    Raises:
        EdgeEmotionError: the name leads out of the folder.
    """
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise EdgeEmotionError(
            f"{name!r} leads out of {folder}", expected="the name of a picture in it"
        )
    return folder / name


def center_square(image: Image) -> Image:
    """The largest square in the middle of a picture."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]
