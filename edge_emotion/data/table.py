"""Reading CSV files, plain or zipped, with errors that name the file and the line."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Floats, Image

# A pixel column of a 96×96 face has at most 36,863 characters; a field beyond this is no face.
_LONGEST_FIELD = 200_000

_DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, EOFError)


def bad_row(path: Path, line: int, found: str, expected: str) -> EdgeEmotionError:
    """The error for a row of `path` that cannot be used; `line` counts the header as 1."""
    return EdgeEmotionError(
        f"{path}, line {line}: {found}", expected=expected, remedy="correct or remove that row"
    )


def read_rows(path: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield `(line, row)` of a CSV file; spaces around the header's names are dropped.

    A `.zip` is read in place; it must hold exactly one CSV file.

    Raises:
        EdgeEmotionError: no such file, not text, a column missing, a row with too few fields.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    with _text(path) as stream:
        reader = csv.reader(stream)
        line = 0
        try:
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in required if name not in header]
            if missing:
                raise EdgeEmotionError(
                    f"{path} has no column {', '.join(missing)} (its columns: {_short(header)})",
                    expected=f"the columns {_short(required)}",
                    remedy="check that this is the right file",
                )
            line = 1
            for line, fields in enumerate(reader, start=2):
                if not fields:
                    continue
                if len(fields) != len(header):
                    raise bad_row(path, line, f"{len(fields)} fields", f"{len(header)}")
                yield line, dict(zip(header, fields, strict=True))
        except (csv.Error, UnicodeDecodeError, *_DAMAGED_ZIP) as error:
            raise bad_row(path, line + 1, f"unreadable ({error})", "a row of text") from error


def parse_pixels(path: Path, line: int, text: str, side: int) -> Image:
    """`(side, side) uint8` from space-separated gray values.

    Raises:
        EdgeEmotionError: not that many whole numbers from 0 to 255.
    """
    try:
        values = np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise bad_row(path, line, f"a pixel that is no number ({error})", "0 to 255") from error
    if values.size != side * side:
        raise bad_row(path, line, f"{values.size} pixels", f"{side * side} ({side}x{side})")
    if values.min() < 0 or values.max() > 255:
        raise bad_row(path, line, f"gray values {values.min()} to {values.max()}", "0 to 255")
    return values.astype(np.uint8).reshape(side, side)


def parse_points(path: Path, line: int, row: dict[str, str], columns: Sequence[str]) -> Floats:
    """`(len(columns) / 2, 2) float32` from x and y columns; an empty field is NaN.

    A point of which only one coordinate is known is missing altogether.
    """
    values = np.full(len(columns), np.nan, np.float32)
    for index, column in enumerate(columns):
        text = row[column].strip()
        if not text:
            continue
        try:
            values[index] = float(text)
        except ValueError as error:
            raise bad_row(path, line, f"{column} is {text!r}", "a number or nothing") from error
    points = values.reshape(-1, 2)
    points[np.isnan(points).any(axis=1)] = np.nan
    return points


@contextmanager
def _text(path: Path) -> Iterator[io.TextIOBase]:
    try:
        if path.suffix.lower() != ".zip":
            with path.open(encoding="utf-8-sig", newline="") as stream:
                yield stream
            return
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise EdgeEmotionError(f"{path} holds {len(names)} CSV files", expected="one")
            with archive.open(names[0]) as packed:
                yield io.TextIOWrapper(packed, encoding="utf-8-sig", newline="")
    except FileNotFoundError as error:
        raise EdgeEmotionError(
            f"{path} does not exist", remedy="see docs/training.md for where the data comes from"
        ) from error
    except (OSError, RuntimeError, *_DAMAGED_ZIP) as error:  # RuntimeError: it has a password
        raise EdgeEmotionError(f"cannot read {path}: {error}") from error


def _short(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > 4 else shown or "none"
