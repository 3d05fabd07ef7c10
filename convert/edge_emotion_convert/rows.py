"""What a run's sets hold, as the networks see it: framed, without augmentation, with the truth."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_emotion.data.detection import letterboxed
from edge_emotion.data.duplicates import has_near_twin, identical_to_any
from edge_emotion.data.faces import (
    AnyFaces,
    DetectionPhotos,
    EmotionFaces,
    Strings,
    answerable,
    plain_faces,
)
from edge_emotion.detection import DETECTOR_SIDE_PX
from edge_emotion.detection_metrics import LabelledFaces
from edge_emotion.labels import SHOWN
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion.types import Image
from edge_emotion_train.datasets import Split

# Photographs to calibrate a detector with are balanced over the size of their largest face.
_LARGEST_FACES = (0.0, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Rows:
    """Faces, or photographs for a detector, ready for a network.

    Attributes:
        images: `(N, S, S) uint8`, S is 48 for emotion, 96 for keypoints, 192 for a detector.
        truth: `(N,) int64` labels, `(N, 15, 2) float32` points in pixels of the 96 px face, or
            `(N,)` `LabelledFaces` in pixels of the 192 px picture.
        strata: `(N,)`, what calibration is balanced over: the class; the set with the person or
            block of rows; or the size of the largest face.
        names: `(N,)`, where each row comes from: a row number or a file name.
        photos: `(N,)` files of the photographs that `images` were reduced from, or `(H, W) uint8`
            pictures where there are none, for a detector.
        sets: `(N,)`, which set each face is of, for emotion.
    """

    images: Image
    truth: npt.NDArray[Any]
    strata: Strings
    names: Strings
    photos: npt.NDArray[Any] | None = None
    sets: Strings | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def answerable(self) -> npt.NDArray[np.bool_]:
        """`(N,)`, whether an answer can be right: not to a face of none of the emotions."""
        labels = self.truth.dtype.kind == "i"
        return self.truth >= 0 if labels else np.ones(len(self), np.bool_)


def as_seen(faces: AnyFaces, name: str = "") -> Rows:
    """The rows of one set, called `name`, as its network sees them."""
    if isinstance(faces, EmotionFaces):
        classes = np.array(SHOWN)[faces.labels]
        images = plain_faces(faces.images, EMOTION_SIDE_PX)
        sets = np.full(len(faces), name)
        return Rows(images, faces.labels, classes, faces.names, sets=sets)
    if isinstance(faces, DetectionPhotos):
        return _photographs(faces)
    groups = np.array([f"{name}/{group}" for group in faces.groups], np.str_)
    images = plain_faces(faces.images, KEYPOINT_SIDE_PX)
    return Rows(images, faces.window_keypoints, groups, faces.names)


def _photographs(photos: DetectionPhotos) -> Rows:
    seen = letterboxed(photos)
    images = np.array(seen.images, np.uint8).reshape(-1, DETECTOR_SIDE_PX, DETECTOR_SIDE_PX)
    largest = np.array([_largest(faces) for faces in seen.faces], np.str_)
    return Rows(images, _objects(seen.faces), largest, photos.names, _objects(photos.images))


def _objects(things: Sequence[Any]) -> npt.NDArray[Any]:
    """`(N,)` of anything, none of which NumPy is to take apart."""
    column = np.empty(len(things), object)
    column[:] = things
    return column


def _largest(faces: LabelledFaces) -> str:
    if not len(faces):
        return "nobody"
    return f"faces above {max(size for size in _LARGEST_FACES if size <= faces.sides.max()):.0%}"


def take(rows: Rows, chosen: npt.NDArray[np.bool_]) -> Rows:
    """The rows chosen by a mask."""
    columns: Any = (None if column is None else column[chosen] for column in _columns(rows))
    return Rows(*columns)


def join(parts: list[Rows]) -> Rows:
    """The rows of several sets, one behind the other."""
    together = zip(*map(_columns, parts), strict=True)
    columns: Any = (None if part[0] is None else np.concatenate(part) for part in together)
    return Rows(*columns)


def _columns(rows: Rows) -> list[Any]:
    return [getattr(rows, column.name) for column in fields(rows)]


def without_twins(rows: Rows, among: Rows) -> Rows:
    """The rows that are neither identical to nor near twins of any in `among`."""
    if not (len(rows) and len(among)):
        return rows
    same = identical_to_any(rows.images, among.images)  # blank pictures have no near twins
    return take(rows, ~(same | has_near_twin(rows.images, among.images)))


def training_rows(splits: Mapping[str, Split]) -> Rows:
    """The rows the network was fitted to: where calibration samples come from."""
    return join([as_seen(split.train, name) for name, split in splits.items()])


def validation_rows(splits: Mapping[str, Split]) -> Rows:
    """The rows the gate measures on, none of them a training row.

    For emotion those of all sets; otherwise those of the first, whose convention the product
    follows.
    """
    parts = [as_seen(answerable(split.validation), name) for name, split in splits.items()]
    emotion = isinstance(next(iter(splits.values())).train, EmotionFaces)
    return join(parts) if emotion else parts[0]


def fingerprints(splits: Mapping[str, Split]) -> dict[str, Any]:
    """For each set how many faces trained, and the SHA-256 of their pixels and labels or points.

    For a detector how many photographs, too.
    """
    return {name: _fingerprint(split.train) for name, split in splits.items()}


def _fingerprint(faces: AnyFaces) -> dict[str, Any]:
    if isinstance(faces, DetectionPhotos):
        digest = hashlib.sha256()
        for photo, marked in zip(faces.images, faces.faces, strict=True):
            for part in (photo, marked.boxes, marked.blur, marked.occlusion, marked.ignore):
                digest.update(np.ascontiguousarray(part).tobytes())
        count = sum(int((~marked.ignore).sum()) for marked in faces.faces)
        return {"faces": count, "photographs": len(faces), "sha256": digest.hexdigest()}
    truth = faces.labels if isinstance(faces, EmotionFaces) else faces.keypoints
    digest = hashlib.sha256(faces.images.tobytes())
    digest.update(truth.tobytes())
    return {"faces": len(faces), "sha256": digest.hexdigest()}
