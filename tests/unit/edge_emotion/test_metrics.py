import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion.labels import LEFT_EYE, RIGHT_EYE
from edge_emotion.metrics import (
    Interval,
    accuracy,
    accuracy_interval,
    balanced_accuracy,
    bootstrap_interval,
    calibration,
    confusion_matrix,
    draw_rows,
    error_curve,
    f1,
    failure_rate,
    nme,
    precision,
    recall,
    rmse_interval_px,
    rmse_px,
)
from edge_emotion.types import Floats

NAN = float("nan")

# Ten faces of three classes, worked by hand; nobody is of class 3 and nobody is taken for one.
TRUTH = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 0, 2, 2, 1, 2])
TABLE = np.array([[3, 1, 0, 0], [1, 1, 0, 0], [0, 1, 3, 0], [0, 0, 0, 0]])


def _face(eye_distance: float = 36.0) -> Floats:
    points = np.zeros((1, 15, 2), np.float32)
    points[0, LEFT_EYE] = (48 + eye_distance / 2, 40)
    points[0, RIGHT_EYE] = (48 - eye_distance / 2, 40)
    return points


def test_rows_are_the_truth_and_columns_the_answers():
    assert (confusion_matrix(TRUTH, PREDICTED, 4) == TABLE).all()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4))))
def test_the_table_counts_every_pair(pairs: list[tuple[int, int]]):
    truth, predicted = np.array(pairs, np.int64).reshape(-1, 2).T
    table = confusion_matrix(truth, predicted, 5)
    assert all(table[t, p] == pairs.count((t, p)) for t in range(5) for p in range(5))


@pytest.mark.parametrize(
    ("truth", "predicted", "message"),
    [
        ([0, 4], [0, 3], "true labels 0 to 4; expected 0 to 3"),
        ([-1, 2], [0, 3], "true labels -1 to 2; expected 0 to 3"),
        ([0, 3], [0, 4], "predicted labels 0 to 4; expected 0 to 3"),
        ([0, 3], [-1, 2], "predicted labels -1 to 2; expected 0 to 3"),
    ],
)
def test_labels_of_no_class_are_refused(truth: list[int], predicted: list[int], message: str):
    with pytest.raises(ValueError, match=f"^{message}$"):
        confusion_matrix(np.array(truth), np.array(predicted), 4)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (recall, [3 / 4, 1 / 2, 3 / 4, NAN]),
        (precision, [3 / 4, 1 / 3, 1.0, NAN]),
        (f1, [3 / 4, 2 / 5, 6 / 7, NAN]),
    ],
)
def test_measures_by_class_against_a_table_worked_by_hand(measure, expected):
    assert measure(TABLE) == pytest.approx(expected, nan_ok=True)


def test_measures_of_all_classes_against_the_same_table():
    assert accuracy(TABLE) == pytest.approx(0.7)
    assert balanced_accuracy(TABLE) == pytest.approx((3 / 4 + 1 / 2 + 3 / 4) / 3)


def test_a_class_without_faces_that_is_answered_has_a_precision_of_zero_and_no_recall():
    table = np.array([[1, 1], [0, 0]])
    assert recall(table) == pytest.approx([0.5, NAN], nan_ok=True)
    assert precision(table) == pytest.approx([1.0, 0.0])
    assert f1(table) == pytest.approx([2 / 3, 0.0])


@pytest.mark.filterwarnings("error")
def test_without_faces_nothing_is_measured():
    nobody = np.zeros((5, 5), np.int64)
    assert np.isnan([accuracy(nobody), balanced_accuracy(nobody)]).all()
    assert np.isnan([recall(nobody), precision(nobody), f1(nobody)]).all()


def test_the_error_is_the_root_of_the_mean_square_of_coordinates():
    predicted = _face()
    predicted[0, 0] += (3, 4)  # 25 squared pixels among 30 coordinates
    assert rmse_px(_face(), predicted) == pytest.approx(np.sqrt(25 / 30))


def test_missing_points_do_not_count():
    truth, predicted = _face(), _face() + np.float32(2)
    truth[0, 3:] = np.nan
    predicted[0, 3:] = 1000
    assert rmse_px(truth, predicted) == pytest.approx(2.0)
    assert nme(truth, predicted)[0] == pytest.approx(np.sqrt(8) / 36)


def test_without_known_points_there_is_no_error():
    assert np.isnan(rmse_px(np.full((2, 15, 2), np.nan, np.float32), np.zeros((2, 15, 2))))


@pytest.mark.parametrize("eye_distance", [10.0, 36.0, 60.0])
def test_the_normalised_error_is_in_parts_of_the_eye_distance(eye_distance: float):
    truth = _face(eye_distance)
    assert nme(truth, truth + np.float32([3, 4])) == pytest.approx([5 / eye_distance])


@pytest.mark.parametrize("eye", [LEFT_EYE, RIGHT_EYE])
def test_a_face_without_an_eye_has_no_normalised_error(eye: int):
    truth = np.concatenate([_face(), _face()])
    truth[1, eye] = np.nan
    assert np.isnan(nme(truth, truth)).tolist() == [False, True]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([0.05, 0.15, 0.25, 0.09], 0.5),
        ([0.10, 0.101], 0.5),  # the limit itself is no failure
        ([0.05, NAN, 0.15], 0.5),
        ([NAN], NAN),
        ([], NAN),
    ],
)
def test_faces_beyond_the_limit_have_failed(errors: list[float], expected: float):
    measured = failure_rate(np.array(errors, np.float64))
    assert measured == pytest.approx(expected, nan_ok=True)


def test_an_interval_is_that_of_the_binomial_for_a_share():
    hits = np.arange(400) < 300
    interval = bootstrap_interval(lambda rows: float(hits[rows].mean()), 400)
    half_width = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert interval.value == 0.75
    assert interval.low == pytest.approx(0.75 - half_width, abs=0.01)
    assert interval.high == pytest.approx(0.75 + half_width, abs=0.01)


def test_an_interval_leaves_out_a_fortieth_of_its_1000_draws_at_either_end():
    figures = itertools.count()  # 0 is the figure itself, 1 to 1000 are those of the draws
    interval = bootstrap_interval(lambda _: float(next(figures)), 4)
    assert interval.value == 0
    assert (interval.low, interval.high) == pytest.approx((25.975, 975.025))


def test_the_same_seed_draws_the_same_interval():
    values = np.arange(20.0)

    def interval(seed: int) -> Interval:
        return bootstrap_interval(lambda rows: float(values[rows].mean()), 20, 50, seed)

    assert interval(1) == interval(1)
    assert interval(1) != interval(2)


def test_a_figure_that_is_no_number_has_no_ends_even_where_some_draws_miss_the_cause():
    values = np.array([0.0, 1.0, NAN])
    interval = bootstrap_interval(lambda rows: float(values[rows].mean()), 3)
    assert np.isnan([interval.value, interval.low, interval.high]).all()


def test_every_draw_has_as_many_rows_as_the_set_and_two_models_get_the_same():
    drawn = draw_rows(7, draws=500)
    assert drawn.shape == (500, 7)
    assert (drawn.sum(axis=1) == 7).all() and (drawn == drawn.astype(int)).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(7), abs=0.15)
    assert (drawn == draw_rows(7, draws=500)).all()
    assert (drawn != draw_rows(7, draws=500, seed=1)).any()
    assert draw_rows(0).shape == (1000, 0)


# Certainties of four answers among two classes; with two bins the first two share one.
SURE = np.array([[0.4, 0.6], [0.8, 0.2], [0.9, 0.1], [0.1, 0.9]])


@pytest.mark.parametrize(
    ("truth", "bins", "faces", "certainty", "right", "error"),
    [
        ([1, 0, 0, 1], 1, [4], [0.8], [1.0], 0.2),
        ([0, 1, 1, 0], 1, [4], [0.8], [0.0], 0.8),
        # 0.6 in the third of five bins, 0.8 in the fourth (closed above), 0.9 twice in the last
        ([1, 1, 0, 0], 5, [0, 0, 1, 1, 2], [NAN, NAN, 0.6, 0.8, 0.9], [NAN, NAN, 1, 0, 0.5],
         (0.4 + 0.8 + 2 * 0.4) / 4),
    ],
)  # fmt: skip
def test_the_calibration_error_against_bins_worked_by_hand(
    truth, bins, faces, certainty, right, error
):
    found = calibration(np.array(truth), SURE, bins)
    assert found.faces.tolist() == faces
    assert found.certainty == pytest.approx(certainty, nan_ok=True)
    assert found.accuracy == pytest.approx(right, nan_ok=True)
    assert found.error == pytest.approx(error)


def test_whoever_is_right_as_often_as_sure_has_no_calibration_error():
    probabilities = np.tile([0.75, 0.25], (4, 1))
    assert calibration(np.array([0, 0, 0, 1]), probabilities).error == pytest.approx(0)


def test_without_answers_there_is_no_calibration_error():
    nothing = calibration(np.zeros(0, np.int64), np.zeros((0, 5)))
    assert np.isnan(nothing.error) and nothing.faces.tolist() == [0] * 15


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.tuples(*[st.floats(0.01, 1)] * 3)), min_size=1, max_size=40
    )
)
def test_the_calibration_error_is_a_share_and_every_answer_is_in_one_bin(rows):
    truth = np.array([label for label, _ in rows])
    powers = np.array([power for _, power in rows])
    found = calibration(truth, powers / powers.sum(axis=1, keepdims=True))
    assert 0 <= found.error <= 1
    assert found.faces.sum() == len(rows)


def test_the_error_curve_counts_the_faces_within_each_limit():
    errors = np.array([0.02, 0.05, NAN, 0.05, 0.2])
    limits = np.array([0.0, 0.02, 0.05, 0.1, 1.0])
    assert error_curve(errors, limits) == pytest.approx([0, 0.25, 0.75, 0.75, 1])


@given(st.lists(st.floats(0, 2), min_size=1), st.lists(st.floats(0, 2), min_size=2))
def test_the_error_curve_never_falls(errors: list[float], limits: list[float]):
    shares = error_curve(np.array(errors), np.sort(limits))
    assert (np.diff(shares) >= 0).all() and 0 <= shares[0] <= shares[-1] <= 1


@pytest.mark.filterwarnings("error")
def test_without_measured_faces_there_is_no_error_curve():
    assert np.isnan(error_curve(np.array([NAN]), np.array([0.1, 0.2]))).all()


def test_intervals_are_those_of_the_figures_they_enclose():
    rng = np.random.default_rng(0)
    probabilities, truth = rng.random((200, 5)), rng.integers(0, 5, 200)
    found = accuracy_interval(truth, probabilities)
    assert found.value == (probabilities.argmax(axis=1) == truth).mean()
    assert found.low < found.value < found.high

    points = rng.normal(48, 5, (30, 15, 2)).astype(np.float32)
    answers = points + rng.normal(0, 2, points.shape).astype(np.float32)
    points[:9, 4] = NAN
    found = rmse_interval_px(points, answers)
    assert found.value == pytest.approx(rmse_px(points, answers))
    assert found.low < found.value < found.high


def test_an_answer_that_is_no_number_is_not_taken_for_an_unknown_point():
    truth = _face()
    answers = truth.copy()
    answers[0, 3] = np.nan
    assert np.isnan(rmse_px(truth, answers))
    assert np.isnan(nme(truth, answers)[0])
    found = rmse_interval_px(truth, answers)
    assert np.isnan([found.value, found.low, found.high]).all()


@pytest.mark.parametrize("places", [np.s_[:], np.s_[1, 4]], ids=["all", "one of one face"])
def test_probabilities_that_are_no_numbers_are_no_hits(places):
    probabilities = np.eye(5, dtype=np.float32)[[0, 0, 0]]
    probabilities[places] = np.nan
    found = accuracy_interval(np.zeros(3, np.int64), probabilities)
    assert np.isnan([found.value, found.low, found.high]).all()
