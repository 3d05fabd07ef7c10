from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.data.cleaning import (
    LeftOut,
    read_left_out,
    rows_to_leave_out,
    without,
    write_left_out,
)
from edge_emotion.data.faces import EmotionFaces, take
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import EMOTIONS
from helpers.drawn_faces import emotion_faces, keypoint_faces
from helpers.together import together

ANGRY, SAD = EMOTIONS.index("Angry"), EMOTIONS.index("Sad")


def _copies(faces: EmotionFaces, *rows: tuple[int, str, int | None]) -> EmotionFaces:
    """The faces and, behind them, copies of rows, each with a split and perhaps another label."""
    copies = [
        replace(
            take(faces, np.array([row])),
            usages=np.array([usage]),
            labels=faces.labels[[row]] if label is None else np.array([label]),
        )
        for row, usage, label in rows
    ]
    return together(faces, *copies)


def _reasons(faces, not_faces: frozenset[str] = frozenset()) -> dict[int, str]:
    return {row.row: row.reason for row in rows_to_leave_out(faces, not_faces)}


@pytest.fixture
def faces() -> EmotionFaces:
    """Ten different faces that train."""
    drawn = emotion_faces(10, seed=1)
    assert set(drawn.usages) == {"Training"}
    return drawn


def test_of_different_faces_none_is_left_out(faces: EmotionFaces):
    assert rows_to_leave_out(faces) == []


@pytest.mark.parametrize(
    ("copies", "reasons"),
    [
        ([(3, "Training", None)], {10: "repeated: row 3 of Training"}),
        (
            [(3, "Training", None), (3, "Training", None)],
            {10: "repeated: row 3 of Training", 11: "repeated: row 3 of Training"},
        ),
        ([(3, "PublicTest", None)], {3: "also in another split: row 10 of PublicTest"}),
        ([(3, "PublicTest", SAD)], {3: "also in another split: row 10 of PublicTest"}),
        ([(3, "Validation", None)], {3: "also in another split: row 10 of Validation"}),
        (
            [(3, "Validation", None), (3, "Test", None)],
            {
                3: "also in another split: row 11 of Test",
                10: "also in another split: row 11 of Test",
            },
        ),
        ([(3, "PublicTest", None), (3, "PrivateTest", SAD)], {3: "also in another split: row 10 "}),
        (
            [(0, "Training", SAD)],
            {
                0: "labelled in several ways: Angry here, Sad in row 10 of Training",
                10: "labelled in several ways: Sad here, Angry in row 0 of Training",
            },
        ),
    ],
    ids=[
        "twice",
        "three times",
        "in the test",
        "in the test with another label",
        "in validation",
        "in validation and test",
        "in two tests",
        "with two labels",
    ],
)
def test_a_face_that_is_there_again_is_left_out_where_it_does_harm(
    faces: EmotionFaces, copies, reasons: dict[int, str]
):
    found = _reasons(_copies(faces, *copies))
    assert found.keys() == reasons.keys()
    for row, reason in reasons.items():
        assert found[row].startswith(reason)


def test_blank_pictures_do_not_train_but_stay_in_the_test(faces: EmotionFaces):
    faces.images[2:4] = 0
    faces.usages[3] = "Test"
    assert _reasons(faces) == {2: "blank picture"}


def test_what_ferplus_calls_no_face_does_not_train_but_stays_in_the_test(faces: EmotionFaces):
    usages = faces.usages.astype(object)
    usages[5] = "PublicTest"
    named = frozenset({"row 4", "row 5", "row 99"})
    assert _reasons(replace(faces, usages=usages.astype(str)), named) == {
        4: "not a face, says FER+"
    }


def test_a_repeated_face_stays_once_where_its_first_copy_is_no_face(faces: EmotionFaces):
    assert _reasons(_copies(faces, (3, "Training", None)), frozenset({"row 3"})) == {
        3: "not a face, says FER+"
    }


def test_without_splits_every_row_may_train(faces: EmotionFaces):
    unsplit = _copies(faces, (3, "", None))
    assert _reasons(replace(unsplit, usages=np.full(11, ""))) == {10: "repeated: row 3"}


def test_of_repeated_faces_the_one_with_the_most_points_stays():
    drawn = keypoint_faces(4, seed=1)
    both = together(drawn, take(drawn, np.array([1, 2])))
    both.keypoints[1, 5:] = np.nan
    both.keypoints[4] += 1.5  # another hand's points
    assert _reasons(both) == {1: "repeated: row 4", 5: "repeated: row 2"}


def test_points_that_lie_elsewhere_in_the_same_picture_are_left_out_both_times():
    drawn = keypoint_faces(4, seed=1)
    both = together(drawn, take(drawn, np.array([1])))
    both.keypoints[4] += 9
    assert _reasons(both) == {
        1: "labelled in several ways: points elsewhere than in row 4",
        4: "labelled in several ways: points elsewhere than in row 1",
    }


def test_a_picture_file_is_listed_by_its_name_and_place(faces: EmotionFaces):
    names = np.array([f"angry/{row}, a.png" for row in range(10)])
    faces.images[7] = 0
    assert rows_to_leave_out(replace(faces, names=names)) == [
        LeftOut(7, "angry/7, a.png", "blank picture")
    ]


def test_the_list_is_written_and_read_back(tmp_path: Path):
    path = tmp_path / "left_out.csv"
    rows = [LeftOut(3, "angry/3, a.png", "repeated", "angry/1.png"), LeftOut(4, "row 4", "blank")]
    write_left_out(path, rows)
    assert path.read_text(encoding="utf-8").splitlines() == [
        "row,name,reason",
        '3,"angry/3, a.png",repeated: angry/1.png',
        "4,row 4,blank",
    ]
    assert read_left_out(path) == {"angry/3, a.png", "row 4"}


def test_listed_rows_are_gone_and_unknown_ones_do_no_harm(faces: EmotionFaces):
    left = without(faces, frozenset({"row 2", "row 9", "row 1234"}))
    assert left.names.tolist() == [f"row {row}" for row in (0, 1, 3, 4, 5, 6, 7, 8)]
    assert len(without(faces, frozenset())) == 10


def test_another_sets_list_is_refused(faces: EmotionFaces):
    with pytest.raises(EdgeEmotionError, match=r"none of the 1 rows .* 'sad/1.png'.*'row 0'"):
        without(faces, frozenset({"sad/1.png"}))
