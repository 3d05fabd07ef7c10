"""The tables that readers return: faces with an emotion, with keypoints, photographs with boxes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edge_emotion.detection_metrics import LabelledFaces
from edge_emotion.preprocess import KEYPOINT_SIDE_PX, resize_square
from edge_emotion.types import Floats, Image

Indices = npt.NDArray[np.intp]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class EmotionFaces:
    """Faces with an emotion each: one of the five, or none of them.

    Attributes:
        images: `(N, S, S) uint8` gray; S is 48 for FER2013, more for sets with larger pictures.
        labels: `(N,) int64`, in the order of `labels.EMOTIONS`; below 0 for none of them.
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


@dataclass(frozen=True)
class DetectionPhotos:
    """Photographs whose faces are marked by boxes.

    Attributes:
        images: N of `(H, W) uint8` gray, each of its own size.
        faces: what is marked on each; boxes in px of the picture, whose left edge is at 0.
        names: `(N,)`, the file each comes from.
        groups: `(N,)`, rows of one group (a photograph, a person) must stay in one split.
    """

    images: tuple[Image, ...]
    faces: tuple[LabelledFaces, ...]
    names: Strings
    groups: Strings

    def __len__(self) -> int:
        return len(self.images)


AnyFaces = EmotionFaces | KeypointFaces | DetectionPhotos
Faces = TypeVar("Faces", EmotionFaces, KeypointFaces, DetectionPhotos)


def take(faces: Faces, rows: Indices | npt.NDArray[np.bool_]) -> Faces:
    """The chosen rows, by index or by mask."""
    columns = {field.name: getattr(faces, field.name) for field in fields(faces)}
    chosen = np.arange(len(faces))[rows]
    taken: dict[str, Any] = {
        name: tuple(map(column.__getitem__, chosen)) if isinstance(column, tuple) else column[rows]
        for name, column in columns.items()
    }
    return type(faces)(**taken)


def answerable(faces: AnyFaces) -> AnyFaces:
    """The faces of which a network's answer can be right: not those of none of the emotions."""
    if isinstance(faces, EmotionFaces):
        return take(faces, faces.labels >= 0)
    return faces


def photos_together(sets: Sequence[DetectionPhotos]) -> DetectionPhotos:
    """The photographs of several sets as one."""
    return DetectionPhotos(
        tuple(image for photos in sets for image in photos.images),
        tuple(faces for photos in sets for faces in photos.faces),
        np.concatenate([photos.names for photos in sets]),
        np.concatenate([photos.groups for photos in sets]),
    )


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
