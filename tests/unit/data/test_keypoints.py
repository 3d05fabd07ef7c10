from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.data.faces import KeypointFaces
from edge_emotion.data.keypoints import read_kaggle_keypoints, read_keypoint_folder
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import KEYPOINTS
from helpers.drawn_faces import (
    keypoint_faces,
    write_kaggle_training_csv,
    write_keypoint_folder,
)


def _without(faces: KeypointFaces, row: int, point: str) -> KeypointFaces:
    keypoints = faces.keypoints.copy()
    keypoints[row, KEYPOINTS.index(point)] = np.nan
    return replace(faces, keypoints=keypoints)


def _replace_in(file: Path, line: int, old: str, new: str) -> None:
    lines = file.read_text().splitlines()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    file.write_text("\n".join(lines) + "\n")


def _refusal(read, path: Path) -> str:
    with pytest.raises(EdgeEmotionError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_keypoint_folder(tmp_path, keypoint_faces(5, seed=1))
    return tmp_path


def test_kaggles_file_is_read_back(tmp_path: Path):
    faces = keypoint_faces(3, seed=1)
    write_kaggle_training_csv(tmp_path / "training.csv", faces)
    read = read_kaggle_keypoints(tmp_path / "training.csv")
    assert (read.images == faces.images).all()
    assert np.allclose(read.keypoints, faces.keypoints, atol=1e-3)
    assert read.keypoints.dtype == np.float32
    assert read.complete.all()


@pytest.mark.parametrize("margin", [0, 16])
def test_a_folder_is_read_back_with_its_margin(tmp_path: Path, margin: int):
    faces = keypoint_faces(5, seed=1, margin=margin)
    write_keypoint_folder(tmp_path, faces)
    read = read_keypoint_folder(tmp_path)
    assert read.images.shape == (5, 96 + 2 * margin, 96 + 2 * margin)
    assert (read.images == faces.images).all()
    assert np.allclose(read.keypoints, faces.keypoints, atol=1e-3)
    assert (read.names == faces.names).all()
    assert (read.groups == faces.groups).all()


def test_missing_points_are_nan_and_their_row_is_incomplete(tmp_path: Path):
    faces = _without(keypoint_faces(3, seed=1), 1, "mouth_left_corner")
    write_kaggle_training_csv(tmp_path / "training.csv", faces)
    read = read_kaggle_keypoints(tmp_path / "training.csv")
    assert np.isnan(read.keypoints[1, KEYPOINTS.index("mouth_left_corner")]).all()
    assert np.isnan(read.keypoints).sum() == 2
    assert read.complete.tolist() == [True, False, True]


def test_a_point_with_one_coordinate_is_missing(folder: Path):
    header = (folder / "keypoints.csv").read_text().splitlines()[0].split(",")
    lines = (folder / "keypoints.csv").read_text().splitlines()
    fields = lines[1].split(",")
    fields[header.index("nose_tip_y")] = ""
    (folder / "keypoints.csv").write_text("\n".join([lines[0], ",".join(fields), *lines[2:]]))
    read = read_keypoint_folder(folder)
    assert np.isnan(read.keypoints[0, KEYPOINTS.index("nose_tip")]).all()
    assert read.complete.tolist() == [False, True, True, True, True]


def test_kaggles_rows_are_grouped_by_blocks(tmp_path: Path):
    write_kaggle_training_csv(tmp_path / "training.csv", keypoint_faces(81, seed=1))
    groups = read_kaggle_keypoints(tmp_path / "training.csv").groups
    assert groups.tolist() == ["block 0"] * 40 + ["block 1"] * 40 + ["block 2"]


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (("ann_1.png", "ann_2.png", "bob_1.png"), ["ann", "ann", "bob"]),
        (("ann-lee_1.png", "ann-lee_22.png"), ["ann-lee", "ann-lee"]),
        (("0001.png", "0039.png", "0040.png"), ["block 0", "block 0", "block 1"]),
        (("ann.png", "bob.png"), ["ann", "bob"]),
    ],
)
def test_files_are_grouped_by_their_names(
    tmp_path: Path, names: tuple[str, ...], groups: list[str]
):
    faces = keypoint_faces(len(names), seed=1)
    write_keypoint_folder(tmp_path, replace(faces, names=np.array(names)))
    assert read_keypoint_folder(tmp_path).groups.tolist() == groups


@pytest.mark.parametrize("coordinate", ["-0.6", "96.1", "inf", "1e9"])
def test_a_point_outside_its_picture_is_named_by_line_and_column(tmp_path: Path, coordinate: str):
    faces = _without(keypoint_faces(3, seed=1), 1, "left_eye_center")
    file = tmp_path / "training.csv"
    write_kaggle_training_csv(file, faces)
    _replace_in(file, 3, ",,", f"{coordinate},40,")  # the first two fields are empty there
    message = _refusal(read_kaggle_keypoints, file)
    assert f"line 3: left_eye_center_x is {coordinate}; expected a place inside 96x96" in message


def test_a_coordinate_that_is_no_number_is_named(folder: Path):
    _replace_in(folder / "keypoints.csv", 4, ".png,", ".png,left ")
    message = _refusal(read_keypoint_folder, folder)
    assert "keypoints.csv, line 4: left_eye_center_x is 'left " in message


def test_a_missing_picture_is_named_by_line(folder: Path):
    (folder / "images" / "person000_0002.png").unlink()
    message = _refusal(read_keypoint_folder, folder)
    assert "keypoints.csv, line 4: " in message
    assert "person000_0002.png: No such file" in message


def test_a_file_that_is_no_picture_is_named_by_line(folder: Path):
    (folder / "images" / "person000_0002.png").write_text("no picture")
    message = _refusal(read_keypoint_folder, folder)
    assert "keypoints.csv, line 4: " in message
    assert "person000_0002.png is not a picture" in message


def test_a_picture_of_another_size_is_named_by_line(folder: Path):
    other = keypoint_faces(1, seed=1, margin=4)
    write_keypoint_folder(folder / "other", other)
    (folder / "other" / "images" / str(other.names[0])).replace(
        folder / "images" / "person000_0001.png"
    )
    message = _refusal(read_keypoint_folder, folder)
    assert "line 3: person000_0001.png has 104x104 px; expected 96x96 px" in message


@pytest.mark.parametrize("shape", [(96, 100), (80, 80)])
def test_the_first_picture_too_must_be_square_and_large_enough(
    tmp_path: Path, shape: tuple[int, int]
):
    faces = keypoint_faces(1, seed=1)
    images = np.zeros((1, *shape), np.uint8)
    write_keypoint_folder(tmp_path, replace(faces, images=images))
    message = _refusal(read_keypoint_folder, tmp_path)
    assert f"has {shape[1]}x{shape[0]} px; expected 96x96 px" in message


@pytest.mark.parametrize("read", [read_kaggle_keypoints, read_keypoint_folder])
def test_a_table_without_rows_or_columns_is_refused(tmp_path: Path, read):
    write_keypoint_folder(tmp_path, keypoint_faces(1, seed=1))
    write_kaggle_training_csv(tmp_path / "training.csv", keypoint_faces(1, seed=1))
    path = tmp_path if read is read_keypoint_folder else tmp_path / "training.csv"
    for file in (tmp_path / "keypoints.csv", tmp_path / "training.csv"):
        file.write_text(file.read_text().splitlines()[0] + "\n")
    assert "has no rows" in _refusal(read, path)
    for file in (tmp_path / "keypoints.csv", tmp_path / "training.csv"):
        file.write_text("image,Image,nose_tip_x\n")
    assert "has no column left_eye_center_x, left_eye_center_y" in _refusal(read, path)
