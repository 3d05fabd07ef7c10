import json
import math
from dataclasses import replace

import numpy as np
import pytest

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion_convert.gate import judge
from edge_emotion_convert.paired import McNemar
from edge_emotion_convert.tasks.emotion import EmotionFigures
from edge_emotion_convert.tasks.keypoints import KeypointFigures
from edge_emotion_convert.tasks.table import KINDS


def emotion(accuracy, rows=200, balanced=0.7, **recall):
    recalls = {**dict.fromkeys(EMOTIONS, 0.7), **recall}
    return EmotionFigures(rows, accuracy, balanced, recalls, {}, {}, [])


def keypoints(rmse_px, rows=200, **points):
    return KeypointFigures(rows, rmse_px, 0.05, 0.0, {**dict.fromkeys(KEYPOINTS, 1.0), **points})


@pytest.mark.parametrize(
    ("before", "after", "limits", "passed", "drop"),
    [
        (emotion(0.800), emotion(0.800), None, True, 0.0),
        (emotion(0.800), emotion(0.795), None, True, 0.5),  # the limit itself is allowed
        (emotion(0.800), emotion(0.794), None, False, 0.6),
        (emotion(0.800), emotion(0.794), {"accuracy": 1.0}, True, 0.6),
        (emotion(0.800), emotion(0.810), {"accuracy": 0.0}, True, -1.0),  # int8 may be better
        (keypoints(1.60), keypoints(1.75), None, True, 0.15),
        (keypoints(1.60), keypoints(1.76), None, False, 0.16),
        (keypoints(1.60), keypoints(1.55), {"rmse_px": 0.0}, True, -0.05),
    ],
)
def test_a_drop_passes_up_to_its_limit(before, after, limits, passed, drop):
    verdict = judge(before, after, limits)
    assert (verdict.passed, verdict.headline.drop) == (passed, pytest.approx(drop))


@pytest.mark.parametrize(
    ("before", "after", "limits", "broken"),
    [
        (
            emotion(0.8),
            emotion(0.8, balanced=0.68),
            {"balanced_accuracy": 1.0},
            "balanced accuracy",
        ),
        (emotion(0.8), emotion(0.8, Disgust=0.6), {"recall.Disgust": 5.0}, "recall of Disgust"),
        (
            keypoints(1.6),
            keypoints(1.6, nose_tip=1.3),
            {"point_error_px.nose_tip": 0.2},
            "nose tip",
        ),
    ],
)
def test_every_measure_can_be_limited(before, after, limits, broken):
    assert judge(before, after, {}).passed
    verdict = judge(before, after, limits)
    assert not verdict.passed
    assert verdict.reason.startswith(broken)


@pytest.mark.parametrize(
    ("before", "after", "limits"),
    [
        (emotion(0.8, rows=0), emotion(0.8, rows=0), None),
        (emotion(0.8, rows=0), emotion(0.8, rows=0), {}),  # not even without any limit
        (emotion(math.nan), emotion(0.8), None),
        (emotion(0.8), emotion(math.nan), None),
        (keypoints(1.6), keypoints(math.inf), None),
        (keypoints(1.6, rows=200), keypoints(1.6, rows=199), None),
        (emotion(0.8), emotion(0.8), {"accuracy": math.nan}),
        (emotion(0.8), emotion(0.8), {"accuracy": math.inf}),
        (emotion(0.8, Disgust=math.nan), emotion(0.8), {"recall.Disgust": 9.0}),
        (emotion(0.8), emotion(math.nan), {}),
        (keypoints(math.nan), keypoints(1.6), {}),
    ],
)
def test_what_was_not_measured_never_passes(before, after, limits):
    verdict = judge(before, after, limits)
    assert not verdict.passed
    assert verdict.reason.startswith("not measured")


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (emotion(0.8), emotion(0.79), "lost 1.00 points, more than the 0.5 allowed"),
        (emotion(0.8), emotion(0.798), "lost 0.20 points of the 0.5 allowed"),
        (emotion(0.8), emotion(0.8043), "gained 0.43 points"),
        (emotion(0.8), emotion(0.8), "unchanged"),
        (keypoints(1.6), keypoints(1.623), "rose by 0.023 px of the 0.15 allowed"),
        (keypoints(1.6), keypoints(1.5), "fell by 0.100 px"),
    ],
)
def test_the_reason_says_which_way_it_went(before, after, reason):
    assert judge(before, after).reason.endswith(f" converted: {reason}")


def test_the_reason_names_both_figures_and_every_limit_that_broke():
    verdict = judge(
        emotion(0.8, Sad=0.9), emotion(0.79, Sad=0.8), {"accuracy": 0.5, "recall.Sad": 3.0}
    )
    assert verdict.reason == (
        "accuracy 0.8000 in float, 0.7900 converted: lost 1.00 points, more than the 0.5 allowed; "
        "recall of Sad 0.9000 in float, 0.8000 converted: lost 10.00 points, more than the 3 "
        "allowed"
    )


def test_by_default_the_gate_looks_at_the_headline_figure_only():
    assert not judge(emotion(0.80), replace(emotion(0.70), balanced_accuracy=0.99)).passed


def test_the_verdict_as_json_has_every_measure_and_no_nan():
    intervals = {"accuracy": (-0.2, 0.4)}
    figures = emotion(0.8, Disgust=math.nan)
    verdict = judge(figures, figures, None, intervals, McNemar(3, 5, 0.7))
    table = json.loads(json.dumps(verdict.as_dict(), allow_nan=False))
    assert (table["passed"], table["measure"], table["interval"]) == (True, "accuracy", [-0.2, 0.4])
    assert table["mcnemar"] == {"lost": 3, "gained": 5, "p": 0.7}
    assert [row["measure"] for row in table["measures"]][:3] == [
        "accuracy",
        "balanced_accuracy",
        "recall.Angry",
    ]
    assert np.array([row["before"] is None for row in table["measures"]]).sum() == 1


def test_figures_of_two_tasks_cannot_be_compared():
    with pytest.raises(TypeError, match="EmotionFigures against KeypointFigures"):
        judge(emotion(0.8), keypoints(1.6))


@pytest.mark.parametrize("measure", [m for kind in KINDS.values() for m in kind.measures])
def test_a_loss_that_is_not_known_is_neither_gained_nor_lost(measure):
    assert measure.words(math.nan) == "not measured"
    assert measure.change(math.nan, None) == "not measured"


@pytest.mark.parametrize(
    ("after", "limits", "measured"),
    [
        (emotion(0.7), None, True),
        (emotion(math.nan), {}, False),
        (emotion(0.8, Disgust=math.nan), None, True),
        (emotion(0.8, Disgust=math.nan), {"recall.Disgust": 9.0}, False),
    ],
)
def test_a_verdict_knows_whether_what_it_judges_was_measured(after, limits, measured):
    assert judge(emotion(0.8), after, limits).measured is measured
