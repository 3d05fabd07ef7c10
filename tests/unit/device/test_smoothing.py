"""What one face says is steadied in seconds, so the frame rate does not matter."""

import numpy as np
import pytest

from edge_emotion_device.smoothing import LabelSmoother, OneEuroFilter, decide

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


def test_the_first_frame_is_taken_as_it_is():
    smoothed, label = LabelSmoother()(probabilities(happy=0.9), 0.0)

    assert smoothed[HAPPY] == pytest.approx(0.9)
    assert label == "Happy"


@pytest.mark.parametrize("fps", [5, 30])
def test_a_change_shows_after_the_same_time_at_any_frame_rate(fps):
    smoother = LabelSmoother()
    smoother(probabilities(happy=1.0), 0.0)

    for frame in range(1, fps * 2 + 1):
        smoothed, _ = smoother(probabilities(sad=1.0), frame / fps)
        if frame == fps:  # one second: 1 - exp(-1 / 0.4)
            assert smoothed[SAD] == pytest.approx(0.918, abs=0.001)


def test_a_clock_that_runs_back_starts_afresh():
    smoother = LabelSmoother()
    smoother(probabilities(happy=1.0), 10.0)

    smoothed, label = smoother(probabilities(sad=1.0), 2.0)

    assert smoothed[SAD] == 1.0
    assert label == "Sad"


def test_points_at_rest_jitter_less_and_moving_points_keep_up():
    rng = np.random.default_rng(0)
    rest, jitter = np.full((15, 2), 100, np.float32), rng.normal(0, 1, (60, 15, 2))
    smooth = OneEuroFilter()
    still = [smooth(rest + noise.astype(np.float32), 100, i / 30) for i, noise in enumerate(jitter)]
    assert np.std(still[20:]) < 0.5 * np.std(jitter[20:])

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
