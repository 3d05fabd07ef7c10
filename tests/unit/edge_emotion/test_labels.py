import numpy as np
import pytest

from edge_emotion.labels import (
    EMOTIONS,
    FER2013_TO_EMOTION,
    FER2013_TO_OTHER,
    KEYPOINT_COLUMNS,
    KEYPOINTS,
    LEFT_EYE,
    MIRRORED_KEYPOINTS,
    RIGHT_EYE,
    SHOWN,
)

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def test_the_emotions_have_their_published_order():
    assert EMOTIONS == ("Angry", "Disgust", "Sad", "Happy", "Surprise")


def test_fer2013_numbers_become_the_emotion_of_the_same_name():
    ours = {
        FER2013[number]: EMOTIONS[label].lower() for number, label in FER2013_TO_EMOTION.items()
    }
    assert ours == {name: name for name in FER2013 if name not in ("fear", "neutral")}
    others = {FER2013[number]: SHOWN[label].lower() for number, label in FER2013_TO_OTHER.items()}
    assert others == {"fear": "fear", "neutral": "neutral"}


def test_the_columns_are_those_of_kaggles_file_in_its_order():
    assert len(KEYPOINT_COLUMNS) == 30
    assert KEYPOINT_COLUMNS[:4] == (
        "left_eye_center_x",
        "left_eye_center_y",
        "right_eye_center_x",
        "right_eye_center_y",
    )
    assert KEYPOINT_COLUMNS[-1] == "mouth_center_bottom_lip_y"


def test_the_eyes_are_found_by_name():
    assert (KEYPOINTS[LEFT_EYE], KEYPOINTS[RIGHT_EYE]) == ("left_eye_center", "right_eye_center")


@pytest.mark.parametrize(
    ("name", "mirrored"),
    [
        ("left_eye_center", "right_eye_center"),
        ("right_eye_outer_corner", "left_eye_outer_corner"),
        ("left_eyebrow_inner_end", "right_eyebrow_inner_end"),
        ("mouth_right_corner", "mouth_left_corner"),
        ("nose_tip", "nose_tip"),
        ("mouth_center_top_lip", "mouth_center_top_lip"),
    ],
)
def test_a_mirror_swaps_left_and_right(name: str, mirrored: str):
    assert KEYPOINTS[MIRRORED_KEYPOINTS[KEYPOINTS.index(name)]] == mirrored


def test_mirroring_twice_changes_nothing():
    order = np.array(MIRRORED_KEYPOINTS)
    assert (order[order] == np.arange(len(KEYPOINTS))).all()
