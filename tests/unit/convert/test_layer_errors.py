"""What int8 costs layer by layer, in small networks that were built to cost something."""

import math

import numpy as np
import pytest
import tensorflow as tf

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.causes import likely_cause
from edge_emotion_convert.flatbuffer import tensors_of
from edge_emotion_convert.foreign import load_foreign
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.layer_errors import decibels, layer_errors
from edge_emotion_convert.progress import quiet
from edge_emotion_convert.quantize import converter_for, to_tflite
from edge_emotion_convert.remedies.equalization import equalized
from edge_emotion_device.runtime import open_interpreter
from helpers import costly_networks
from helpers.costly_networks import faces, faces_with_rare_glare


@pytest.fixture(scope="module")
def network():
    return costly_networks.plain()


@pytest.fixture(scope="module")
def plain(network):
    return layer_errors(network, faces())


def called(layers, label):
    return next(layer for layer in layers if layer.label == label)


def debugged(network, **options):
    """What TFLite's debugger finds, by the names of its own."""
    with quiet():
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter_for(network, FORMATS["int8"], faces()),
            debug_dataset=lambda: ([face[None]] for face in faces()),
            debug_options=tf.lite.experimental.QuantizationDebugOptions(
                fully_quantize=True, **options
            ),
        )
        debugger.run()
    return debugger.layer_statistics


def test_every_layer_is_there_once_under_its_keras_name(plain):
    labels = sorted(layer.label for layer in plain)
    assert labels == ["answer", "conv_0", "conv_1", "conv_2", "conv_3", "conv_4", "pool"]


def test_the_dearest_comes_first_and_the_shares_add_up(plain):
    added = [layer.added for layer in plain]
    assert added == sorted(added, reverse=True)
    assert sum(layer.share for layer in plain) == pytest.approx(1)


def test_a_layer_knows_the_layers_that_feed_it(plain):
    assert called(plain, "conv_3").inputs == (called(plain, "conv_2").name,)
    assert called(plain, "conv_0").inputs == ()


def test_a_wide_layer_errs_by_the_rounding_alone(plain):
    assert called(plain, "conv_1").rescaled_error == pytest.approx(1 / math.sqrt(12), rel=0.15)


def test_sqnr_by_itself_is_that_of_the_values_by_the_error(plain):
    layer = called(plain, "conv_0")
    assert layer.sqnr_db == pytest.approx(10 * math.log10(1 / layer.own_noise))
    assert layer.noise == pytest.approx(layer.own_noise, rel=1e-3)  # nothing comes before it
    assert called(plain, "conv_4").noise > 2 * called(plain, "conv_4").own_noise


def test_the_histogram_holds_every_value_of_every_face(plain):
    layer = called(plain, "conv_0")
    assert layer.counts.shape == (258,)
    assert layer.counts.sum() == 16 * 32 * 32 * 8
    assert layer.clipped == 0


def test_values_beyond_the_calibrated_range_count_as_clipped():
    layers = layer_errors(costly_networks.plain(), faces_with_rare_glare()[:3], faces())
    assert called(layers, "conv_0").clipped > 0.1
    assert likely_cause(layers).kind == "clipped values"


def test_channels_that_answer_nothing_are_dead_and_not_lost():
    first = called(layer_errors(costly_networks.silent_channels(), faces()), "conv_0")
    assert (first.channels, first.dead, first.lost) == (8, 2, 0)


def test_channels_within_one_step_are_lost():
    layer = called(layer_errors(costly_networks.lost_channels(), faces()), "conv_2")
    assert (layer.channels, layer.dead, layer.lost) == (8, 0, 3)


def test_the_debugger_takes_the_names_to_keep_layers_in_float(network, plain):
    """The names are those that selective quantization is told."""
    left = " ".join(debugged(network, denylisted_nodes=[called(plain, "conv_3").name]))
    assert "conv_2" in left and "conv_4" in left and "conv_3" not in left


@pytest.mark.parametrize("label", ["conv_0", "conv_3"])
def test_figures_agree_with_those_of_the_debugger(network, plain, label):
    [theirs] = [found for name, found in debugged(network).items() if f"/{label}_" in name]
    ours = called(plain, label).rescaled_error * called(plain, label).scale
    assert ours**2 == pytest.approx(theirs["mean_squared_error"], rel=0.02)


@pytest.mark.parametrize(
    ("network", "given", "kind", "text"),
    [
        (costly_networks.plain, faces, "spread", "none adds more than"),
        (costly_networks.outlier_channel, faces, "outlier channel", "widest channel of conv_2"),
        (costly_networks.lost_channels, faces, "dead channels", "3 of 8 channels of conv_2"),
        (costly_networks.coarse_output, faces, "coarse output grid", "answer has steps of 3.9"),
        (costly_networks.cancelling_sum, faces, "small remainder", "sum of one and other"),
        (costly_networks.coarse_weights, faces, "coarse weights", "comes in at conv_3"),
        (costly_networks.plain, faces_with_rare_glare, "rare values", "a few large ones"),
    ],
)
def test_each_network_is_told_what_it_was_built_for(network, given, kind, text):
    cause = likely_cause(layer_errors(network(), given()))
    assert (cause.kind, text in cause.text) == (kind, True), cause.text
    assert cause.remedy


@pytest.mark.parametrize(
    "network", [costly_networks.outlier_channel, costly_networks.coarse_weights]
)
def test_a_damaged_network_answers_as_the_whole_one(network):
    """The damage is int8's trouble alone."""
    answers = [one().predict(faces(), verbose=0) for one in (costly_networks.plain, network)]
    np.testing.assert_allclose(*answers, rtol=1e-3, atol=1e-4)


def test_coarse_weights_are_no_better_in_16_bits_and_mended_by_what_is_advised():
    network = costly_networks.coarse_weights()
    expected = network.predict(faces(), verbose=0)

    def off(one, target):
        flatbuffer = to_tflite(one, FORMATS[target], faces())
        last = open_interpreter(flatbuffer).get_output_details()[0]["index"]
        answered = [tensors[last][0] for tensors in tensors_of(flatbuffer, faces())]
        return np.sqrt(np.square(np.array(answered) - expected).mean())

    assert off(network, "int16x8") > 0.8 * off(network, "int8")
    assert off(equalized(network), "int8") < off(network, "int8") / 10


def test_the_layers_of_a_saved_model_have_names(network, plain, tmp_path):
    network.export(tmp_path / "saved", verbose=False)
    layers = layer_errors(load_foreign(tmp_path / "saved"), faces())
    labels = {layer.label.removesuffix("_1") for layer in layers}
    assert labels == {layer.label for layer in plain}


def test_no_error_is_an_infinite_sqnr():
    assert decibels(0) == math.inf
    assert decibels(0.001) == pytest.approx(30)


def test_what_cannot_be_converted_is_told_in_one_line(monkeypatch):
    def broken(*given):
        raise RuntimeError("failed to legalize\nmore")

    monkeypatch.setattr("edge_emotion_convert.layer_errors.converter_for", broken)
    with pytest.raises(EdgeEmotionError, match="cannot convert the network to int8: failed to"):
        layer_errors(costly_networks.plain(), faces(2))
