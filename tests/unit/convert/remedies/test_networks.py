"""What the remedies that change a network do to it: folding, equalization and bias correction."""

import keras
import numpy as np
import pytest
from keras import layers

from edge_emotion_convert.foreign import load_foreign
from edge_emotion_convert.remedies.bias import bias_corrected, rounded_to_8_bits
from edge_emotion_convert.remedies.equalization import equalized, pairs
from edge_emotion_convert.remedies.folding import folded, weighted_layers
from edge_emotion_convert.remedies.way import NotApplicable
from helpers.damaged import damaged, lively_network

NETWORKS = [("emotion", False), ("keypoints", False), ("emotion", True), ("keypoints", True)]


def faces(network, count=4):
    shape = (count, *network.input_shape[1:])
    return np.random.default_rng(0).random(shape).astype(np.float32)


def answers(network, given):
    return np.asarray(network(given, training=False))


def small(*between, activation=None, units=5):
    """A convolution, some layers, and a dense layer."""
    keras.utils.set_random_seed(1)
    face = layers.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, activation=activation, name="first")(face)
    for layer in between:
        x = layer(x)
    return keras.Model(face, layers.Dense(units, name="second")(x))


def residual():
    """A convolution that a normalization reads, and a sum written with `+`."""
    keras.utils.set_random_seed(1)
    face = layers.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, padding="same", name="first")(face)
    normalization = layers.BatchNormalization()
    y = layers.Conv2D(4, 3, padding="same")(layers.ReLU()(normalization(x)))
    y = layers.Conv2D(4, 3, padding="same")(layers.ReLU()(y))
    normalization.moving_mean.assign([0.3, -0.1, 0.5, 0.2])
    normalization.gamma.assign([2.0, 0.5, 3.0, 1.0])
    return keras.Model(face, layers.Dense(5)(layers.Flatten()(y + x)))


def sequential():
    """As it comes out of a file: without `input`."""
    network = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(5, activation="softmax"),
        ]
    )
    return keras.Sequential.from_config(network.get_config())


def chain():
    """Six convolutions in a row, the channels of each of very different size."""
    rng = np.random.default_rng(0)
    network = small(*(layers.Conv2D(4, 3, padding="same", activation="relu") for _ in range(5)))
    for layer in weighted_layers(network):
        layer.kernel.assign(layer.kernel * np.exp(rng.normal(0, 2, layer.kernel.shape[-1])))
    return network


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x):
        return self.dense(x)


class Uncopied(layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return self.factor * x


@pytest.mark.parametrize(("task", "reference"), NETWORKS)
@pytest.mark.parametrize("by_activations", [False, True])
def test_equalization_leaves_float_answers_as_they_are(task, reference, by_activations):
    network = lively_network(task, reference)
    given = faces(network)
    after = equalized(network, given if by_activations else None)
    np.testing.assert_allclose(answers(after, given), answers(network, given), atol=1e-4)


@pytest.mark.parametrize("network", [residual(), sequential(), chain()])
@pytest.mark.parametrize("by_activations", [False, True])
def test_so_it_does_in_networks_of_other_makes(network, by_activations):
    given = faces(network)
    after = equalized(network, given if by_activations else None)
    np.testing.assert_allclose(answers(after, given), answers(network, given), rtol=1e-4, atol=1e-5)


def test_what_an_operator_reads_keeps_its_normalization():
    network = residual()
    kinds = [type(layer) for layer in folded(network).layers]
    assert layers.BatchNormalization in kinds
    np.testing.assert_allclose(
        answers(folded(network), faces(network)), answers(network, faces(network)), atol=1e-5
    )


@pytest.mark.parametrize("activation", ["relu", "softmax", "tanh"])
def test_folding_puts_a_layers_own_activation_behind_it(activation):
    network = small(layers.GlobalAveragePooling2D(), activation=activation)
    after = folded(network)
    assert {layer.activation.__name__ for layer in weighted_layers(after)} == {"linear"}
    given = faces(network)
    np.testing.assert_allclose(answers(after, given), answers(network, given), atol=1e-6)


def test_folding_leaves_no_normalization_behind_a_convolution():
    network = lively_network("emotion")
    kinds = {type(layer) for layer in folded(network).layers}
    assert layers.BatchNormalization not in kinds and layers.Conv2D in kinds


def test_equalization_takes_back_what_a_channel_was_scaled_by():
    network = lively_network("emotion")
    first = next(pairs(folded(network))).output_ranges()
    broken = next(pairs(folded(damaged(network)))).output_ranges()
    treated = next(pairs(equalized(damaged(network)))).output_ranges()
    whole = next(pairs(equalized(network))).output_ranges()
    assert broken[0] == pytest.approx(1000 * first[0], rel=1e-3)
    np.testing.assert_allclose(treated, whole, rtol=1e-3)


@pytest.mark.parametrize("by_activations", [False, True])
def test_every_pair_of_a_chain_comes_out_even(by_activations):
    network = chain()
    given = faces(network, 8)
    after = equalized(network, given if by_activations else None)
    found = list(pairs(after))
    assert len(found) == 6
    for pair in found:
        before = pair.output_ranges()
        if by_activations:
            values = answers(keras.Model(after.input, pair.second.input), given)
            before = np.abs(values).max(axis=(0, 1, 2))
        alive = before > 0
        np.testing.assert_allclose(before[alive], pair.input_ranges()[alive], rtol=0.03)


@pytest.mark.parametrize(
    ("between", "found"),
    [
        ([], 1),
        ([layers.ReLU()], 1),
        ([layers.ReLU(negative_slope=0.1), layers.MaxPooling2D(2), layers.Flatten()], 1),
        ([layers.Activation("relu"), layers.GlobalAveragePooling2D()], 1),
        ([layers.ReLU(max_value=6.0)], 0),  # a factor moves where it bends
        ([layers.Activation("tanh")], 0),
        ([layers.LayerNormalization()], 0),
    ],
)
def test_pairs_have_only_between_them_what_a_factor_passes_through(between, found):
    network = small(*between)
    assert len(list(pairs(folded(network)))) == found
    if found:
        given = faces(network)
        np.testing.assert_allclose(
            answers(equalized(network), given), answers(network, given), atol=1e-5
        )


def test_what_two_layers_read_is_no_pair():
    face = layers.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, name="first")(face)
    network = keras.Model(face, layers.Dense(2)(layers.Add()([layers.Dense(4)(x), x])))
    assert "first" not in [pair.first.name for pair in pairs(network)]


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Subclassed(), "no graph of Keras layers"),
        (small(Uncopied(2.0)), "the network's layers cannot be copied"),
        (small(layers.Activation("tanh")), "no two layers follow each other"),
    ],
)
def test_what_cannot_be_equalized_is_told(network, reason):
    with pytest.raises(NotApplicable, match=reason):
        equalized(network)


def test_the_layers_of_a_saved_model_cannot_be_reached(tmp_path):
    small(layers.Flatten()).export(tmp_path / "saved", verbose=False)
    with pytest.raises(NotApplicable, match="is a SavedModel, whose layers cannot be reached"):
        folded(load_foreign(tmp_path / "saved"))


@pytest.mark.parametrize(("inside", "last"), [(None, None), ("relu", None), ("relu", "softmax")])
def test_bias_correction_moves_the_mean_answer_back(inside, last):
    network = small(layers.ReLU(), layers.GlobalAveragePooling2D(), activation=inside)
    network.get_layer("second").activation = keras.activations.get(last)
    kernel = network.get_layer("second").kernel
    values = np.full(kernel.shape, 0.4 / 127, np.float32)  # all of these are rounded to 0
    values[1:, 0] = 0
    values[0] = 1.0
    kernel.assign(values)
    given = faces(network, 32)
    expected = answers(network, given).mean(axis=0)

    def mean_with_8_bit_weights(model):
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        for layer in weighted_layers(copy):
            layer.kernel.assign(rounded_to_8_bits(layer.kernel.numpy()))
        return answers(copy, given).mean(axis=0)

    before = np.abs(mean_with_8_bit_weights(network) - expected).max()
    after = np.abs(mean_with_8_bit_weights(bias_corrected(network, given)) - expected).max()
    assert before > 1e-4 and after < before / 50


def test_a_kernel_is_rounded_to_255_steps_for_each_output_channel():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 2, 4)).astype(np.float32)
    kernel[..., 1] *= 100
    steps = np.abs(kernel).max(axis=(0, 1, 2)) / 127
    off = rounded_to_8_bits(kernel) - kernel
    assert (np.abs(off).max(axis=(0, 1, 2)) <= 0.501 * steps).all()
    assert np.abs(off).max() > 0
