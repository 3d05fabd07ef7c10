"""A picture that cannot be read is refused in one line: the file, its row in a table, a remedy."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_emotion.data.class_folders import read_class_folders
from edge_emotion.data.formats import open_data
from edge_emotion.data.keypoints import read_keypoint_folder
from helpers.drawn_faces import (
    emotion_faces,
    keypoint_faces,
    write_class_folders,
    write_keypoint_folder,
)
from helpers.refusals import refusal


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    write_class_folders(tmp_path, emotion_faces(10, seed=1, side=72))
    return tmp_path


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """A keypoint folder with the pictures a.png and b.png, in lines 2 and 3 of its table."""
    faces = keypoint_faces(2, seed=1)
    write_keypoint_folder(tmp_path, replace(faces, names=np.array(["a.png", "b.png"])))
    return tmp_path


# What is done to a picture, what the message says of it.


def _resized(width: int, height: int) -> Callable[[Path], object]:
    return lambda file: cv2.imwrite(str(file), np.full((height, width), 90, np.uint8))


def _cut(suffix: str, share: float = 0.6) -> Callable[[Path], object]:
    """A picture of which the end is missing, as after an interrupted download."""

    def cut(file: Path) -> None:
        _, content = cv2.imencode(suffix, cv2.imread(str(file)))
        file.write_bytes(content.tobytes()[: int(len(content) * share)])

    return cut


NO_PICTURE = "is not a picture that can be read; expected a JPEG, PNG, BMP, WebP, TIFF or PGM file"
PICTURE_CASES = {
    "empty": (lambda file: file.write_bytes(b""), NO_PICTURE),
    "text": (lambda file: file.write_text("no picture"), NO_PICTURE),
    "only a signature": (lambda file: file.write_bytes(b"\xff\xd8\xff\xe0"), NO_PICTURE),
    **{f"a {suffix} cut short": (_cut(suffix), NO_PICTURE) for suffix in (".jpg", ".png", ".webp")},
    "a .jpg without its last bytes": (_cut(".jpg", 0.99), NO_PICTURE),
    "a link to nothing": (
        lambda file: (file.unlink(), file.symlink_to("nowhere.png")),
        "No such file or directory; check the path, and who may read it",
    ),
}


def _read_folders(path: Path) -> object:
    return read_class_folders(path, 48)


@pytest.mark.parametrize(
    "case", [*PICTURE_CASES, "one pixel", "a strip"], ids=lambda case: case.replace(" ", "_")
)
def test_in_class_folders_a_bad_picture_is_named(folders: Path, case: str):
    small = {
        "one pixel": (_resized(1, 1), "has 1x1 px; expected 16x16 px or more; remove or replace"),
        "a strip": (_resized(200, 3), "has 200x3 px; expected 16x16 px or more; remove or replace"),
    }
    damage, told = {**PICTURE_CASES, **small}[case]
    file = folders / "sad" / "0002.png"
    damage(file)
    message = refusal(partial(_read_folders, folders))
    assert f"{file}" in message and told in message


@pytest.mark.parametrize("case", PICTURE_CASES, ids=lambda case: case.replace(" ", "_"))
def test_in_a_keypoint_folder_a_bad_picture_is_named_with_its_line(points: Path, case: str):
    damage, told = PICTURE_CASES[case]
    file = points / "images" / "b.png"
    damage(file)
    message = refusal(partial(read_keypoint_folder, points))
    assert message.startswith(f"{points / 'keypoints.csv'}, line 3: ")
    assert str(file) in message and told in message


@pytest.mark.parametrize(
    ("picture", "line", "width", "height"),
    [
        ("a.png", 2, 100, 96),
        ("a.png", 2, 80, 80),
        ("a.png", 2, 1, 1),
        ("a.png", 2, 1000, 1000),  # a whole photograph
        ("b.png", 3, 104, 104),
        ("b.png", 3, 95, 96),
    ],
)
def test_in_a_keypoint_folder_pictures_are_squares_of_one_size(
    points: Path, picture: str, line: int, width: int, height: int
):
    _resized(width, height)(points / "images" / picture)
    message = refusal(partial(read_keypoint_folder, points))
    assert (
        f"keypoints.csv, line {line}: {picture} has {width}x{height} px; expected squares"
        in message
    )


def test_a_photograph_of_twenty_megapixels_is_brought_to_size(folders: Path):
    _resized(4480, 4480)(folders / "sad" / "0002.png")
    read = read_class_folders(folders, 72)
    assert read.images.shape == (10, 72, 72)
    assert (read.images[read.names == "sad/0002.png"] == 90).all()


# Folders: what is done to a class folder, what the message says.


def _emptied(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def _emptied_but_for(*names: str) -> Callable[[Path], None]:
    def emptied(folder: Path) -> None:
        _emptied(folder)
        for name in names:
            (folder / name).write_text("no picture")

    return emptied


def _doubled(folder: Path) -> None:
    (folder.parent / folder.name.upper()).mkdir()


NO_SAD = (
    "has no pictures in a folder sad; expected the folders angry, disgust, sad, happy, surprise"
)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_emptied, NO_SAD),
        (_emptied_but_for("notes.txt", ".hidden.png", "Thumbs.db"), NO_SAD),
        (lambda folder: folder.rename(folder.parent / "sadness"), NO_SAD),
        (lambda folder: folder.rename(folder.parent / ".sad"), NO_SAD),
        (_doubled, "has the folders SAD and sad; expected one folder a class; put their pictures"),
    ],
    ids=["empty", "no picture in it", "another name", "hidden", "twice"],
)
def test_a_class_without_its_folder_is_named(
    folders: Path, damage: Callable[[Path], None], told: str
):
    damage(folders / "sad")
    message = refusal(partial(_read_folders, folders))
    assert message.startswith(f"{folders} {told}")


def test_hidden_files_other_files_and_folders_among_the_pictures_are_left_alone(folders: Path):
    (folders / "sad" / ".hidden.png").write_text("no picture")
    (folders / "sad" / "notes.txt").write_text("no picture")
    (folders / "sad" / "more.png").mkdir()
    (folders / ".git").mkdir()
    assert len(read_class_folders(folders, 48)) == 10


@pytest.mark.parametrize("read", [_read_folders, open_data])
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, read: Callable[[Path], object]):
    assert str(tmp_path / "none") in refusal(partial(read, tmp_path / "none"))


def test_a_file_instead_of_class_folders_is_named(tmp_path: Path):
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels\n")
    message = refusal(partial(_read_folders, path))
    assert message.startswith(f"cannot read the folder {path}: Not a directory; check the path")


def test_a_folder_that_may_not_be_read_is_named(folders: Path, monkeypatch: pytest.MonkeyPatch):
    def denied(*_: object):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", denied)
    message = refusal(partial(_read_folders, folders))
    assert f"cannot read the folder {folders}: Permission denied" in message
