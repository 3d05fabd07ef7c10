"""What one face says is steadied in seconds, so the frame rate does not matter."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion_device.smoothing import LabelSmoother, OneEuroFilter, decide, label_of

HAPPY, SAD = 3, 2


def probabilities(**shares: float) -> np.ndarray:
    order = ("angry", "disgust", "sad", "happy", "surprise")
    return np.array([shares.get(name, 0.0) for name in order], np.float32)


@pytest.mark.parametrize(
    ("shares", "shown", "decided"),
    [
        ({"happy": 0.5, "sad": 0.3}, None, HAPPY),  # decided at 0.5
        ({"happy": 0.49, "sad": 0.3}, None, None),  # not below
        ({"happy": 0.4, "sad": 0.3}, HAPPY, HAPPY),  # kept down to 0.4
        ({"happy": 0.39, "sad": 0.35}, HAPPY, None),  # and then undecided
        ({"happy": 0.42, "sad": 0.56}, HAPPY, HAPPY),  # another one must lead by 0.15
        ({"happy": 0.40, "sad": 0.56}, HAPPY, SAD),
    ],
)
def test_a_label_is_decided_kept_and_given_up_by_the_rule(shares, shown, decided):
    assert decide(probabilities(**shares), shown) == decided


@pytest.mark.parametrize(
    ("happy", "shown", "decided"),
    [(0.7, None, HAPPY), (0.69, None, None), (0.6, HAPPY, HAPPY), (0.59, HAPPY, None)],
)
def test_a_models_own_threshold_moves_the_rule_with_it(happy, shown, decided):
    assert decide(probabilities(happy=happy, sad=0.3), shown, undecided_below=0.7) == decided
    assert label_of(probabilities(happy=0.69), 0.7) is None
    assert LabelSmoother()(probabilities(happy=0.69), 0.0, 0.7)[1] is None


@pytest.mark.parametrize(
    ("shares", "label"), [({"happy": 0.5, "sad": 0.3}, "Happy"), ({"happy": 0.49}, None)]
)
def test_a_frame_alone_has_a_label_from_one_half_on(shares, label):
    assert label_of(probabilities(**shares)) == label


def test_the_first_frame_is_taken_as_it_is():
    smoothed, label = LabelSmoother()(probabilities(happy=0.9), 0.0)

    assert smoothed[HAPPY] == pytest.approx(0.9)
    assert label == "Happy"


def times(fps: float, seconds: float, irregular: bool, seed: int = 0) -> list[float]:
    """When frames come: 0, the end, and the given number a second in between."""
    count = round(fps * seconds)
    inside = np.linspace(0, seconds, count + 1)
    if irregular:
        inside[1:-1] = np.sort(np.random.default_rng(seed).uniform(0, seconds, count - 1))
    return inside.tolist()


rates = pytest.mark.parametrize("fps", [5, 15, 30, 60])
regularities = pytest.mark.parametrize("irregular", [False, True], ids=["regular", "irregular"])


@rates
@regularities
def test_a_change_shows_after_the_same_time_at_any_frame_rate(fps, irregular):
    smoother = LabelSmoother()
    smoother(probabilities(happy=1.0), 0.0)

    for time_s in times(fps, 1.0, irregular)[1:]:
        smoothed, _ = smoother(probabilities(sad=1.0), time_s)

    assert smoothed[SAD] == pytest.approx(1 - math.exp(-1 / 0.4), abs=1e-4)


@rates
@regularities
def test_a_slow_change_of_points_shows_after_the_same_time_at_any_frame_rate(fps, irregular):
    rest = np.full((15, 2), 100, np.float32)
    smooth = OneEuroFilter()
    smooth(rest, 1e6, 0.0)  # of so large a face the step is slow: the cut-off stays at rest

    for time_s in times(fps, 0.2, irregular)[1:]:
        smoothed = smooth(rest + 1, 1e6, time_s)

    assert smoothed[0, 0] - 100 == pytest.approx(1 - math.exp(-2 * math.pi * 1.2 * 0.2), abs=1e-3)


@given(st.lists(st.floats(0.001, 2), min_size=1, max_size=20), st.floats(0, 1))
def test_cutting_a_time_into_steps_changes_nothing(steps_s, share):
    once, often = LabelSmoother(), LabelSmoother()
    first, later = probabilities(happy=share, sad=1 - share), probabilities(sad=share)
    for smoother in (once, often):
        smoother(first, 0.0)

    expected, _ = once(later, math.fsum(steps_s))
    for time_s in np.cumsum(steps_s):
        smoothed, _ = often(later, float(time_s))

    np.testing.assert_allclose(smoothed, expected, atol=1e-5)


@rates
@regularities
def test_moving_points_lag_by_two_hundredths_of_a_side_at_most(fps, irregular):
    smooth, speed_px_s = OneEuroFilter(), 100.0  # one face side a second
    for time_s in times(fps, 3.0, irregular):
        moving = np.full((15, 2), 100 + speed_px_s * time_s, np.float32)
        lag = float(moving[0, 0] - smooth(moving, 100, time_s)[0, 0])

    assert -0.1 <= lag < 2.0


@pytest.mark.parametrize("smoother", [LabelSmoother, OneEuroFilter])
def test_after_a_long_pause_the_present_counts(smoother):
    smooth = smoother()
    if smoother is LabelSmoother:
        smooth(probabilities(happy=1.0), 0.0)
        smoothed, label = smooth(probabilities(sad=1.0), 60.0)
        assert (smoothed[SAD], label) == (pytest.approx(1), "Sad")
    else:
        smooth(np.zeros((15, 2), np.float32), 100, 0.0)
        far = np.full((15, 2), 300, np.float32)
        np.testing.assert_allclose(smooth(far, 100, 60.0), far, atol=1e-3)


@pytest.mark.parametrize("again_s", [10.0, 2.0], ids=["stands still", "runs back"])
def test_a_clock_that_does_not_go_on_starts_the_points_afresh(again_s):
    smooth, new = OneEuroFilter(), np.full((15, 2), 50, np.float32)
    smooth(np.zeros((15, 2), np.float32), 100, 10.0)
    np.testing.assert_array_equal(smooth(new, 100, again_s), new)


@pytest.mark.parametrize("again_s", [10.0, 2.0], ids=["stands still", "runs back"])
def test_a_clock_that_does_not_go_on_starts_the_label_afresh(again_s):
    smoother = LabelSmoother()
    smoother(probabilities(happy=1.0), 10.0)

    smoothed, label = smoother(probabilities(happy=0.42, sad=0.5), again_s)

    assert smoothed[SAD] == 0.5
    assert label == "Sad"  # Happy would be kept at 0.42


def test_what_comes_out_may_be_changed_without_changing_what_follows():
    points, shares = np.full((15, 2), 50, np.float32), probabilities(happy=0.6)
    smooth_points, smooth_shares = OneEuroFilter(), LabelSmoother()
    for index in range(4):
        for steady, raw in (
            (smooth_points(points, 100, index / 10), points),
            (smooth_shares(shares, index / 10)[0], shares),
        ):
            np.testing.assert_array_equal(steady, raw)
            steady *= 2


def test_points_and_probabilities_stay_float32():
    points, shares = np.full((15, 2), 50, np.float32), probabilities(happy=0.6)
    smooth_points, smooth_shares = OneEuroFilter(), LabelSmoother()
    for index in range(3):
        steady = (
            smooth_points(points + index, 100, index / 10),
            smooth_shares(shares, index / 10)[0],
        )
        assert [one.dtype for one in steady] == [np.float32] * 2


def test_points_at_rest_jitter_less_and_moving_points_keep_up():
    rng = np.random.default_rng(0)
    rest, jitter = np.full((15, 2), 100, np.float32), rng.normal(0, 1, (60, 15, 2))
    smooth = OneEuroFilter()
    still = [smooth(rest + noise.astype(np.float32), 100, i / 30) for i, noise in enumerate(jitter)]
    assert np.std(still[20:]) < 0.52 * np.std(jitter[20:])

    smooth = OneEuroFilter()
    for i in range(60):  # two face sides a second
        moving = rest + np.float32(200 * i / 30)
        lag = np.abs(moving - smooth(moving, 100, i / 30)).max()
    assert lag < 8


def test_near_and_far_faces_are_steadied_alike():
    near, far = OneEuroFilter(), OneEuroFilter()
    rng = np.random.default_rng(1)
    for i in range(30):
        points = rng.uniform(0, 50, (15, 2)).astype(np.float32)
        large, small = near(4 * points, 400, i / 30), far(points, 100, i / 30)
    np.testing.assert_allclose(large, 4 * small, rtol=1e-4)
