"""The paired statistics, against their definitions and against what chance deals."""

import math
import time

import numpy as np
import pytest

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion_convert import paired
from edge_emotion_convert.gate import judge
from edge_emotion_convert.gate_measures import value
from edge_emotion_convert.measure import figures
from edge_emotion_convert.paired import loss_intervals, mcnemar
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.tasks.table import KINDS

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


@pytest.mark.parametrize(("lost", "gained"), [(7, 30), (250, 300), (400, 400)])
def test_mcnemars_p_is_the_sum_of_the_binomial_coefficients(lost, gained):
    before = np.repeat([True, False], [lost, gained])
    coins = lost + gained
    tail = sum(math.comb(coins, heads) for heads in range(min(lost, gained) + 1))
    expected = min(1.0, 2 * tail / 2**coins)
    assert mcnemar(before, ~before).p == pytest.approx(expected, rel=1e-9)


def test_mcnemars_test_of_many_faces_takes_no_time():
    before = np.repeat([True, False], [50_000, 50_400])
    start = time.perf_counter()
    assert mcnemar(before, ~before).p == pytest.approx(0.2078, abs=0.001)  # normal: 0.2074
    assert time.perf_counter() - start < 0.5


def by_hand(truth, before, after, drawn):
    """Every measure's loss on the drawn rows, as the gate itself would find it."""
    rows = rows_of(truth[drawn])
    measured = [figures(rows, answers[drawn]) for answers in (before, after)]
    measures = KINDS["emotion" if before.ndim == 2 else "keypoints"].measures
    return {m.name: m.loss(*(value(found, m) for found in measured)) for m in measures}


@pytest.mark.parametrize("case", [some_emotions(), some_points()], ids=["emotion", "keypoints"])
def test_the_intervals_are_those_of_losses_measured_anew_on_every_draw(case, monkeypatch):
    monkeypatch.setattr(paired, "DRAWS", 40)
    truth, before, after = case
    rows = len(truth)
    draws = np.random.default_rng(paired.SEED).multinomial(rows, np.full(rows, 1 / rows), 40)
    losses = [by_hand(truth, before, after, np.repeat(np.arange(rows), draw)) for draw in draws]
    for name, interval in loss_intervals(truth, before, after).items():
        expected = np.nanpercentile([loss[name] for loss in losses], (2.5, 97.5))
        assert interval == pytest.approx(expected, abs=2e-5), name


def test_ninety_five_of_a_hundred_intervals_hold_the_true_loss(monkeypatch):
    """One network reads 80 % of all faces rightly, the other 75 %."""
    monkeypatch.setattr(paired, "DRAWS", 200)
    rng, trials, held = np.random.default_rng(8), 200, 0
    for _ in range(trials):
        truth = rng.integers(0, 5, 400)
        right = [rng.random(400) < share for share in (0.80, 0.75)]
        given = [np.where(hits, truth, (truth + 1) % 5) for hits in right]
        before, after = (np.eye(5, dtype=np.float32)[answer] for answer in given)
        low, high = loss_intervals(truth, before, after)["accuracy"]
        held += low <= 5.0 <= high
    assert 0.90 <= held / trials <= 0.99


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
    assert len(intervals) == len(KINDS["emotion"].measures)
    assert all(math.isnan(low) and math.isnan(high) for low, high in intervals.values())
