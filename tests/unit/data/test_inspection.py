import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.data.faces import EmotionFaces, take
from edge_emotion.data.inspection import inspect
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from helpers.drawn_faces import (
    emotion_faces,
    keypoint_faces,
    write_class_folders,
    write_fer2013_csv,
    write_kaggle_training_csv,
)
from helpers.together import together


@pytest.fixture(scope="module")
def faces() -> EmotionFaces:
    """50 faces, 10 of them a test; the first five train twice, one of these in another class.

    A blank one, two test faces that train too, and two takes of a test face close the set.
    """
    drawn = emotion_faces(50, seed=1)
    repeated = take(drawn, np.arange(5))
    repeated.labels[4] = EMOTIONS.index("Angry")
    tests = take(drawn, np.flatnonzero(drawn.usages == "PublicTest")[:4])
    trained = replace(tests, usages=np.full(4, "Training"))
    trained.images[2:] = trained.images[2:] * 0.8 + 10
    blank = replace(take(drawn, np.arange(1)), images=np.full((1, 48, 48), 7, np.uint8))
    return together(drawn, repeated, trained, blank)


def test_classes_are_counted_by_split(tmp_path: Path, faces: EmotionFaces):
    write_fer2013_csv(tmp_path / "fer2013.csv", faces)
    _, found = inspect(tmp_path / "fer2013.csv")
    assert (found.format, found.faces, found.side_px) == ("fer2013", 60, 48)
    assert found.classes["PublicTest"] == dict.fromkeys(EMOTIONS, 2)
    assert sum(found.classes["Training"].values()) == 50
    assert found.points == {}


def test_what_is_there_twice_is_counted_within_and_across_splits(
    tmp_path: Path, faces: EmotionFaces
):
    write_fer2013_csv(tmp_path / "fer2013.csv", faces)
    twice = inspect(tmp_path / "fer2013.csv")[1].duplicates
    assert twice.repeated == 7
    assert twice.across == 2
    assert twice.conflicting == 1
    assert twice.near_twins == 4
    assert twice.near_twins_across == 2


def test_gray_values_and_blank_pictures_are_told(tmp_path: Path, faces: EmotionFaces):
    write_fer2013_csv(tmp_path / "fer2013.csv", faces)
    gray = inspect(tmp_path / "fer2013.csv")[1].gray
    assert gray.blank == 1
    assert (gray.low, gray.high) == (faces.images.min(), faces.images.max())
    assert gray.mean == pytest.approx(faces.images.mean(), abs=0.06)
    assert gray.spread == pytest.approx(faces.images.std(), abs=0.06)


def test_columns_say_what_the_readers_drop(tmp_path: Path, faces: EmotionFaces):
    write_fer2013_csv(tmp_path / "fer2013.csv", faces)
    emotion, pixels, usage = inspect(tmp_path / "fer2013.csv")[1].columns
    assert emotion.values["6"] == 10  # neutral
    assert pixels.kind == "pixels"
    assert set(usage.values) == {"Training", "PublicTest"}


def test_pictures_in_folders_have_no_columns_and_no_split(tmp_path: Path):
    write_class_folders(tmp_path, emotion_faces(10, seed=1))
    _, found = inspect(tmp_path)
    assert found.columns == ()
    assert found.classes == {"": dict.fromkeys(EMOTIONS, 2)}
    assert found.duplicates.near_twins_across == 0


def test_missing_points_are_counted_and_known_ones_placed(tmp_path: Path):
    drawn = keypoint_faces(8, seed=1)
    drawn.keypoints[:3, 10] = np.nan
    drawn.keypoints[:, 4] = np.nan
    write_kaggle_training_csv(tmp_path / "training.csv", drawn)
    _, found = inspect(tmp_path / "training.csv")
    assert (found.faces, found.complete, found.groups) == (8, 0, 1)
    nose, never = found.points["nose_tip"], found.points[KEYPOINTS[4]]
    assert nose.missing == 3
    assert nose.x_low == pytest.approx(drawn.keypoints[3:, 10, 0].min(), abs=0.06)
    assert nose.y_high == pytest.approx(drawn.keypoints[3:, 10, 1].max(), abs=0.06)
    assert (never.missing, never.x_low, never.y_high) == (8, None, None)
    assert [column.name for column in found.other_columns] == ["Image"]


def test_findings_are_plain_json(tmp_path: Path, faces: EmotionFaces):
    write_fer2013_csv(tmp_path / "fer2013.csv", faces)
    found = inspect(tmp_path / "fer2013.csv")[1].as_dict()
    assert json.loads(json.dumps(found)) == {**found, "columns": list(found["columns"])}
