"""Rows that should not train: found here, listed in a CSV file, left out again by the training."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_emotion.data.duplicates import disagree, identical_groups
from edge_emotion.data.faces import EmotionFaces, Faces, Indices, KeypointFaces, take
from edge_emotion.data.table import read_rows
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import write_text
from edge_emotion.labels import EMOTIONS
from edge_emotion.types import Image

# Gray values of a picture that shows nothing spread less than this (standard deviation); of
# FER2013's faces ten do, nine of them of one gray value, and the next has 9.
BLANK_SPREAD = 5.0
# Rows for training give way to those that choose, and these to those that are reported.
_TRAINS, _CHOOSES, _REPORTS = range(3)

KINDS = (
    NOT_A_FACE := "not a face, says FER+",
    BLANK := "blank picture",
    IN_ANOTHER_SPLIT := "also in another split",
    CONFLICTING := "labelled in several ways",
    REPEATED := "repeated",
)


@dataclass(frozen=True)
class LeftOut:
    """One row that should not train.

    Attributes:
        row: its place, from 0: in the file for a CSV, among the pictures for a folder.
        name: of the row, as its reader names it; this is what training goes by.
        kind: why it is left out, one of `KINDS`.
        detail: which other row it has to do with, or "".
    """

    row: int
    name: str
    kind: str
    detail: str = ""

    @property
    def reason(self) -> str:
        """Kind and detail, as the list has them."""
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


def rows_to_leave_out(
    faces: EmotionFaces | KeypointFaces, not_faces: frozenset[str] = frozenset()
) -> list[LeftOut]:
    """Rows that should not train, in the order of the set.

    These are rows that are no face, blank pictures, pictures that are also in the test or
    validation split, pictures that are there twice with different labels (all of them), and
    repetitions (all but one: the first, or the one with the most keypoints).  Rows of a test split
    stay in any case, so that results on it can be compared with those of others.

    Args:
        faces: of one data set.
        not_faces: names of rows known to show no face (FER+ says so of some).
    """
    parts = _parts(faces)
    kinds = np.where(blank(faces.images), BLANK, "").astype(object)
    kinds[np.isin(faces.names, sorted(not_faces))] = NOT_A_FACE
    kinds[parts == _REPORTS] = ""
    left_out = {row: _left_out(faces, row, kinds[row]) for row in np.flatnonzero(kinds).tolist()}
    for group in identical_groups(faces.images):
        rows = group[kinds[group] == ""]
        for row, kind, detail in _within_group(faces, rows, parts[rows]):
            left_out[row] = _left_out(faces, row, kind, detail)
    return [left_out[index] for index in sorted(left_out)]


def blank(images: Image) -> np.ndarray:
    """`(N,) bool`, whether a picture shows nothing: hardly any difference of gray values."""
    return np.array([image.std() < BLANK_SPREAD for image in images], bool)


def write_left_out(path: Path, rows: list[LeftOut]) -> None:
    """Write the list as CSV: row, name, reason."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("row", "name", "reason"))
    writer.writerows((row.row, row.name, row.reason) for row in rows)
    write_text(path, text.getvalue())


def read_left_out(path: Path) -> frozenset[str]:
    """Names of the rows in a list that `write_left_out` wrote.

    Raises:
        EdgeEmotionError: no such file, or it has no column `name`.
    """
    return frozenset(row["name"] for _, row in read_rows(path, ("name",)))


def without(faces: Faces, names: frozenset[str]) -> Faces:
    """The rows that are not named.

    Raises:
        EdgeEmotionError: names are given and none of them is a row's: it is another set's list.
    """
    listed = np.isin(faces.names, sorted(names))
    if names and not listed.any():
        raise EdgeEmotionError(
            f"none of the {len(names)} rows to leave out is in the set (one is {min(names)!r})",
            expected=f"names such as {str(faces.names[0])!r}",
            remedy="make the list anew with edge-emotion data clean",
        )
    return take(faces, ~listed)


def _parts(faces: EmotionFaces | KeypointFaces) -> np.ndarray:
    """`(N,)`, what the set itself uses each row for."""
    if isinstance(faces, KeypointFaces):
        return np.full(len(faces), _TRAINS)
    trains, chooses = np.isin(faces.usages, ("", "Training")), faces.usages == "Validation"
    return np.where(trains, _TRAINS, np.where(chooses, _CHOOSES, _REPORTS))


def _within_group(
    faces: EmotionFaces | KeypointFaces, rows: Indices, parts: np.ndarray
) -> Iterator[tuple[int, str, str]]:
    """`(index, kind, detail)` of those of some rows, all of one picture, that are left out."""
    if len(rows) < 2:
        return
    last = parts.max()
    if last != _TRAINS:
        kept = rows[parts == last][0]
        for row in rows[parts != last]:
            yield int(row), IN_ANOTHER_SPLIT, _where(faces, kept)
    elif disagree(faces, rows):
        for row in rows:
            yield int(row), CONFLICTING, _conflict(faces, row, rows)
    else:
        kept = _fullest(faces, rows)
        for row in rows[rows != kept]:
            yield int(row), REPEATED, _where(faces, kept)


def _fullest(faces: EmotionFaces | KeypointFaces, rows: Indices) -> np.intp:
    """The first row, or the first of those with the most keypoints."""
    if isinstance(faces, EmotionFaces):
        return rows[0]
    return rows[(~np.isnan(faces.keypoints[rows, :, 0])).sum(axis=1).argmax()]


def _conflict(faces: EmotionFaces | KeypointFaces, row: np.intp, rows: Indices) -> str:
    if isinstance(faces, KeypointFaces):
        return f"points elsewhere than in {_where(faces, rows[0] if row != rows[0] else rows[1])}"
    own = faces.labels[row]
    other = next(index for index in rows if faces.labels[index] != own)
    return f"{EMOTIONS[own]} here, {EMOTIONS[faces.labels[other]]} in {_where(faces, other)}"


def _where(faces: EmotionFaces | KeypointFaces, row: np.intp) -> str:
    usage = faces.usages[row] if isinstance(faces, EmotionFaces) else ""
    return f"{faces.names[row]} of {usage}" if usage else str(faces.names[row])


def _left_out(
    faces: EmotionFaces | KeypointFaces, index: int, kind: str, detail: str = ""
) -> LeftOut:
    name = str(faces.names[index])
    numbered = re.fullmatch(r"row (\d+)", name)
    return LeftOut(int(numbered[1]) if numbered else index, name, kind, detail)
