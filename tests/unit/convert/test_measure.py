import json
import math

import numpy as np
import pytest

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion_convert.gate import judge
from edge_emotion_convert.measure import as_table, figures
from edge_emotion_convert.paired import loss_intervals
from edge_emotion_convert.rows import Rows

IMAGES = np.zeros((4, 1, 1), np.uint8)
STRATA = NAMES = np.array(["", "", "", ""])


def test_emotion_figures_count_what_was_answered():
    truth = np.array([0, 0, 3, 4])
    measured = figures(
        Rows(IMAGES, truth, STRATA, NAMES), np.eye(5, dtype=np.float32)[[0, 3, 3, 4]]
    )
    assert (measured.rows, measured.accuracy) == (4, 0.75)
    assert measured.balanced_accuracy == pytest.approx((0.5 + 1 + 1) / 3)
    assert measured.recall["Angry"] == 0.5
    assert measured.confusion[0] == [1, 0, 0, 1, 0]
    assert measured.calibration_error == pytest.approx(0.25)  # wholly sure, and right in 3 of 4


def test_keypoint_figures_leave_missing_points_out():
    truth = np.zeros((4, 15, 2), np.float32)
    truth[:, KEYPOINTS.index("left_eye_center")] = (40, 0)
    answers = truth + np.float32([3, 4])
    truth[1:, KEYPOINTS.index("nose_tip")] = math.nan
    truth[:, KEYPOINTS.index("mouth_left_corner")] = math.nan
    measured = figures(Rows(IMAGES, truth, STRATA, NAMES), answers)
    assert measured.rmse_px == pytest.approx(math.sqrt((9 + 16) / 2))
    assert measured.nme == pytest.approx(5 / 40)
    assert measured.failure_rate == 1.0
    assert measured.point_error_px["nose_tip"] == pytest.approx(5)
    assert math.isnan(measured.point_error_px["mouth_left_corner"])
    assert measured.nme_quantiles == pytest.approx(
        dict.fromkeys(("50%", "75%", "90%", "95%", "99%"), 5 / 40)
    )


def test_what_could_not_be_measured_is_null_in_json():
    nothing = Rows(IMAGES[:0], np.zeros(0, np.int64), STRATA[:0], NAMES[:0])
    table = as_table(figures(nothing, np.zeros((0, 5), np.float32)))
    assert json.loads(json.dumps(table, allow_nan=False)) == {
        "rows": 0,
        "accuracy": None,
        "balanced_accuracy": None,
        "recall": dict.fromkeys(EMOTIONS),
        "precision": dict.fromkeys(EMOTIONS),
        "f1": dict.fromkeys(EMOTIONS),
        "confusion": [[0] * 5] * 5,
        "calibration_error": None,
    }


@pytest.mark.parametrize("broken", [math.nan, math.inf])
@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_a_network_that_answers_no_numbers_is_not_measured(task, broken):
    """Be it to one face of many: argmax would take NaN for the first class."""
    if task == "emotion":
        truth, answers = np.zeros(4, np.int64), np.eye(5, dtype=np.float32)[[0, 0, 0, 0]]
    else:
        truth = np.zeros((4, 15, 2), np.float32)
        truth[:, KEYPOINTS.index("left_eye_center")] = (40, 0)
        answers = truth.copy()
    rows = Rows(IMAGES, truth, STRATA, NAMES)
    before = figures(rows, answers)
    answers[2].flat[0] = broken
    after = figures(rows, answers)
    assert after.rows == 4
    table = as_table(after)
    assert table["accuracy" if task == "emotion" else "rmse_px"] is None
    assert set(table["recall" if task == "emotion" else "point_error_px"].values()) == {None}
    for limits in (None, {}):
        verdict = judge(before, after, limits)
        assert not verdict.passed and verdict.reason.startswith("not measured")
    intervals = loss_intervals(truth, np.nan_to_num(answers), answers)
    assert all(math.isnan(end) for interval in intervals.values() for end in interval)
