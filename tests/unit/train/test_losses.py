import keras
import numpy as np
import pytest

from edge_emotion_train.losses import RmsePx, WingLoss
from edge_emotion_train.networks import OFFSET_LIMIT_PX

WIDTH, CURVATURE = 5.0, 1.5


def _wing(error_px: float) -> float:
    """Feng et al. 2018, equation 5, as printed."""
    if abs(error_px) < WIDTH:
        return WIDTH * np.log(1 + abs(error_px) / CURVATURE)
    return abs(error_px) - (WIDTH - WIDTH * np.log(1 + WIDTH / CURVATURE))


def _offsets(errors_px: list[float]) -> np.ndarray:
    return np.array([errors_px], np.float32) / OFFSET_LIMIT_PX


@pytest.mark.parametrize("error_px", [0.0, 0.1, -0.1, 1.0, 4.999, 5.0, 5.001, -12.0, 20.0])
def test_the_loss_is_the_papers(error_px: float):
    loss = WingLoss(WIDTH, CURVATURE)(np.zeros((1, 1), np.float32), _offsets([error_px]))
    assert float(loss) == pytest.approx(_wing(error_px), rel=1e-4, abs=1e-5)


def test_the_two_pieces_meet():
    loss = WingLoss(WIDTH, CURVATURE)
    below, above = (
        float(loss(np.zeros((1, 1)), _offsets([WIDTH + step]))) for step in (-1e-3, 1e-3)
    )
    assert above - below == pytest.approx(2e-3, abs=1e-3)


def test_a_point_of_weight_zero_does_not_count():
    truth = np.zeros((2, 3), np.float32)
    predicted = np.concatenate([_offsets([1, 2, 300]), _offsets([300, 3, 300])])
    known = np.array([[1, 1, 0], [0, 1, 0]], np.float32)
    loss = WingLoss(WIDTH, CURVATURE)(truth, predicted, sample_weight=known)
    assert float(loss) == pytest.approx(np.mean([_wing(1), _wing(2), _wing(3)]), rel=1e-4)


def test_a_heavier_face_counts_more():
    truth = np.zeros((2, 1), np.float32)
    predicted = np.concatenate([_offsets([1]), _offsets([3])])
    weights = np.array([[3], [1]], np.float32)
    loss = WingLoss(WIDTH, CURVATURE)(truth, predicted, sample_weight=weights)
    assert float(loss) == pytest.approx((3 * _wing(1) + _wing(3)) / 4, rel=1e-4)


def test_the_error_is_in_pixels_over_all_batches():
    metric = RmsePx()
    zeros = np.zeros((1, 2), np.float32)
    metric.update_state(zeros, _offsets([3, 4]))
    metric.update_state(zeros, _offsets([0, 5]))
    assert float(metric.result()) == pytest.approx(np.sqrt((9 + 16 + 0 + 25) / 4), rel=1e-5)


def test_missing_points_are_left_out_of_the_error_and_weights_only_say_which():
    metric = RmsePx()
    known = np.array([[0.3, 0, 2]], np.float32)
    metric.update_state(np.zeros((1, 3), np.float32), _offsets([3, 300, 4]), known)
    assert float(metric.result()) == pytest.approx(np.sqrt((9 + 16) / 2), rel=1e-5)


def test_a_new_epoch_starts_from_nothing():
    metric = RmsePx()
    metric.update_state(np.zeros((1, 1), np.float32), _offsets([7]))
    metric.reset_state()
    assert float(metric.result()) == 0


def test_a_masked_loss_trains_only_what_is_known():
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(2, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.01), WingLoss(WIDTH, CURVATURE))
    before = model.get_weights()[0].copy()
    ones = np.ones((4, 1), np.float32)
    model.train_on_batch(ones, np.ones((4, 2), np.float32), np.tile([1.0, 0.0], (4, 1)))
    changed = model.get_weights()[0] != before
    assert changed.tolist() == [[True, False]]
