import math
from dataclasses import replace

import pytest

from edge_emotion_convert.gate import judge
from edge_emotion_convert.measure import EmotionFigures, KeypointFigures


def emotion(accuracy, rows=200):
    return EmotionFigures(rows, accuracy, accuracy, {}, {}, {}, [])


def keypoints(rmse_px, rows=200):
    return KeypointFigures(rows, rmse_px, 0.05, 0.0, {})


@pytest.mark.parametrize(
    ("before", "after", "max_drop", "passed", "drop"),
    [
        (emotion(0.800), emotion(0.800), None, True, 0.0),
        (emotion(0.800), emotion(0.795), None, True, 0.5),  # the limit itself is allowed
        (emotion(0.800), emotion(0.794), None, False, 0.6),
        (emotion(0.800), emotion(0.794), 1.0, True, 0.6),
        (emotion(0.800), emotion(0.810), 0.0, True, -1.0),  # int8 may be better
        (keypoints(1.60), keypoints(1.75), None, True, 0.15),
        (keypoints(1.60), keypoints(1.76), None, False, 0.16),
        (keypoints(1.60), keypoints(1.55), 0.0, True, -0.05),
    ],
)
def test_a_drop_passes_up_to_its_limit(before, after, max_drop, passed, drop):
    verdict = judge(before, after, max_drop)
    assert (verdict.passed, verdict.drop) == (passed, pytest.approx(drop))


@pytest.mark.parametrize(
    ("before", "after", "max_drop"),
    [
        (emotion(0.8, rows=0), emotion(0.8, rows=0), None),
        (emotion(math.nan), emotion(0.8), None),
        (emotion(0.8), emotion(math.nan), None),
        (keypoints(1.6), keypoints(math.inf), None),
        (keypoints(1.6, rows=200), keypoints(1.6, rows=199), None),
        (emotion(0.8), emotion(0.8), math.nan),
        (emotion(0.8), emotion(0.8), math.inf),
    ],
)
def test_what_was_not_measured_never_passes(before, after, max_drop):
    verdict = judge(before, after, max_drop)
    assert not verdict.passed
    assert verdict.reason.startswith("not measured")


def test_the_reason_names_both_figures_the_drop_and_the_limit():
    assert judge(emotion(0.8), emotion(0.79)).reason == (
        "accuracy 0.8000 in float, 0.7900 quantized: a drop of 1.000 points, "
        "more than the 0.5 allowed"
    )


def test_the_gate_looks_at_the_headline_figure_only():
    better_balanced = replace(emotion(0.70), balanced_accuracy=0.99)
    assert not judge(emotion(0.80), better_balanced).passed


def test_figures_of_two_tasks_cannot_be_compared():
    with pytest.raises(TypeError, match="EmotionFigures against KeypointFigures"):
        judge(emotion(0.8), keypoints(1.6))
