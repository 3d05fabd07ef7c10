import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_emotion.labels import EMOTIONS, NEUTRAL
from edge_emotion_train.losses import (
    HuberLoss,
    RmsePx,
    SoftenedDivergence,
    SquaredError,
    WingLoss,
    make_loss,
    make_teacher_loss,
    weigh_classes,
)
from edge_emotion_train.networks import OFFSET_LIMIT_PX
from edge_emotion_train.recipe import load_recipe

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


def _gradient(
    loss: keras.losses.Loss, truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    variable = tf.Variable(predicted)
    with tf.GradientTape() as tape:
        value = loss(truth, variable, sample_weight=weights)
    return np.asarray(tape.gradient(value, variable))


@pytest.mark.parametrize(
    ("loss", "slopes"),
    [
        (SquaredError(), [2 * 3.0, 2 * -12.0, 0.0]),
        (WingLoss(WIDTH, CURVATURE), [WIDTH / (CURVATURE + 3.0), -1.0, 0.0]),
        (HuberLoss(4.0), [3.0, -4.0, 0.0]),
    ],
    ids=["squared", "wing", "huber"],
)
def test_an_error_pulls_as_hard_as_it_should_and_a_missing_point_not_at_all(
    loss: keras.losses.Loss, slopes: list[float]
):
    known = np.array([[1, 1, 0]], np.float32)
    found = _gradient(loss, np.zeros((1, 3), np.float32), _offsets([3, -12, 5]), known)
    assert found[0] == pytest.approx(np.array(slopes) * OFFSET_LIMIT_PX / 2, rel=1e-4)


def test_a_soft_target_pulls_on_every_class_it_names_and_a_face_of_weight_zero_on_none():
    truth = np.array([[0.6, 0.4, 0, 0, 0], [0, 1, 0, 0, 0]], np.float32)
    predicted = np.full((2, 5), 0.2, np.float32)
    loss = make_loss(load_recipe("emotion", "edge"))
    weights = np.array([1, 0], np.float32)
    value = float(loss(truth, predicted, sample_weight=weights))
    assert value == pytest.approx(-np.log(0.2) / 2, rel=1e-5)  # a mean over both faces
    # Keras makes the probabilities sum to 1 first, which takes 1 off each slope -t/p
    slopes = _gradient(loss, truth, predicted, weights)
    assert slopes[0] == pytest.approx((1 - truth[0] / 0.2) / 2, rel=1e-4)
    assert not slopes[1].any()


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


LOGITS = arrays(np.float64, (2, 5), elements=st.floats(-5, 5))


@given(LOGITS, LOGITS, st.floats(1, 10))
@settings(max_examples=40, deadline=None)
def test_softened_probabilities_are_those_of_the_logits_by_the_temperature(
    taught: np.ndarray, learned: np.ndarray, temperature: float
):
    p, q = _softmax(taught / temperature), _softmax(learned / temperature)
    expected = temperature**2 * np.mean(np.sum(p * np.log(p / q), axis=1))
    found = SoftenedDivergence(temperature)(
        _softmax(taught).astype(np.float32), _softmax(learned).astype(np.float32)
    )
    assert float(found) == pytest.approx(expected, rel=1e-2, abs=1e-4 * temperature**2)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_a_students_logits_are_pulled_by_the_temperature_times_the_difference(temperature: float):
    """Hinton et al. 2015, equation 2, times T²."""
    taught, learned = np.array([[2.0, 0, -1, 0, 1]]), np.array([[0.0, 1, 0, -2, 0]])
    logits = tf.Variable(learned, dtype=tf.float32)
    with tf.GradientTape() as tape:
        loss = SoftenedDivergence(temperature)(
            _softmax(taught).astype(np.float32), tf.nn.softmax(logits)
        )
    expected = temperature * (_softmax(learned / temperature) - _softmax(taught / temperature))
    assert np.asarray(tape.gradient(loss, logits)) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_probabilities_that_were_rounded_to_zero_have_a_gradient_that_is_a_number():
    certain = np.eye(5, dtype=np.float32)[:2]
    slopes = _gradient(SoftenedDivergence(3.0), certain[::-1], certain, np.ones(2, np.float32))
    assert np.isfinite(slopes).all()


def test_teachers_of_keypoints_are_followed_by_the_loss_of_the_labels():
    wing = load_recipe("keypoints", "edge", ["fit.loss=wing"])
    assert isinstance(make_teacher_loss(wing), WingLoss)
    assert isinstance(make_teacher_loss(load_recipe("keypoints", "edge")), HuberLoss)
    assert isinstance(make_teacher_loss(load_recipe("keypoints", "reference")), SquaredError)
    softened = make_teacher_loss(load_recipe("emotion", "edge", ["fit.temperature=5"]))
    assert isinstance(softened, SoftenedDivergence) and softened.temperature == 5


def test_factors_of_classes_change_weights_and_not_their_mean():
    weights, labels = np.array([1, 1, 2], np.float32), np.array([1, 0, 1])
    found = weigh_classes(weights, labels, {"Disgust": 3.0})
    assert found == pytest.approx(np.array([3, 1, 6]) * 4 / 10)
    assert weigh_classes(weights, labels, {}) == pytest.approx(weights)


def test_a_factor_of_a_class_leaves_faces_of_none_of_them_alone():
    labels = np.array([EMOTIONS.index("Surprise"), NEUTRAL])
    found = weigh_classes(np.ones(2, np.float32), labels, {"Surprise": 3.0})
    assert found == pytest.approx(np.array([1.5, 0.5]))


@pytest.mark.parametrize(
    ("error_px", "expected"), [(0, 0), (-1, 0.5), (3.999, 7.996), (4, 8), (4.001, 8.004), (-10, 32)]
)
def test_hubers_loss_is_squared_near_and_linear_far(error_px: float, expected: float):
    loss = HuberLoss(4.0)(np.zeros((1, 1), np.float32), _offsets([error_px]))
    assert float(loss) == pytest.approx(expected, rel=1e-3)


def test_a_recipe_says_where_hubers_loss_turns_linear():
    settings = ["fit.loss=huber", "fit.huber_px=2.5"]
    loss = make_loss(load_recipe("keypoints", "edge", settings))
    assert isinstance(loss, HuberLoss) and loss.width_px == 2.5


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
