"""FER2013 as Kaggle's CSV, the course's five-class copy of it, and FER+ votes for its rows.

FER2013: Goodfellow et al. 2013, "Challenges in Representation Learning".  FER+: Barsoum et al.
2016, "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution".
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edge_emotion.data.duplicates import identical_to_any
from edge_emotion.data.faces import EmotionFaces, take
from edge_emotion.data.table import bad_row, no_rows, parse_pixels, read_rows
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import EMOTIONS, FER2013_TO_EMOTION, FER2013_TO_OTHER
from edge_emotion.types import Floats

_SIDE_PX = 48
_FER2013_CLASSES = 7
_USAGES = ("Training", "PublicTest", "PrivateTest")
_FERPLUS_COLUMNS = ("anger", "disgust", "sadness", "happiness", "surprise")  # as EMOTIONS
_FERPLUS_OTHERS = ("neutral", "fear", "contempt", "unknown")


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
    faces = _read(path, ferplus, FER2013_TO_EMOTION, _FERPLUS_COLUMNS)
    if not len(faces):
        raise EdgeEmotionError(
            f"{path} has no face of the five emotions",
            expected=", ".join(EMOTIONS),
            remedy="check that this is the right file",
        )
    return faces


def read_fer2013_others(path: Path, ferplus: Path | None = None) -> EmotionFaces:
    """Read the fear and neutral rows, which can teach a network to be undecided.

    Their labels are `labels.FEAR` and `labels.NEUTRAL`; their votes are the five emotions' shares
    of all the annotators' votes, so they add up to less than 1.  A `Training` row whose very
    picture stands in another row as one of the five emotions is left out.

    Args:
        path, ferplus: as for `read_fer2013`.

    Raises:
        EdgeEmotionError: with the line, if a row cannot be used.
    """
    seven = {**FER2013_TO_EMOTION, **FER2013_TO_OTHER}
    every = _read(path, ferplus, seven, (*_FERPLUS_COLUMNS, *_FERPLUS_OTHERS))
    other = every.labels < 0
    if not other.any():
        raise EdgeEmotionError(
            f"{path} has no fear or neutral face",
            expected="FER2013's seven classes with their Usage",
            remedy="check that this is the right file",
        )
    shown = identical_to_any(every.images, every.images[~other])
    return take(every, other & ~(shown & (every.usages == "Training")))


def _read(
    path: Path, ferplus: Path | None, classes: Mapping[int, int], among: Sequence[str]
) -> EmotionFaces:
    """The rows of some of FER2013's classes; votes are the five emotions' shares `among` others."""
    votes_by_row = None if ferplus is None else _read_ferplus(ferplus, among)
    images, labels, names, usages, votes = [], [], [], [], []
    index = -1
    for index, (line, row) in enumerate(read_rows(path, ("emotion", "pixels"))):
        label = _label(path, line, row, classes)
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
    return EmotionFaces(
        np.array(images, np.uint8).reshape(-1, _SIDE_PX, _SIDE_PX),
        np.array(labels, np.int64),
        np.array(names, np.str_),
        np.array(usages, np.str_),
        np.array(votes, np.float32).reshape(-1, len(EMOTIONS)),
    )


def not_faces(ferplus: Path) -> frozenset[str]:
    """Names of the rows that FER+ calls "not a face", as `read_fer2013` names them."""
    votes = enumerate(_read_ferplus(ferplus, _FERPLUS_COLUMNS))
    return frozenset(f"row {index}" for index, row in votes if row is None)


def _label(path: Path, line: int, row: dict[str, str], classes: Mapping[int, int]) -> int | None:
    seven = "Usage" in row
    count = _FER2013_CLASSES if seven else len(EMOTIONS)
    text = row["emotion"].strip()
    if not (text.isdecimal() and len(text) < 9 and int(text) < count):
        raise bad_row(path, line, f"emotion {text!r}", f"a whole number from 0 to {count - 1}")
    return classes.get(int(text)) if seven else int(text)


def _usage(path: Path, line: int, row: dict[str, str]) -> str:
    usage = row.get("Usage", "").strip()
    if "Usage" in row and usage not in _USAGES:
        raise bad_row(path, line, f"Usage {usage!r}", " or ".join(_USAGES))
    return usage


def _read_ferplus(path: Path, among: Sequence[str]) -> list[Floats | None]:
    """The five emotions' shares of the votes in the columns `among`, which begin with theirs.

    For every row; None for one that is not a face.
    """
    shares: list[Floats | None] = []
    for line, row in read_rows(path, ("Image name", *among)):
        if not row["Image name"].strip():
            shares.append(None)
            continue
        try:
            counts = np.array([int(row[column]) for column in among], np.float32)
        except ValueError as error:
            raise bad_row(path, line, f"a vote that is no number ({error})", "counts") from error
        if counts.min() < 0:
            raise bad_row(path, line, f"a count of {counts.min():.0f} votes", "0 or more")
        total = counts.sum()
        shares.append(counts[: len(EMOTIONS)] / max(total, 1))
    return shares


def _not_the_same_rows(path: Path, ferplus: Path | None, rows: int, votes: int) -> EdgeEmotionError:
    return EdgeEmotionError(
        f"{path} goes on to row {rows} and {ferplus} to row {votes}",
        expected="FER+ votes for every row, in the same order",
        remedy="use the fer2013new.csv that belongs to this fer2013.csv",
    )
