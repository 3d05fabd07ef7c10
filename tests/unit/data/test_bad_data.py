"""A table that cannot be read is refused in one line: the file, the line of the row, a remedy.

A row is named by its line as an editor counts them: the header is line 1.
"""

import tracemalloc
import zipfile
from functools import partial
from pathlib import Path

import cv2
import pytest

from edge_emotion.data.cleaning import read_left_out
from edge_emotion.data.fer2013 import read_fer2013
from edge_emotion.data.keypoints import (
    read_kaggle_keypoints,
    read_kaggle_test,
    read_keypoint_folder,
)
from edge_emotion.labels import KEYPOINT_COLUMNS
from helpers.drawn_faces import keypoint_faces
from helpers.refusals import refusal

FER2013_PIXELS = " ".join(["7"] * 48 * 48)
KAGGLE_PIXELS = " ".join(["7"] * 96 * 96)
VOTES = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
POINTS = ["50"] * len(KEYPOINT_COLUMNS)

# Every table that is read: its name, a header and two good rows.
TABLES = {
    "fer2013.csv": [
        ["emotion", "pixels", "Usage"],
        *([["3", FER2013_PIXELS, "Training"]] * 2),
    ],
    "icml_face_data.csv": [["emotion", " pixels"], *([["3", FER2013_PIXELS]] * 2)],
    "fer2013new.csv": [["Image name", *VOTES], *([["a.png", *"0500000"]] * 2)],
    "training.csv": [[*KEYPOINT_COLUMNS, "Image"], *([[*POINTS, KAGGLE_PIXELS]] * 2)],
    "test.csv": [["ImageId", "Image"], ["1", KAGGLE_PIXELS], ["2", KAGGLE_PIXELS]],
    "keypoints.csv": [["image", *KEYPOINT_COLUMNS], ["a.png", *POINTS], ["b.png", *POINTS]],
    "left_out.csv": [["row", "name", "reason"], *([["0", "row 0", "repeated"]] * 2)],
}
FACES = [name for name in TABLES if name != "left_out.csv"]


def _read(folder: Path, name: str) -> object:
    path = folder / name
    if name.startswith("left_out"):
        return read_left_out(path)
    if name.startswith("fer2013new"):
        _write(folder, "fer2013.csv", TABLES["fer2013.csv"])
        return read_fer2013(folder / "fer2013.csv", path)
    if name == "keypoints.csv":
        return read_keypoint_folder(folder)
    if name.startswith("training"):
        return read_kaggle_keypoints(path)
    return read_kaggle_test(path) if name.startswith("test") else read_fer2013(path)


def _write(folder: Path, name: str, rows: list[list[str]]) -> Path:
    path = folder / name
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    if name == "keypoints.csv":
        (folder / "images").mkdir(exist_ok=True)
        for picture in ("a.png", "b.png"):
            cv2.imwrite(str(folder / "images" / picture), keypoint_faces(1, seed=1).images[0])
    return path


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_that_are_broken_below_are_whole(tmp_path: Path, name: str):
    _write(tmp_path, name, TABLES[name])
    _read(tmp_path, name)


@pytest.mark.parametrize("name", TABLES)
def test_a_byte_order_mark_windows_line_ends_and_blank_lines_do_no_harm(tmp_path: Path, name: str):
    path = _write(tmp_path, name, TABLES[name])
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    _read(tmp_path, name)


# What is done to a whole table, what the message says.

TABLE_CASES = {
    "empty": (lambda path: path.write_bytes(b""), ("is empty", "check that this is the right")),
    "one blank line": (lambda path: path.write_bytes(b"\n"), ("is empty",)),
    "no text": (
        lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe"),
        (", line 1: unreadable (not UTF-8)", "expected a CSV file in UTF-8; check that"),
    ),
    "UTF-16": (
        lambda path: path.write_text(path.read_text(), encoding="utf-16"),
        (", line 1: unreadable", "UTF-8"),
    ),
    "a byte that is no UTF-8 in the last row": (
        lambda path: path.write_bytes(path.read_bytes()[:-2] + b"\xff\n"),
        (", line 3: unreadable (not UTF-8)",),
    ),
    "another table": (
        lambda path: path.write_text("date,price\n1,2\n"),
        ("has no column", "(its columns: date, price)", "check that this is the right file"),
    ),
    "another table of five columns": (
        lambda path: path.write_text("date,time,price,size,place\n1,2,3,4,5\n"),
        ("has no column", "(its columns: date, time, price, size, ... (5 in all))"),
    ),
    "a row cut short": (
        lambda path: path.write_text(path.read_text().rpartition(",")[0]),
        (", line 3: ", " fields; expected ", "correct or remove that row"),
    ),
    "a quote that nobody closes": (
        lambda path: path.write_text(
            path.read_text().rpartition("\n")[0].replace("\n", '\n"', 1) + " 7" * 100_001
        ),
        (", line 2: unreadable (field larger",),
    ),
    "a line without an end": (
        lambda path: path.write_text("x" * 2_000_000),
        (", line 1: 1,000,000 characters or more",),
    ),
    "gone": (lambda path: path.unlink(), ("does not exist", "docs/training.md")),
    "a folder": (
        lambda path: (path.unlink(), path.mkdir()),
        ("is a folder", "expected a CSV file", "name the file"),
    ),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("case", TABLE_CASES)
def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, name: str, case: str):
    path = _write(tmp_path, name, TABLES[name])
    damage, told = TABLE_CASES[case]
    damage(path)
    message = refusal(partial(_read, tmp_path, name))
    assert message.startswith(str(path))
    for part in told:
        assert part in message


@pytest.mark.parametrize("name", FACES)
def test_a_header_alone_is_refused(tmp_path: Path, name: str):
    path = _write(tmp_path, name, TABLES[name][:1])
    message = refusal(partial(_read, tmp_path, name))
    assert str(path) in message and ("has no rows" in message or "to row 0" in message)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("fer2013.csv", "pixels"),
        ("fer2013new.csv", "anger"),
        ("training.csv", "nose_tip_x"),
        ("test.csv", "ImageId"),
        ("keypoints.csv", "image"),
        ("left_out.csv", "name"),
    ],
)
def test_a_column_that_is_there_twice_is_refused(tmp_path: Path, name: str, column: str):
    header, *rows = TABLES[name]
    path = _write(tmp_path, name, [[*header, column], *([*row, "0"] for row in rows)])
    message = refusal(partial(_read, tmp_path, name))
    assert message.startswith(f"{path} has the column {column} more than once")


def test_a_table_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def denied(*_: object):
        raise PermissionError(13, "Permission denied")

    path = _write(tmp_path, "fer2013.csv", TABLES["fer2013.csv"])
    monkeypatch.setattr(Path, "open", denied)  # root, who runs tests in a container, reads anything
    message = refusal(partial(read_fer2013, path))
    assert message == f"cannot read {path}: Permission denied; check the path, and who may read it"


# In a table, what one field of the second row becomes, what the message says of line 3.

_WRONG_PIXELS = [
    ("{pixels} 7", "{more} pixels; expected {all}"),
    ("7 7 7", "3 pixels; expected {all}"),
    ("", "0 pixels; expected {all}"),
    ("256{rest}", "gray values 7 to 256; expected 0 to 255"),
    ("-1{rest}", "gray values -1 to 7; expected 0 to 255"),
    ("x{rest}", "a pixel that is no number"),
    ("1.5{rest}", "a pixel that is no number"),
    ("nan{rest}", "a pixel that is no number"),
    ("inf{rest}", "a pixel that is no number"),
    ("9" * 30 + "{rest}", "a pixel that is no number"),
]


def _pixel_cases():
    for name, column, side in (
        ("fer2013.csv", "pixels", 48),
        ("icml_face_data.csv", " pixels", 48),
        ("training.csv", "Image", 96),
        ("test.csv", "Image", 96),
    ):
        good = FER2013_PIXELS if side == 48 else KAGGLE_PIXELS
        for field, told in _WRONG_PIXELS:
            numbers = {"all": f"{side * side} ({side}x{side})", "more": side * side + 1}
            yield name, column, field.format(pixels=good, rest=good[1:]), told.format(**numbers)


ROW_CASES = [
    *_pixel_cases(),
    *[
        ("fer2013.csv", "emotion", label, f"emotion {label!r}; expected a whole number from 0 to 6")
        for label in ("7", "-1", "happy", "3.0", "")
    ],
    ("icml_face_data.csv", "emotion", "5", "emotion '5'; expected a whole number from 0 to 4"),
    ("fer2013.csv", "Usage", "Trainng", "Usage 'Trainng'; expected Training or PublicTest or"),
    ("fer2013.csv", "Usage", "", "Usage ''; expected Training or PublicTest or PrivateTest"),
    ("fer2013new.csv", "anger", "many", "a vote that is no number"),
    ("fer2013new.csv", "anger", "1.5", "a vote that is no number"),
    ("fer2013new.csv", "anger", "-3", "a count of -3 votes; expected 0 or more"),
    *[
        (name, "nose_tip_x", text, f"nose_tip_x is {text}; expected a place inside 96x96 px")
        for name in ("training.csv", "keypoints.csv")
        for text in ("-0.6", "96.1", "inf", "-inf", "1e9", "1e99")
    ],
    ("training.csv", "nose_tip_y", "left", "nose_tip_y is 'left'; expected a number or nothing"),
    ("keypoints.csv", "nose_tip_y", "left", "nose_tip_y is 'left'; expected a number or nothing"),
    ("keypoints.csv", "image", "a.png", "a.png again, as in line 2; expected it once"),
    ("keypoints.csv", "image", "c.png", "c.png: No such file or directory; check the path"),
    ("keypoints.csv", "image", "", "images: Is a directory; check the path"),
]


@pytest.mark.parametrize(
    ("name", "column", "field", "told"),
    ROW_CASES,
    ids=[f"{name}-{column.strip()}-{told[:24]}" for name, column, _, told in ROW_CASES],
)
def test_a_bad_row_is_named_by_its_line(
    tmp_path: Path, name: str, column: str, field: str, told: str
):
    header, first, second = (list(row) for row in TABLES[name])
    second[header.index(column)] = field
    path = _write(tmp_path, name, [header, first, second])
    message = refusal(partial(_read, tmp_path, name))
    assert message.startswith(f"{path}, line 3: ")
    assert told in message


@pytest.mark.parametrize(
    ("before", "line"),
    [("", 2), ("\n\n", 4), ("{good},a note\n", 3), ('{good},"a note\nof two lines"\n', 4)],
)
def test_the_line_is_that_of_an_editor(tmp_path: Path, before: str, line: int):
    path = tmp_path / "fer2013.csv"
    before = before.format(good=f"3,{FER2013_PIXELS},Training")
    path.write_text(f"emotion,pixels,Usage,note\n{before}9,{FER2013_PIXELS},Training,\n")
    assert f"{path}, line {line}: emotion '9'" in refusal(partial(read_fer2013, path))


# Zip files: their content, what the message says.

GOOD = "emotion,pixels\n" + f"3,{FER2013_PIXELS}\n" * 50


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({}, "holds 0 CSV files; expected one; unpack it and name the CSV file"),
        ({"readme.txt": "hello"}, "holds 0 CSV files; expected one; unpack it"),
        ({"a.csv": GOOD, "b.csv": GOOD}, "holds 2 CSV files; expected one; unpack it"),
        ({"a.csv": ""}, "is empty"),
        ({"a.csv": GOOD + "3,7 7\n"}, ", line 52: 2 pixels; expected 2304 (48x48)"),
    ],
)
def test_a_zip_must_hold_one_good_table(tmp_path: Path, members: dict[str, str], told: str):
    path = _zipped(tmp_path, members)
    message = refusal(partial(read_fer2013, path))
    assert message.startswith(str(path)) and told in message


def test_what_macos_hides_in_a_zip_is_no_second_table(tmp_path: Path):
    path = _zipped(tmp_path, {"fer2013.csv": GOOD, "__MACOSX/._fer2013.csv": "\0\1"})
    assert len(read_fer2013(path)) == 50


def test_a_truncated_zip_is_refused(tmp_path: Path):
    path = _zipped(tmp_path, {"fer2013.csv": GOOD})
    path.write_bytes(path.read_bytes()[:-100])
    message = refusal(partial(read_fer2013, path))
    assert f"cannot read {path}: " in message and "copy or download it again" in message


def test_a_zip_damaged_in_the_middle_is_refused(tmp_path: Path):
    path = _zipped(tmp_path, {"fer2013.csv": GOOD})
    whole = path.read_bytes()
    for place in range(60, len(whole) // 2, len(whole) // 20):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        assert str(path) in refusal(partial(read_fer2013, path))


def test_a_zip_with_a_password_is_refused(tmp_path: Path):
    path = _zipped(tmp_path, {"fer2013.csv": GOOD})
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1  # the "encrypted" flag of the directory's entry
    path.write_bytes(content)
    message = refusal(partial(read_fer2013, path))
    assert "password" in message and "unpack it" in message


def _zipped(folder: Path, members: dict[str, str]) -> Path:
    path = folder / "fer2013.csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_a_file_instead_of_a_keypoint_folder_is_named(tmp_path: Path):
    path = _write(tmp_path, "training.csv", TABLES["training.csv"])
    message = refusal(partial(read_keypoint_folder, path))
    assert message.startswith(f"cannot read {path / 'keypoints.csv'}: Not a directory; check")


def test_of_a_large_table_only_a_row_is_in_memory(tmp_path: Path):
    rows = f"2,{FER2013_PIXELS},Training\n" * 4000  # fear, which none of the five classes is
    path = _zipped(tmp_path, {"fer2013.csv": f"emotion,pixels,Usage\n{rows}"})
    assert len(rows) > 18_000_000
    del rows
    tracemalloc.start()
    refusal(partial(read_fer2013, path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
