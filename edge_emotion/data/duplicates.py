"""Finding the same face twice: identical pictures, and near twins of one photograph."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edge_emotion.data.faces import EmotionFaces, Indices, KeypointFaces
from edge_emotion.preprocess import resize_square
from edge_emotion.types import Floats, Image

# Two 12×12 reductions with a cosine above this are nearly always the same photograph, cropped or
# lit a little differently; about one FER2013 test face in six has such a twin among the others.
NEAR_TWIN_COSINE = 0.955
# How far apart two people put the points of one 96 px face: of 401 pictures that are there twice
# among 5,763 of Kaggle's, half differ by less than 1.6 px in the mean, nine in ten by 2.7.
SAME_POINTS_PX = 5.0
_REDUCED_SIDE_PX = 12
_BLOCK_ROWS = 2048


def first_of_identical(images: Image) -> npt.NDArray[np.intp]:
    """`(N,)`: for every image the index of the first one with the very same pixels."""
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(image.tobytes(), i) for i, image in enumerate(images)])


def identical_to_any(images: Image, others: Image) -> npt.NDArray[np.bool_]:
    """`(N,)`: whether each image has the very same pixels as one of `others`."""
    there = {image.tobytes() for image in others}
    return np.array([image.tobytes() in there for image in images], bool)


def identical_groups(images: Image) -> list[Indices]:
    """The rows of every picture that is there more than once, in ascending order."""
    first = first_of_identical(images)
    order = np.argsort(first, kind="stable")
    starts = np.flatnonzero(np.diff(first[order])) + 1
    return [rows for rows in np.split(order, starts) if len(rows) > 1]


def disagree(faces: EmotionFaces | KeypointFaces, rows: Indices) -> bool:
    """Whether rows of one picture are labelled differently.

    Emotions must be the same; keypoints may lie up to `SAME_POINTS_PX` from the first row's, in the
    mean of those that both rows have.
    """
    if isinstance(faces, EmotionFaces):
        return len(set(faces.labels[rows].tolist())) > 1
    points = faces.keypoints[rows]
    distances = np.linalg.norm(points[1:] - points[0], axis=2)
    known = ~np.isnan(distances)
    means = np.where(known, distances, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return bool((means > SAME_POINTS_PX).any())


def has_near_twin(images: Image, among: Image) -> npt.NDArray[np.bool_]:
    """`(N,)`: whether each image has a near twin in `among`, itself not counted.

    Identity is by object: pass the same array twice to look for twins within one set.
    """
    reduced, others = _reduce(images), _reduce(among)
    found = np.zeros(len(images), bool)
    for start, cosines in _blocks(reduced, others):
        if images is among:
            rows = np.arange(len(cosines))
            cosines[rows, start + rows] = -1
        found[start : start + len(cosines)] = cosines.max(axis=1, initial=-1) > NEAR_TWIN_COSINE
    return found


def _blocks(reduced: Floats, others: Floats) -> Iterator[tuple[int, Floats]]:
    for start in range(0, len(reduced), _BLOCK_ROWS):
        yield start, reduced[start : start + _BLOCK_ROWS] @ others.T


def _reduce(images: Image) -> Floats:
    small = [resize_square(image, _REDUCED_SIDE_PX) for image in images]
    flat = np.array(small, np.float32).reshape(len(images), _REDUCED_SIDE_PX**2)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
