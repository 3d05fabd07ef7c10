from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_emotion.data.class_folders import read_class_folders
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.preprocess import resize_square
from helpers.drawn_faces import emotion_faces, write_class_folders


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    write_class_folders(tmp_path, emotion_faces(10, seed=1, side=72))
    return tmp_path


def _refusal(path: Path) -> str:
    with pytest.raises(EdgeEmotionError) as caught:
        read_class_folders(path, 72)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_faces_are_read_class_by_class_in_the_order_of_the_labels(folders: Path):
    drawn, read = emotion_faces(10, seed=1, side=72), read_class_folders(folders, 72)
    assert read.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert (read.images == drawn.images[[0, 5, 1, 6, 2, 7, 3, 8, 4, 9]]).all()
    assert read.names[:3].tolist() == ["angry/0000.png", "angry/0005.png", "disgust/0001.png"]
    assert read.usages.tolist() == [""] * 10
    assert not read.votes.any()


def test_pictures_are_brought_to_the_side_asked_for(folders: Path):
    full, small = read_class_folders(folders, 72), read_class_folders(folders, 48)
    assert (small.images == [resize_square(image, 48) for image in full.images]).all()


def test_upper_case_folders_other_classes_and_colour_are_fine(folders: Path):
    (folders / "angry").rename(folders / "ANGRY")
    (folders / "contempt").mkdir()
    cv2.imwrite(str(folders / "ANGRY" / "0000.png"), np.full((72, 72, 3), 90, np.uint8))
    read = read_class_folders(folders, 72)
    assert len(read) == 10
    assert read.names[0] == "ANGRY/0000.png"
    assert (read.images[0] == 90).all()


@pytest.mark.parametrize("turned", [False, True], ids=["wide", "tall"])
def test_of_a_picture_that_is_not_square_the_middle_is_taken_and_that_is_said(
    folders: Path, capsys: pytest.CaptureFixture[str], turned: bool
):
    picture = np.full((72, 120), 200, np.uint8)
    picture[:, 24:96] = 10
    cv2.imwrite(str(folders / "sad" / "0002.png"), picture.T if turned else picture)
    read = read_class_folders(folders, 72)
    assert (read.images[read.names == "sad/0002.png"] == 10).all()
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "1 of 10 pictures" in told and "sad/0002.png with " in told


def test_square_pictures_are_read_without_a_word(folders: Path, capsys: pytest.CaptureFixture[str]):
    read_class_folders(folders, 72)
    assert capsys.readouterr().err == ""


@pytest.fixture
def splits(tmp_path: Path) -> Path:
    """FER2013's image folders, as Kaggle has them: seven classes in train and test."""
    for seed, name in enumerate(("train", "Validation", "test")):
        write_class_folders(tmp_path / name, emotion_faces(10, seed=seed))
        write_class_folders(tmp_path / name / "fear", emotion_faces(5, seed=9))
    return tmp_path


def test_folders_of_splits_are_read_with_the_split_of_each_row(splits: Path):
    read = read_class_folders(splits, 48)
    assert len(read) == 30
    assert read.usages.tolist() == ["Training"] * 10 + ["Validation"] * 10 + ["Test"] * 10
    assert read.names[[0, 10, 20]].tolist() == [
        "train/angry/0000.png",
        "Validation/angry/0000.png",
        "test/angry/0000.png",
    ]


def test_a_class_that_is_empty_in_one_split_is_refused_with_its_folder(splits: Path):
    for file in (splits / "test" / "disgust").iterdir():
        file.unlink()
    assert f"{splits / 'test'} has no pictures in a folder disgust" in _refusal(splits)
