"""FER2013 as Kaggle's CSV, the course's five-class copy of it, and FER+ votes for its rows.

FER2013: Goodfellow et al. 2013, "Challenges in Representation Learning".  FER+: Barsoum et al.
2016, "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution".
"""

from pathlib import Path

import numpy as np

from edge_emotion.data.faces import EmotionFaces
from edge_emotion.data.table import bad_row, no_rows, parse_pixels, read_rows
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import EMOTIONS, FER2013_TO_EMOTION
from edge_emotion.types import Floats

_SIDE_PX = 48
_FER2013_CLASSES = 7
_USAGES = ("Training", "PublicTest", "PrivateTest")
_FERPLUS_COLUMNS = ("anger", "disgust", "sadness", "happiness", "surprise")  # as EMOTIONS


def read_fer2013(path: Path, ferplus: Path | None = None) -> EmotionFaces:
    """Read fer2013.csv or icml_face_data.csv, plain or zipped.

    A file with a `Usage` column has FER2013's seven classes: fear and neutral rows are dropped and
    the rest renumbered.  One without it is the course's copy, which has our five classes already.

    Args:
        path: the CSV file, or a zip of it.
        ferplus: FER+'s fer2013new.csv.  Its rows stand in the same order; those it calls "not a
            face" are dropped from the `Training` rows.

    Raises:
        EdgeEmotionError: with the line, if a row cannot be used.
    """
    votes_by_row = None if ferplus is None else _read_ferplus(ferplus)
    images, labels, names, usages, votes = [], [], [], [], []
    index = -1
    for index, (line, row) in enumerate(read_rows(path, ("emotion", "pixels"))):
        label = _label(path, line, row)
        usage = _usage(path, line, row)
        row_votes: Floats | None = np.zeros(len(EMOTIONS), np.float32)
        if votes_by_row is not None:
            if index >= len(votes_by_row):
                raise _not_the_same_rows(path, ferplus, index + 1, len(votes_by_row))
            row_votes = votes_by_row[index]
        if label is None or (row_votes is None and usage == "Training"):
            continue
        images.append(parse_pixels(path, line, row["pixels"], _SIDE_PX))
        labels.append(label)
        names.append(f"row {index}")
        usages.append(usage)
        votes.append(np.zeros(len(EMOTIONS), np.float32) if row_votes is None else row_votes)
    if votes_by_row is not None and index + 1 < len(votes_by_row):
        raise _not_the_same_rows(path, ferplus, index + 1, len(votes_by_row))
    if index < 0:
        raise no_rows(path)
    if not images:
        raise EdgeEmotionError(
            f"{path} has no face of the five emotions",
            expected=", ".join(EMOTIONS),
            remedy="check that this is the right file",
        )
    return EmotionFaces(
        np.stack(images), np.array(labels), np.array(names), np.array(usages), np.stack(votes)
    )


def not_faces(ferplus: Path) -> frozenset[str]:
    """Names of the rows that FER+ calls "not a face", as `read_fer2013` names them."""
    votes = enumerate(_read_ferplus(ferplus))
    return frozenset(f"row {index}" for index, row in votes if row is None)


def _label(path: Path, line: int, row: dict[str, str]) -> int | None:
    seven = "Usage" in row
    classes = _FER2013_CLASSES if seven else len(EMOTIONS)
    text = row["emotion"].strip()
    if not (text.isdecimal() and int(text) < classes):
        raise bad_row(path, line, f"emotion {text!r}", f"a whole number from 0 to {classes - 1}")
    return FER2013_TO_EMOTION.get(int(text)) if seven else int(text)


def _usage(path: Path, line: int, row: dict[str, str]) -> str:
    usage = row.get("Usage", "").strip()
    if "Usage" in row and usage not in _USAGES:
        raise bad_row(path, line, f"Usage {usage!r}", " or ".join(_USAGES))
    return usage


def _read_ferplus(path: Path) -> list[Floats | None]:
    """The five classes' shares of the votes for every row; None for a row that is not a face."""
    shares: list[Floats | None] = []
    for line, row in read_rows(path, ("Image name", *_FERPLUS_COLUMNS)):
        if not row["Image name"].strip():
            shares.append(None)
            continue
        try:
            counts = np.array([int(row[column]) for column in _FERPLUS_COLUMNS], np.float32)
        except ValueError as error:
            raise bad_row(path, line, f"a vote that is no number ({error})", "counts") from error
        if counts.min() < 0:
            raise bad_row(path, line, f"a count of {counts.min():.0f} votes", "0 or more")
        total = counts.sum()
        shares.append(counts / total if total else counts)
    return shares


def _not_the_same_rows(path: Path, ferplus: Path | None, rows: int, votes: int) -> EdgeEmotionError:
    return EdgeEmotionError(
        f"{path} goes on to row {rows} and {ferplus} to row {votes}",
        expected="FER+ votes for every row, in the same order",
        remedy="use the fer2013new.csv that belongs to this fer2013.csv",
    )
