"""The two tables every reader returns: faces with an emotion, faces with keypoints."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

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


Faces = TypeVar("Faces", EmotionFaces, KeypointFaces)


def take(faces: Faces, rows: Indices | npt.NDArray[np.bool_]) -> Faces:
    """The chosen rows, by index or by mask."""
    columns: dict[str, Any] = {
        field.name: getattr(faces, field.name)[rows] for field in fields(faces)
    }
    return type(faces)(**columns)
