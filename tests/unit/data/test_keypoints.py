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


def test_points_may_lie_on_the_pictures_edge_and_no_further(tmp_path: Path):
    faces, file = keypoint_faces(1, seed=1), tmp_path / "training.csv"
    faces.keypoints[0, 0] = (-0.5, 96)
    write_kaggle_training_csv(file, faces)
    assert read_kaggle_keypoints(file).keypoints[0, 0].tolist() == [-0.5, 96]
    for beyond in ((-0.53, 96), (-0.5, 96.03)):
        faces.keypoints[0, 0] = beyond
        write_kaggle_training_csv(file, faces)
        with pytest.raises(EdgeEmotionError, match="expected a place inside 96x96 px"):
            read_kaggle_keypoints(file)


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
