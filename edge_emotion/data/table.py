"""Reading CSV files, plain or zipped, with errors that name the file and the line."""

import csv
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Floats, Image

# A pixel column of a 96×96 face has at most 36,863 characters; a field beyond this is no face, and
# a line beyond the other no table: a file of one endless line is not read into memory.
_LONGEST_FIELD = 200_000
_LONGEST_LINE = 1_000_000

# Gray values as text are packed to a third; a zip can hold a thousand times its size.  What is
# small may be anything.
_MOST_PACKED, _SMALL_TABLE, _LARGEST_TABLE = 50, 4 << 20, 4 << 30

# UnicodeDecodeError: of a name in it
_DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, UnicodeDecodeError)
_COPY_AGAIN = "copy or download it again"


def bad_row(path: Path, line: int, found: str, expected: str) -> EdgeEmotionError:
    """The error for a row of `path` that cannot be used; `line` counts as an editor does."""
    return EdgeEmotionError(
        f"{path}, line {line}: {found}", expected=expected, remedy="correct or remove that row"
    )


def no_rows(path: Path) -> EdgeEmotionError:
    """The error for a table that ends after its header."""
    return EdgeEmotionError(
        f"{path} has no rows", expected="a row a face", remedy="check that this is the right file"
    )


def read_rows(path: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield `(line, row)` of a CSV file; spaces around the header's names are dropped.

    `line` is that of the file, as an editor counts them.  A `.zip` is read in place; it must hold
    exactly one CSV file.  Only the row at hand is in memory.

    Raises:
        EdgeEmotionError: no such file, not text, a column missing or there twice, a row with too
            few fields.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    with _text(path) as stream:
        reader = csv.reader(_lines(path, stream))
        line = 1
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header, required)
            line = reader.line_num + 1
            for fields in reader:
                if fields:
                    if not _is_text(fields):
                        raise bad_row(path, line, "unreadable (not UTF-8)", "UTF-8 text")
                    if len(fields) != len(header):
                        raise bad_row(path, line, f"{len(fields)} fields", f"{len(header)}")
                    yield line, dict(zip(header, fields, strict=True))
                line = reader.line_num + 1
        except csv.Error as error:
            raise bad_row(path, line, f"unreadable ({error})", "a row of text") from error
        except _DAMAGED_ZIP as error:
            raise EdgeEmotionError(
                f"{path} is damaged from line {line} on ({error})", remedy=_COPY_AGAIN
            ) from error


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
    """`(len(columns) / 2, 2) float32` from x and y columns; an empty field or `nan` is NaN.

    A point of which only one coordinate is known is missing altogether.
    """
    values = np.full(len(columns), np.nan, np.float32)
    for index, column in enumerate(columns):
        text = row[column].strip()
        if not text:
            continue
        try:
            with np.errstate(over="ignore"):  # what is beyond float32 is outside any picture
                values[index] = float(text)
        except ValueError as error:
            raise bad_row(path, line, f"{column} is {text!r}", "a number or nothing") from error
    points = values.reshape(-1, 2)
    points[np.isnan(points).any(axis=1)] = np.nan
    return points


def _lines(path: Path, stream: io.TextIOBase) -> Iterator[str]:
    number = 0
    while line := stream.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise bad_row(path, number, f"{_LONGEST_LINE:,} characters or more", "a row of faces")
        yield line


def _check_header(path: Path, header: list[str], required: Sequence[str]) -> None:
    right_file = "check that this is the right file"
    if not _is_text(header):
        found = f"{path}, line 1: unreadable (not UTF-8)"
        raise EdgeEmotionError(found, expected="a CSV file in UTF-8", remedy=right_file)
    if not any(header):
        found = f"{path} is empty, or its first line is"
        raise EdgeEmotionError(found, expected="a line of column names", remedy=right_file)
    if missing := [name for name in required if name not in header]:
        raise EdgeEmotionError(
            f"{path} has no column {', '.join(missing)} (its columns: {_short(header)})",
            expected=f"the columns {_short(required)}",
            remedy=right_file,
        )
    if twice := [name for name in required if header.count(name) > 1]:
        found = f"{path} has the column {', '.join(twice)} more than once"
        raise EdgeEmotionError(found, expected="one of each", remedy="remove or rename the others")


def _is_text(fields: list[str]) -> bool:
    """Whether the fields were UTF-8; bytes that were not have become surrogates."""
    try:
        for field in fields:
            if not field.isascii():
                field.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _text(path: Path) -> Iterator[io.TextIOBase]:
    try:
        if path.suffix.lower() != ".zip":
            with path.open("rb") as plain:
                yield _decoded(plain)
            return
        with zipfile.ZipFile(path) as archive, archive.open(_only_csv(path, archive)) as packed:
            yield _decoded(packed)
    except FileNotFoundError as error:
        raise EdgeEmotionError(
            f"{path} does not exist", remedy="see docs/training.md for where the data comes from"
        ) from error
    except IsADirectoryError as error:
        raise EdgeEmotionError(
            f"{path} is a folder", expected="a CSV file, or a zip of one", remedy="name the file"
        ) from error
    except _DAMAGED_ZIP as error:
        raise EdgeEmotionError(f"cannot read {path}: {error}", remedy=_COPY_AGAIN) from error
    except RuntimeError as error:  # it has a password, or is packed in an unknown way
        raise EdgeEmotionError(
            f"cannot read {path}: {error}", remedy="unpack it and name the CSV file"
        ) from error
    except OSError as error:
        raise EdgeEmotionError(
            f"cannot read {path}: {error.strerror or error}",
            remedy="check the path, and who may read it",
        ) from error


def _decoded(stream: IO[bytes]) -> io.TextIOBase:
    # A decoder reads on beyond the row at hand, so that its error could not name the line: bytes
    # that are no UTF-8 are let through as surrogates and found by `_is_text`.
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _only_csv(path: Path, archive: zipfile.ZipFile) -> str:
    """The name of its CSV file; macOS puts a hidden `._NAME.csv` beside it, which is none."""
    names = [
        name
        for name in archive.namelist()
        if name.lower().endswith(".csv") and not Path(name).name.startswith(".")
    ]
    if len(names) != 1:
        raise EdgeEmotionError(
            f"{path} holds {len(names)} CSV files",
            expected="one",
            remedy="unpack it and name the CSV file",
        )
    packed = archive.getinfo(names[0])
    small = packed.file_size <= max(_SMALL_TABLE, _MOST_PACKED * packed.compress_size)
    if not small or packed.file_size > _LARGEST_TABLE:
        raise EdgeEmotionError(
            f"{path} unpacks from {packed.compress_size:,} to {packed.file_size:,} bytes, as no "
            "table of faces does",
            expected=f"at most {_MOST_PACKED} times as many, and {_LARGEST_TABLE >> 30} GiB",
            remedy="unpack it and name the CSV file, if you trust it",
        )
    return names[0]


def _short(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > 4 else shown or "none"
