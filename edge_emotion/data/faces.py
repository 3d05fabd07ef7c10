"""The two tables every reader returns: faces with an emotion, faces with keypoints."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edge_emotion.preprocess import KEYPOINT_SIDE_PX, resize_square
from edge_emotion.types import Floats, Image

Indices = npt.NDArray[np.intp]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class EmotionFaces:
    """Faces with one of five emotions each.

    Attributes:
        images: `(N, S, S) uint8` gray; S is 48 for FER2013, more for sets with larger pictures.
        labels: `(N,) int64`, in the order of `labels.EMOTIONS`.
        names: `(N,)`, where each row comes from: a row number or a file name.
        usages: `(N,)`, the split the data set itself puts the row in, or "".
        votes: `(N, 5) float32`, shares of the annotators' votes, or zeros where there are none.
    """

    images: Image
    labels: npt.NDArray[np.int64]
    names: Strings
    usages: Strings
    votes: Floats

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class KeypointFaces:
    """Faces with up to 15 keypoints each.

    Attributes:
        images: `(N, S, S) uint8` gray.  The centre 96×96 pixels are the face as the network sees
            it; what is around them is margin for augmentation.
        keypoints: `(N, 15, 2) float32` in pixels of the whole image; NaN where a point is missing.
        names: `(N,)`, where each row comes from: a row number or a file name.
        groups: `(N,)`, rows of one group (a person, a block of rows) must stay in one split.
    """

    images: Image
    keypoints: Floats
    names: Strings
    groups: Strings

    def __len__(self) -> int:
        return len(self.images)

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """`(N,)`, whether all 15 points of the row are known."""
        return ~np.isnan(self.keypoints.reshape(len(self), -1).sum(axis=1))

    @property
    def window_keypoints(self) -> Floats:
        """`(N, 15, 2)`, the points in pixels of the centre 96×96 window (see `plain_faces`)."""
        return self.keypoints - np.float32(_margin_px(self.images, KEYPOINT_SIDE_PX))


Faces = TypeVar("Faces", EmotionFaces, KeypointFaces)


def take(faces: Faces, rows: Indices | npt.NDArray[np.bool_]) -> Faces:
    """The chosen rows, by index or by mask."""
    columns: dict[str, Any] = {
        field.name: getattr(faces, field.name)[rows] for field in fields(faces)
    }
    return type(faces)(**columns)


def plain_faces(images: Image, side: int) -> Image:
    """`(N, side, side) uint8`, as evaluation and the device see the faces.

    For keypoints (96 px) the centre of a wider picture is cut out; for emotion (48 px) the picture
    is resized.
    """
    if images.shape[1] == side:
        return images
    if side == KEYPOINT_SIDE_PX:
        margin = _margin_px(images, side)
        return images[:, margin : margin + side, margin : margin + side]
    small = [resize_square(image, side) for image in images]
    return np.array(small, np.uint8).reshape(len(images), side, side)


def _margin_px(images: Image, side: int) -> int:
    return int(images.shape[1] - side) // 2
