import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion.selective import (
    SCORES,
    refused,
    risk_coverage,
    separation,
    threshold,
)

CERTAINTIES = st.lists(st.integers(0, 256), max_size=60).map(
    lambda steps: np.array(steps, np.float32) / 256
)


def test_the_surest_answers_come_first_and_each_wrong_one_raises_the_risk():
    curve = risk_coverage(np.array([0.4, 0.9, 0.6, 0.8]), np.array([False, True, False, True]))
    assert curve.coverage == pytest.approx([0.25, 0.5, 0.75, 1])
    assert curve.risk == pytest.approx([0, 0, 1 / 3, 0.5])
    assert curve.area == pytest.approx((1 / 3 + 0.5) / 4)


def test_at_full_coverage_the_risk_is_the_error_rate():
    rng = np.random.default_rng(1)
    hits = rng.random(50) < 0.7
    assert risk_coverage(rng.random(50), hits).risk[-1] == pytest.approx(1 - hits.mean())


def test_one_face_is_all_of_them():
    assert risk_coverage(np.array([0.4]), np.array([True])).coverage.tolist() == [1]


def test_of_equally_sure_answers_the_first_comes_first():
    certainty, hits = np.arange(150) % 3 / 4, np.arange(150) % 7 == 0
    surest_first = sorted(range(150), key=lambda face: -certainty[face])  # Python's sort is stable
    answered = np.arange(1, 151)
    expected = (answered - np.cumsum(hits[surest_first])) / answered
    assert risk_coverage(certainty, hits).risk == pytest.approx(expected)


@pytest.mark.filterwarnings("error")
def test_of_no_faces_there_is_no_curve():
    nothing = np.zeros(0)
    assert np.isnan(risk_coverage(nothing, nothing.astype(bool)).area)
    assert threshold(nothing) == 0
    assert np.isnan(refused(nothing, 0.5)) and np.isnan(separation(nothing, nothing))


@given(CERTAINTIES, st.floats(0, 0.99))
def test_never_more_than_so_many_are_refused_and_with_the_next_threshold_they_would_be(
    certainty: np.ndarray, most: float
):
    below = threshold(certainty, most)
    if len(certainty):
        assert refused(certainty, below) <= most
        higher = certainty[certainty > below]
        if len(higher):
            assert refused(certainty, float(higher.min())) > most


@pytest.mark.parametrize(
    ("others", "expected"), [([0.1, 0.2], 1.0), ([0.9, 0.8], 0.0), ([0.5, 0.5], 0.5)]
)
def test_separation_is_the_chance_that_a_face_to_be_answered_is_surer(
    others: list[float], expected: float
):
    assert separation(np.array([0.5, 0.5]), np.array(others)) == expected


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("largest probability", 0.5),
        ("margin", 0.25),
        ("negative entropy", -1.75 * np.log(2)),
    ],
)
def test_the_scores_of_an_answer_worked_by_hand(name: str, score: float):
    answer = np.array([[0.125, 0, 0.5, 0.25, 0.125]])
    assert SCORES[name](answer) == pytest.approx([score])


@pytest.mark.parametrize("name", SCORES)
def test_every_score_is_highest_for_one_class_alone_and_lowest_for_none(name: str):
    certain, between, even = np.eye(5)[0], np.array([0.6, 0.1, 0.1, 0.1, 0.1]), np.full(5, 0.2)
    scores = SCORES[name](np.stack([certain, between, even]))
    assert scores[0] > scores[1] > scores[2]
