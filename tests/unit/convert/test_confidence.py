import json

import keras
import numpy as np
import pytest
from keras import layers

from edge_emotion.metrics import calibration
from edge_emotion_convert.confidence import apply, fit, fit_temperature, fold

FREQUENCIES = np.array([100, 20, 100, 400, 100])
NO_BIAS = np.zeros(5)


def _faces(count: int = 4000, sharpened: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from honest probabilities, and these with their logits times `sharpened`."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1.5, (count, 5))
    honest = apply(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), NO_BIAS)
    truth = np.array([rng.choice(5, p=row / row.sum()) for row in honest.astype(np.float64)])
    return truth, apply(honest, NO_BIAS, 1 / sharpened)


@pytest.mark.parametrize("sharpened", [0.7, 1.0, 2.0, 3.0])
def test_the_temperature_undoes_what_made_the_answers_too_sure(sharpened: float):
    truth, answers = _faces(sharpened=sharpened)
    assert fit_temperature(truth, answers) == pytest.approx(sharpened, rel=0.06)


@pytest.mark.parametrize(("right", "expected"), [(True, 0.5), (False, 5.0)])
def test_no_temperature_is_beyond_its_limits(right: bool, expected: float):
    truth = np.arange(200) % 5
    answers = apply(np.eye(5)[truth if right else (truth + 1) % 5] * 0.9 + 0.02, NO_BIAS)
    assert fit_temperature(truth, answers) == pytest.approx(expected)


def test_a_temperature_changes_no_answer_and_lowers_the_calibration_error():
    truth, answers = _faces(sharpened=2.5)
    found = fit(truth, answers, FREQUENCIES)
    assert found is not None and found.strength == 0
    assert found.accuracy_after == found.accuracy_before
    assert found.calibration_error_before == calibration(truth, answers).error
    assert found.calibration_error_after < 0.03 < 0.1 < found.calibration_error_before
    assert "from" in found.sentence() and "adjustment" not in found.sentence()
    json.dumps(found.as_dict(), allow_nan=False)


def test_an_adjustment_gives_rare_classes_their_due_and_costs_no_more_than_it_may():
    truth, answers = _faces()
    frequent = apply(answers, 1.5 * np.log(FREQUENCIES / FREQUENCIES.sum()))  # as if so trained
    found = fit(truth, frequent, FREQUENCIES, most_lost=0.02)
    assert found is not None and found.strength > 0.3
    assert found.balanced_after > found.balanced_before
    assert found.accuracy_after >= found.accuracy_before - 0.02
    assert found.biases[1] == max(found.biases)
    assert "adjustment" in found.sentence()


def test_where_balance_may_cost_nothing_and_does_there_is_none():
    rng = np.random.default_rng(2)
    truth = rng.choice(5, 2000, p=FREQUENCIES / FREQUENCIES.sum())
    answers = apply(np.tile(FREQUENCIES / FREQUENCIES.sum(), (2000, 1)), NO_BIAS)
    found = fit(truth, answers, FREQUENCIES, most_lost=0.0)
    assert found is not None and found.accuracy_after == found.accuracy_before


def test_to_a_few_faces_nothing_is_fitted():
    truth, answers = _faces(99)
    assert fit(truth, answers, FREQUENCIES) is None


def _network(kind: str) -> keras.Model:
    face = layers.Input((6, 6, 1))
    flat = layers.Flatten()(face)
    if kind == "dense with softmax":
        return keras.Model(face, layers.Dense(5, "softmax")(flat))
    dense = layers.Dense(5, use_bias=kind != "no bias")(flat)
    if kind == "activation":
        return keras.Model(face, layers.Activation("softmax")(dense))
    if kind == "pooled":
        return keras.Model(face, layers.Softmax()(layers.ReLU()(dense)))
    return keras.Model(face, layers.Softmax()(dense))


@pytest.mark.parametrize("kind", ["softmax", "activation", "dense with softmax"])
def test_folded_into_the_weights_it_answers_what_was_promised(kind: str):
    network, faces = _network(kind), np.random.default_rng(3).random((400, 6, 6, 1))
    answers = network.predict(faces, verbose=0)
    truth = answers.argmax(axis=1)
    truth[::3] = (truth[::3] + 1) % 5
    found = fit(truth, answers, FREQUENCIES, most_lost=0.05)
    assert found is not None and fold(network, found)
    expected = apply(answers, np.array(found.biases), found.temperature)
    assert network.predict(faces, verbose=0) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("kind", ["pooled", "no bias"])
def test_a_network_without_a_dense_layer_before_its_softmax_is_left_as_it_is(kind: str):
    network = _network(kind)
    before = network.get_weights()
    found = fit(*_faces(200), FREQUENCIES)
    assert found is not None and not fold(network, found)
    assert all((old == new).all() for old, new in zip(before, network.get_weights(), strict=True))
