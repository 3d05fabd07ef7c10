"""The paired statistics, against their definitions and against what chance deals."""

import math

import numpy as np
import pytest

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion_convert.gate import judge
from edge_emotion_convert.gate_measures import MEASURES
from edge_emotion_convert.measure import figures
from edge_emotion_convert.paired import loss_intervals, mcnemar
from edge_emotion_convert.rows import Rows

RNG = np.random.default_rng(4)


def rows_of(truth):
    nothing = np.zeros((len(truth), 1, 1), np.uint8)
    return Rows(nothing, truth, np.full(len(truth), ""), np.full(len(truth), ""))


def some_emotions(rows=300, wrong=0.2):
    truth = RNG.integers(0, 5, rows)
    answers = [np.where(RNG.random(rows) < wrong, RNG.integers(0, 5, rows), truth) for _ in "ab"]
    return truth, *(np.eye(5, dtype=np.float32)[answer] for answer in answers)


def some_points(rows=60, worse_px=0.2):
    truth = RNG.uniform(20, 70, (rows, 15, 2)).astype(np.float32)
    truth[::4, KEYPOINTS.index("nose_tip")] = math.nan
    before = truth + RNG.normal(0, 1, truth.shape).astype(np.float32)
    before = np.where(np.isnan(before), 50, before).astype(np.float32)
    return truth, before, before + RNG.normal(0, worse_px, truth.shape).astype(np.float32)


@pytest.mark.parametrize(
    ("lost", "gained", "p"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (0, 6, 2 / 64),  # all of 6 on one side: two tails of 1/64
        (9, 3, 2 * (1 + 12 + 66 + 220) / 4096),
        (3, 9, 2 * (1 + 12 + 66 + 220) / 4096),
    ],
)
def test_mcnemar_is_the_exact_binomial_test(lost, gained, p):
    before = np.repeat([True, False, True, False], [lost, gained, 20, 7])
    after = np.repeat([False, True, True, False], [lost, gained, 20, 7])
    found = mcnemar(before, after)
    assert (found.lost, found.gained, found.p) == (lost, gained, pytest.approx(p))


@pytest.mark.parametrize("case", [some_emotions(), some_points()], ids=["emotion", "keypoints"])
def test_every_measure_has_an_interval_around_its_own_loss(case):
    truth, before, after = case
    intervals = loss_intervals(truth, before, after)
    verdict = judge(*(figures(rows_of(truth), answers) for answers in (before, after)))
    assert intervals.keys() == {one.measure for one in verdict.comparisons}
    for one in verdict.comparisons:
        low, high = intervals[one.measure]
        assert low <= one.drop <= high, one.measure
        assert high - low > 0 or one.measure == "failure_rate"


@pytest.mark.parametrize("case", [some_emotions(), some_points()], ids=["emotion", "keypoints"])
def test_equal_models_differ_by_nothing_however_the_rows_fall(case):
    truth, before, _ = case
    assert set(loss_intervals(truth, before, before).values()) == {(0.0, 0.0)}


def test_pairs_tell_more_than_two_separate_measurements():
    truth = RNG.integers(0, 5, 1000)
    answers = np.where(RNG.random(1000) < 0.3, (truth + 1) % 5, truth)
    after = answers.copy()
    after[:5] = truth[:5]  # at most five faces differ
    before, after = (np.eye(5, dtype=np.float32)[given] for given in (answers, after))
    low, high = loss_intervals(truth, before, after)["accuracy"]
    assert high - low < 1.2  # each accuracy alone is known to within 5.7 points


def test_the_interval_is_the_same_every_time():
    truth, before, after = some_emotions()
    assert loss_intervals(truth, before, after) == loss_intervals(truth, before, after)


def test_a_class_without_faces_has_no_interval():
    truth, before, after = some_emotions()
    absent = EMOTIONS.index("Disgust")
    truth = np.where(truth == absent, 0, truth)
    intervals = loss_intervals(truth, before, after)
    assert all(map(math.isnan, intervals["recall.Disgust"]))
    assert not any(map(math.isnan, intervals["balanced_accuracy"]))


def test_no_rows_give_no_intervals():
    truth, before, after = (part[:0] for part in some_emotions())
    intervals = loss_intervals(truth, before, after)
    assert len(intervals) == len(MEASURES["emotion"])
    assert all(math.isnan(low) and math.isnan(high) for low, high in intervals.values())
