"""Graphs that end earlier, the time of each layer, and the machine's peak."""

import math

import numpy as np
import pytest

from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion_device.graph import read_graph
from edge_emotion_device.roofline import layers
from edge_emotion_device.roofline.cut import cut_after
from edge_emotion_device.roofline.layers import time_layers
from edge_emotion_device.roofline.peak import memory_bytes_per_s, peak_macs_per_s
from edge_emotion_device.runtime import open_interpreter

TASKS = ("emotion", "keypoints")


@pytest.fixture(params=TASKS)
def flatbuffer(request):
    return read_model(shipped_model(request.param)).flatbuffer


def answers(flatbuffer, face, **how):
    interpreter = open_interpreter(flatbuffer, reference=True, **how)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face)
    interpreter.invoke()
    return interpreter


def face_for(flatbuffer):
    shape = open_interpreter(flatbuffer).get_input_details()[0]["shape"]
    return np.random.default_rng(3).integers(0, 256, shape, np.uint8)


def test_every_cut_answers_what_the_whole_graph_has_at_that_place(flatbuffer):
    face = face_for(flatbuffer)
    whole = answers(flatbuffer, face, keep_tensors=True)
    for count, operator in enumerate(whole._get_ops_details(), 1):
        made = int(operator["outputs"][0])
        cut = answers(cut_after(flatbuffer, count, [made]), face)

        assert len(cut._get_ops_details()) == count
        assert [output["index"] for output in cut.get_output_details()] == [made]
        np.testing.assert_array_equal(cut.get_tensor(made), whole.get_tensor(made))


def test_a_cut_may_answer_several_tensors(flatbuffer):
    operators = open_interpreter(flatbuffer)._get_ops_details()
    made = [int(operator["outputs"][0]) for operator in operators[:3]]
    cut = open_interpreter(cut_after(flatbuffer, 3, made))
    assert [output["index"] for output in cut.get_output_details()] == made


@pytest.mark.parametrize("count", [0, 1000])
def test_as_many_operators_as_there_are_can_stay(flatbuffer, count):
    with pytest.raises(ValueError, match=f"no graph with {count} operators"):
        cut_after(flatbuffer, count, [0])


@pytest.mark.parametrize("content", [b"", b"\x00" * 64, b"\xff" * 64, b"{}"])
def test_what_is_no_flatbuffer_is_refused(content):
    with pytest.raises(ValueError):
        cut_after(content, 1, [0])


@pytest.mark.parametrize("task", TASKS)
def test_layers_are_those_of_the_graph_in_its_order(task):
    file = read_model(shipped_model(task))
    timed = time_layers(file.flatbuffer, rounds=3, runs=4)
    operators = open_interpreter(file.flatbuffer, allocate=False)._get_ops_details()

    assert [layer.operator for layer in timed] == [known["op_name"] for known in operators]
    assert [layer.number for layer in timed] == list(range(1, len(timed) + 1))
    assert sum(layer.macs for layer in timed) == read_graph(file.path, file.flatbuffer).macs


def test_bytes_are_those_of_inputs_with_weights_and_of_outputs():
    first, stem = time_layers(read_model(shipped_model("emotion")).flatbuffer, 1, 1)[:2]
    assert (first.read_bytes, first.written_bytes) == (48 * 48, 48 * 48)
    weights_and_bias = 32 * 9 + 4 * 32
    assert (stem.read_bytes, stem.written_bytes) == (48 * 48 + weights_and_bias, 24 * 24 * 32)


@pytest.mark.parametrize(
    ("run_us", "max_s", "rounds_and_runs"),
    [
        (100, 10.0, (40, 20)),
        (100, 0.4, (40, 10)),  # fewer runs first
        (100, 0.01, (10, 1)),  # then fewer rounds
        (100, 0.0001, (1, 1)),
        (100, math.inf, (40, 20)),
    ],
)
def test_a_large_network_gets_fewer_runs(monkeypatch, run_us, max_s, rounds_and_runs):
    monkeypatch.setattr(layers, "_run_us", lambda graph, runs: run_us)
    assert layers._affordable(["ten graphs"] * 10, 40, 20, max_s) == rounds_and_runs


@pytest.mark.parametrize(("rounds", "told"), [(1, False), (4, False), (5, True)])
def test_of_fewer_than_five_rounds_there_is_no_interval(rounds, told):
    timed = time_layers(read_model(shipped_model("emotion")).flatbuffer, rounds, 1)
    assert {layer.us_interval is not None for layer in timed} == {told}


def test_the_peak_is_a_rate():
    assert peak_macs_per_s() > 1e8
    assert memory_bytes_per_s() > 1e8
