"""Faces of a run's sets as the networks see them: framed, without augmentation, with the truth."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_emotion.data.duplicates import has_near_twin
from edge_emotion.data.faces import EmotionFaces, KeypointFaces, Strings, plain_faces
from edge_emotion.labels import EMOTIONS
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion.types import Image
from edge_emotion_train.datasets import Split

Faces = EmotionFaces | KeypointFaces


@dataclass(frozen=True)
class Rows:
    """Faces ready for a network.

    Attributes:
        images: `(N, S, S) uint8`, S is 48 for emotion, 96 for keypoints.
        truth: `(N,) int64` labels, or `(N, 15, 2) float32` points in pixels of the 96 px face.
        strata: `(N,)`, what calibration is balanced over: the class; or the set with the person or
            block of rows.
        names: `(N,)`, where each row comes from: a row number or a file name.
    """

    images: Image
    truth: npt.NDArray[Any]
    strata: Strings
    names: Strings

    def __len__(self) -> int:
        return len(self.images)


def as_seen(faces: Faces, name: str = "") -> Rows:
    """The rows of one set, called `name`, as its network sees them."""
    if isinstance(faces, EmotionFaces):
        classes = np.array(EMOTIONS)[faces.labels]
        images = plain_faces(faces.images, EMOTION_SIDE_PX)
        return Rows(images, faces.labels, classes, faces.names)
    groups = np.array([f"{name}/{group}" for group in faces.groups], np.str_)
    images = plain_faces(faces.images, KEYPOINT_SIDE_PX)
    return Rows(images, faces.window_keypoints, groups, faces.names)


def take(rows: Rows, chosen: npt.NDArray[np.bool_]) -> Rows:
    """The rows chosen by a mask."""
    return Rows(rows.images[chosen], rows.truth[chosen], rows.strata[chosen], rows.names[chosen])


def join(parts: list[Rows]) -> Rows:
    """The rows of several sets, one behind the other."""
    return Rows(
        np.concatenate([rows.images for rows in parts]),
        np.concatenate([rows.truth for rows in parts]),
        np.concatenate([rows.strata for rows in parts]),
        np.concatenate([rows.names for rows in parts]),
    )


def without_twins(rows: Rows, among: Rows) -> Rows:
    """The rows that are neither identical to nor near twins of any in `among`."""
    if not (len(rows) and len(among)):
        return rows
    there = {image.tobytes() for image in among.images}  # blank pictures have no near twins
    same = np.array([image.tobytes() in there for image in rows.images])
    return take(rows, ~(same | has_near_twin(rows.images, among.images)))


def training_rows(splits: Mapping[str, Split]) -> Rows:
    """The rows the network was fitted to: where calibration samples come from."""
    return join([as_seen(split.train, name) for name, split in splits.items()])


def validation_rows(splits: Mapping[str, Split]) -> Rows:
    """The rows the gate measures on, none of them a training row.

    For emotion those of all sets; for keypoints those of the first, whose convention the product
    follows.
    """
    parts = [as_seen(split.validation, name) for name, split in splits.items()]
    emotion = isinstance(next(iter(splits.values())).train, EmotionFaces)
    return join(parts) if emotion else parts[0]


def fingerprints(splits: Mapping[str, Split]) -> dict[str, Any]:
    """For each set how many faces trained, and the SHA-256 of their pixels and labels or points."""
    return {
        name: {"faces": len(split.train), "sha256": _digest(split.train)}
        for name, split in splits.items()
    }


def _digest(faces: Faces) -> str:
    truth = faces.labels if isinstance(faces, EmotionFaces) else faces.keypoints
    digest = hashlib.sha256(faces.images.tobytes())
    digest.update(truth.tobytes())
    return digest.hexdigest()
