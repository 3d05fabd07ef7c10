"""What the remedies that change a file do to it: clipped ranges, and tensors in 16 bits."""

from functools import partial

import numpy as np
import pytest

from edge_emotion_convert import flatbuffer
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.integer_check import float_operators
from edge_emotion_convert.quantize import to_tflite
from edge_emotion_convert.remedies import ranges
from edge_emotion_convert.remedies.mixing import mixed
from edge_emotion_convert.remedies.ranges import least_squared_error, percentile
from edge_emotion_convert.remedies.way import INT8, Way
from edge_emotion_device.runtime import Interpreter
from helpers.damaged import damaged, lively_network

INT16 = FORMATS["int16x8"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def samples():
    faces = np.random.default_rng(0).random((20, 48, 48, 1)).astype(np.float32)
    faces[0, 0, 0], faces[0, 0, 1] = 0, 1
    return faces


@pytest.fixture(scope="module")
def network():
    return lively_network("emotion")


@pytest.fixture(scope="module")
def plain(network, samples):
    return Way(network, samples).flatbuffer()


@pytest.fixture(scope="module")
def wide(network, samples):
    return to_tflite(network, INT16, samples)


def answers(content, samples):
    last = Interpreter(model_content=content).get_output_details()[0]["index"]
    return np.array([tensors[last][0] for tensors in flatbuffer.tensors_of(content, samples)])


def scales(content):
    graph = flatbuffer.read(content).subgraphs[0]
    tensors = [graph.tensors[operator.outputs[0]] for operator in graph.operators]
    return np.array([tensor.quantization.scale[0] for tensor in tensors])


def off(content, samples, network):
    return np.abs(answers(content, samples) - np.asarray(network(samples))).max()


VALUES = np.append(np.random.default_rng(1).normal(size=100_000), 40.0).astype(np.float32)


@pytest.mark.parametrize(
    ("clip", "highest"),
    [
        (partial(percentile, 100.0), (39.9, 40.1)),
        (partial(percentile, 99.9), (2.9, 3.3)),
        (least_squared_error, (25.0, 39.0)),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_lonely_value_is_cut_off(clip, highest, sign):
    values = sign * VALUES
    ends = clip(values, float(values.min()), float(values.max()))
    high, low = (sign * end for end in ends[::-sign])
    assert highest[0] < high < highest[1]
    assert -5 < low < -2.9


@pytest.mark.parametrize("reach", [1.0, 0.95])
def test_what_has_no_lonely_value_keeps_its_range(reach):
    """Also if the part that is looked at does not reach to its ends."""
    even = np.linspace(-reach, reach, 1001, dtype=np.float32)
    assert least_squared_error(even, -1.0, 1.0) == pytest.approx((-1, 1))


def test_other_places_of_a_tensor_are_looked_at_in_every_face(samples, monkeypatch):
    """The same face twice shows more of its values than once."""
    monkeypatch.setattr(ranges, "_VALUES_A_FACE", 10)
    flatbuffer = to_tflite(lively_network("emotion"), FORMATS["float32"], None)
    twice = ranges._seen(flatbuffer, samples[[1, 1]])
    large = [values for values in twice.values() if len(values) == 20]
    same = [np.array_equal(values[:10], values[10:]) for values in large]
    assert len(same) > 5 and not any(same)


def test_clipping_narrows_the_ranges_in_the_file_and_adds_nothing(network, samples, plain):
    clipped = Way(network, samples, partial(percentile, 99.0)).flatbuffer()
    before, after = scales(plain), scales(clipped)
    assert len(before) == len(after)
    assert (after <= before * 1.0001).all()
    assert (after < 0.9 * before).sum() > len(before) // 2


def test_ranges_that_nothing_is_cut_off_give_the_plain_file(network, samples, plain):
    same = Way(network, samples, lambda *_: (-np.inf, np.inf)).flatbuffer()
    np.testing.assert_array_equal(answers(same, samples), answers(plain, samples))


def test_tensors_in_16_bits_bring_answers_nearer_to_float_in_integers(network, samples):
    broken = damaged(network)
    int8, int16 = (to_tflite(broken, target, samples) for target in (INT8, INT16))
    treated = mixed(int8, int16, samples, 30)
    assert off(treated, samples, network) < off(int8, samples, network) / 3
    assert not list(float_operators(treated))


def test_the_coarsest_tensors_are_those_of_the_damaged_blocks(network, samples):
    broken = damaged(network)
    int8, int16 = (to_tflite(broken, target, samples) for target in (INT8, INT16))
    treated = flatbuffer.read(mixed(int8, int16, samples, 4))
    widened = {
        tensor.quantization.scale[0]
        for tensor in treated.subgraphs[0].tensors
        if tensor.type == flatbuffer.schema.TensorType.INT16
    }
    whole = scales(int16)
    assert max(widened) == whole.max()


def test_no_tensor_in_16_bits_is_the_plain_file(samples, plain, wide):
    same = mixed(plain, wide, samples, 0)
    np.testing.assert_array_equal(answers(same, samples), answers(plain, samples))
    assert len(same) < 1.01 * len(plain)  # nothing of the other file is left in it


def test_files_of_different_networks_are_not_mixed(samples, plain):
    other = to_tflite(lively_network("emotion", reference=True), INT16, samples)
    with pytest.raises(ValueError, match="different operators"):
        mixed(plain, other, samples, 1)
