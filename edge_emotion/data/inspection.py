"""What is in a data set: columns, classes, keypoints, gray values, faces that are there twice."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion.data.cleaning import blank
from edge_emotion.data.columns import Column, read_columns
from edge_emotion.data.duplicates import (
    disagree,
    first_of_identical,
    has_near_twin,
    identical_groups,
)
from edge_emotion.data.faces import DetectionPhotos, EmotionFaces, KeypointFaces, Strings
from edge_emotion.data.formats import FORMATS, format_of
from edge_emotion.labels import EMOTIONS, KEYPOINT_COLUMNS, KEYPOINTS


@dataclass(frozen=True)
class Point:
    """One keypoint over all faces: in how many it is missing, and where it lies, in px."""

    missing: int
    x_low: float | None
    x_high: float | None
    y_low: float | None
    y_high: float | None


@dataclass(frozen=True)
class Gray:
    """Gray values of all pictures: their range, mean and spread (standard deviation).

    Attributes:
        blank: pictures that show nothing.
    """

    low: int
    high: int
    mean: float
    spread: float
    blank: int


@dataclass(frozen=True)
class Duplicates:
    """Faces that are there more than once.

    Attributes:
        repeated: faces that are, pixel by pixel, an earlier one.
        across: pictures that stand in more than one split (keypoints: in more than one group).
        conflicting: pictures that are labelled in more than one way.
        near_twins: faces, repetitions not counted, of which there is another take: the same
            photograph lit or cut a little differently.
        near_twins_across: those of a test or validation split with a near twin for training.
    """

    repeated: int
    across: int
    conflicting: int
    near_twins: int
    near_twins_across: int


@dataclass(frozen=True)
class Inspection:
    """What `edge-emotion data inspect` finds.

    Attributes:
        path: of the data set.
        format: its name in `formats.FORMATS`.
        faces: how many there are.
        side_px: of their pictures, as read.
        columns: of its CSV file; none where it has no such file.
        classes: faces by split and emotion; the split is "" where the set has none.
        points: by keypoint.
        complete: faces with all 15 points.
        groups: of faces that must stay in one split (keypoints).
        gray, duplicates: see there.
    """

    path: str
    format: str
    faces: int
    side_px: int
    columns: tuple[Column, ...]
    classes: dict[str, dict[str, int]]
    points: dict[str, Point]
    complete: int
    groups: int
    gray: Gray
    duplicates: Duplicates

    @property
    def other_columns(self) -> tuple[Column, ...]:
        """The columns that `points` does not tell of already."""
        return tuple(column for column in self.columns if column.name not in KEYPOINT_COLUMNS)

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return dataclasses.asdict(self)


def inspect(path: Path) -> tuple[EmotionFaces | KeypointFaces, Inspection]:
    """Read a data set; returns its faces and what is found in them.

    Raises:
        EdgeEmotionError: nothing that can be read is there, or a row or picture cannot be used.
    """
    name = format_of(path)
    faces = FORMATS[name].read(path)
    assert not isinstance(faces, DetectionPhotos), "see data.photographs"
    table = path / "keypoints.csv" if name == "keypoint_folder" else path
    emotions = isinstance(faces, EmotionFaces)
    return faces, Inspection(
        path=str(path),
        format=name,
        faces=len(faces),
        side_px=faces.images.shape[1],
        columns=read_columns(table) if table.is_file() else (),
        classes=_classes(faces) if isinstance(faces, EmotionFaces) else {},
        points=_points(faces) if isinstance(faces, KeypointFaces) else {},
        complete=0 if isinstance(faces, EmotionFaces) else int(faces.complete.sum()),
        groups=0 if emotions else len(set(_parts(faces).tolist())),
        gray=_gray(faces),
        duplicates=_duplicates(faces),
    )


def _classes(faces: EmotionFaces) -> dict[str, dict[str, int]]:
    counts = {}
    for usage in dict.fromkeys(faces.usages.tolist()):
        found = np.bincount(faces.labels[faces.usages == usage], minlength=len(EMOTIONS))
        counts[usage] = dict(zip(EMOTIONS, found.tolist(), strict=True))
    return counts


def _points(faces: KeypointFaces) -> dict[str, Point]:
    points = {}
    for index, name in enumerate(KEYPOINTS):
        x, y = faces.keypoints[:, index].T
        known = x[~np.isnan(x)], y[~np.isnan(y)]
        ranges = [round(float(edge), 1) for axis in known if len(axis) for edge in _ends(axis)]
        points[name] = Point(int(np.isnan(x).sum()), *(ranges or (None,) * 4))
    return points


def _ends(values: np.ndarray) -> tuple[float, float]:
    return values.min(), values.max()


def _gray(faces: EmotionFaces | KeypointFaces) -> Gray:
    counts = np.bincount(faces.images.ravel(), minlength=256)
    values, present = np.arange(256), np.flatnonzero(counts)
    mean = float(np.average(values, weights=counts))
    spread = float(np.sqrt(np.average((values - mean) ** 2, weights=counts)))
    return Gray(
        int(present[0]),
        int(present[-1]),
        round(mean, 1),
        round(spread, 1),
        int(blank(faces.images).sum()),
    )


def _duplicates(faces: EmotionFaces | KeypointFaces) -> Duplicates:
    parts = _parts(faces)
    same = identical_groups(faces.images)
    distinct = first_of_identical(faces.images) == np.arange(len(faces))
    images = faces.images[distinct]
    across = 0
    if isinstance(faces, EmotionFaces):
        trains = np.isin(parts[distinct], ("", "Training"))
        across = int(has_near_twin(images[~trains], images[trains]).sum())
    return Duplicates(
        repeated=int((~distinct).sum()),
        across=sum(len(set(parts[rows].tolist())) > 1 for rows in same),
        conflicting=sum(disagree(faces, rows) for rows in same),
        near_twins=int(has_near_twin(images, images).sum()),
        near_twins_across=across,
    )


def _parts(faces: EmotionFaces | KeypointFaces) -> Strings:
    """`(N,)`, what keeps rows apart: the split, or the group."""
    return faces.usages if isinstance(faces, EmotionFaces) else faces.groups
