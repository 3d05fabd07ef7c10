"""Rounds that take turns, and what they say."""

import gc

import cv2
import numpy as np
import pytest

from edge_emotion_device.benchmark.rounds import (
    rounded,
    take_turns,
    timings,
    typical_ms,
    undisturbed,
)

ROUNDS = 40


def rounds_of(p50s_ms, runs=9):
    """A contender's rounds, with these medians."""
    return [np.full(runs, p50, float) for p50 in p50s_ms]


def test_every_contender_has_every_round_and_the_order_changes():
    ran = []
    contenders = [lambda name=name: ran.append(name) or np.ones(1) for name in "abc"]
    told = []
    found = take_turns(contenders, [12] * 3, told.append)

    assert told == list(range(1, 13))
    assert [len(rounds) for rounds in found] == [12] * 3
    orders = {tuple(ran[place : place + 3]) for place in range(0, 36, 3)}
    assert all(set(order) == set("abc") for order in orders) and len(orders) > 2


@pytest.mark.parametrize("error", [RuntimeError, ValueError])
def test_one_that_fails_ends_and_the_others_go_on(error):
    calls = iter(range(9))

    def gives_up():
        if next(calls) == 2:
            raise error("the device\nis gone")
        return np.ones(3)

    failed, whole = take_turns([gives_up, lambda: np.full(3, 2.0)], [5, 5], lambda number: None)
    assert failed == "the device is gone" and len(whole) == 5
    told = timings([failed, whole])
    assert told[0] == failed and told[1].p50_ms == pytest.approx(2)


def test_all_that_fail():
    assert take_turns([], [], lambda number: None) == []
    assert timings(["gone"]) == ["gone"] and timings([]) == []


def test_one_with_fewer_turns_has_them_all_over_the_rounds_and_the_same_ratio():
    """The machine becomes slower and slower: both stand for its middle."""
    drift, now = np.linspace(1, 2, ROUNDS), [0]
    told = now.append
    quick, slow = take_turns(
        [lambda: np.full(9, drift[now[-1] - 1]), lambda: np.full(1, 7 * drift[now[-1] - 1])],
        [ROUNDS, 5],
        told,
    )
    assert [place for place, runs in enumerate(slow, 1) if len(runs)] == [8, 16, 24, 32, 40]
    assert all(len(runs) == 9 for runs in quick)
    first, second = timings([quick, slow])
    assert second.p50_ms / first.p50_ms == pytest.approx(7, rel=1e-3)
    assert (first.runs, second.runs) == (9 * ROUNDS, 5)
    assert len(second.rounds_p50_ms) == 5
    low, high = second.p50_interval_ms
    assert low < second.p50_ms < high


def test_rounds_that_only_a_failed_one_had_are_no_rounds():
    failed, slow = "gone", [np.full(1, 3.0), np.empty(0), np.full(1, 3.0), np.empty(0)]
    assert timings([failed, slow])[1].p50_ms == pytest.approx(3)


def test_what_slows_a_round_down_changes_no_ratio():
    """Drift, and a third of the rounds twice as slow: each hits both contenders."""
    rng = np.random.default_rng(1)
    drift = np.linspace(1, 1.5, ROUNDS) * np.where(np.arange(ROUNDS) % 3, 1, 2)
    noise = rng.normal(1, 0.02, (2, ROUNDS))
    fast, slow = typical_ms(np.array([[0.1], [0.14]]) * drift * noise)
    assert slow / fast == pytest.approx(1.4, rel=0.01)
    assert 0.1 < fast < 0.15


def test_a_burst_in_the_rounds_of_one_contender_alone_is_no_part_of_its_p50():
    """With the median of its rounds it would be: the others are of the faster end of a drift."""
    medians = np.array([[0.1], [0.2], [0.3]]) * np.linspace(1, 2, ROUNDS)
    medians[1, :12] *= 5
    assert typical_ms(medians) == pytest.approx([0.15, 0.3, 0.45], rel=1e-3)


def test_a_contender_alone_has_the_median_of_its_rounds():
    assert typical_ms(np.array([[1.0, 2.0, 9.0]])) == pytest.approx([2])


def test_figures_of_a_contender():
    runs = [np.array([1.0, 1.0, 1.0, 1.0, 4.0])] * ROUNDS
    (timing,) = timings([runs])
    assert (timing.p50_ms, timing.min_ms, timing.mean_ms) == pytest.approx((1, 1, 1.6))
    assert timing.per_s == pytest.approx(625)
    assert timing.outliers == pytest.approx(0.2)  # more than three times the p50
    assert timing.runs == 5 * ROUNDS and timing.rounds_p50_ms == (1.0,) * ROUNDS
    assert timing.noise == 0 and timing.p50_interval_ms == pytest.approx((1, 1))
    assert timing.as_dict()["p99_ms"] == 4


def test_noise_and_interval_tell_how_far_the_rounds_are_apart():
    rng = np.random.default_rng(2)
    quiet, loud = timings(
        [rounds_of(rng.normal(1, 0.01, ROUNDS)), rounds_of(rng.normal(1, 0.2, ROUNDS))]
    )
    assert quiet.noise < 0.03 < 0.15 < loud.noise
    for timing in (quiet, loud):
        low, high = timing.p50_interval_ms
        assert low < timing.p50_ms < high
    assert np.ptp(quiet.p50_interval_ms) < np.ptp(loud.p50_interval_ms)


@pytest.mark.parametrize(("rounds", "told"), [(1, False), (4, False), (5, True)])
def test_of_fewer_than_five_rounds_nothing_is_said_of_how_far_they_are_apart(rounds, told):
    (timing,) = timings([rounds_of([2.0] * rounds)])
    assert (timing.p50_interval_ms is not None) is told
    assert (timing.noise is not None) is told
    assert timing.as_dict()["p50_ms"] == 2


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.123456789, 0.12346), (1234.5678, 1234.6), (3, 3), (None, None), ((1.0000001, 2), [1.0, 2])],
)
def test_figures_are_told_to_five_digits(value, told):
    assert rounded(value) == told


def test_neither_the_collector_nor_opencvs_threads_disturb_and_both_come_back():
    threads = cv2.getNumThreads()
    with undisturbed():
        assert not gc.isenabled() and cv2.getNumThreads() == 1
    assert gc.isenabled() and cv2.getNumThreads() == threads
