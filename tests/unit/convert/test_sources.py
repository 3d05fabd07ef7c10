from pathlib import Path

import pytest

from edge_emotion.errors import WrongUse
from edge_emotion_convert.sources import open_sources
from helpers.drawn_faces import emotion_faces, write_class_folders


def test_folders_with_splits_are_measured_on_their_own_test(tmp_path: Path):
    for seed, split in enumerate(("train", "test")):
        write_class_folders(tmp_path / split, emotion_faces(20, seed=seed))
    (source,) = open_sources(tmp_path, "test", "emotion", None)
    assert len(source.rows) == 20
    assert (source.rows.truth == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4).all()


def test_folders_without_splits_are_measured_whole(tmp_path: Path):
    write_class_folders(tmp_path, emotion_faces(20, seed=1))
    (source,) = open_sources(tmp_path, "test", "emotion", None)
    assert len(source.rows) == 20


def test_faces_without_labels_cannot_be_measured_on(tmp_path: Path):
    gray = " ".join(["90"] * 96 * 96)
    (tmp_path / "test.csv").write_text(f"ImageId,Image\n1,{gray}\n")
    with pytest.raises(WrongUse, match=r"test\.csv is Kaggle's keypoint CSV without points"):
        open_sources(tmp_path / "test.csv", "test", "keypoints", None)
