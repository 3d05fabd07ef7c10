"""What is read from model files without running them."""

from dataclasses import replace

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion_device.description import describe
from edge_emotion_device.graph import read_graph
from helpers.graphs import compiled

TASKS = ("emotion", "keypoints")


@pytest.mark.parametrize("task", TASKS)
def test_the_work_is_what_training_counted(task):
    found = describe(shipped_model(task))

    assert found.macs == found.metadata.architecture["macs"] > 25_000_000


def test_operators_are_counted_and_weights_told():
    graph = describe(shipped_model("emotion")).graph

    assert graph.operators == {
        "QUANTIZE": 2,
        "CONV_2D": 12,
        "ADD": 4,
        "AVERAGE_POOL_2D": 1,
        "FULLY_CONNECTED": 1,
        "SOFTMAX": 1,
    }
    assert (graph.weights, graph.per_channel) == ("int8", True)


@pytest.mark.parametrize(("task", "figure"), [("emotion", "accuracy"), ("keypoints", "rmse_px")])
def test_accuracies_and_the_verdict_are_the_files_own(task, figure):
    found = describe(shipped_model(task))

    assert found.figures("float")[figure] == found.metadata.accuracy["float"][figure]
    assert found.figures("int8").keys() >= {figure}
    assert found.gate["passed"]


def test_a_file_that_was_never_measured_has_neither(tmp_path):
    model = read_model(shipped_model("emotion"))
    path = tmp_path / "emotion.tflite"
    write_model(path, model.flatbuffer, replace(model.metadata, accuracy={}))
    found = describe(path)

    assert (found.figures("float"), found.figures("int8"), found.gate) == ({}, {}, {})


def test_a_compiled_file_is_described_without_an_edge_tpu(tmp_path):
    model = read_model(shipped_model("emotion"))
    path = tmp_path / "emotion_edgetpu.tflite"
    facts = replace(model.metadata, edgetpu={"operations": 21, "mapped": 21})
    write_model(path, compiled(model.flatbuffer), facts)
    found = describe(path)

    assert found.graph.operators == {"edgetpu-custom-op": 1}
    assert found.graph.weights == ""
    assert found.macs == model.metadata.architecture["macs"]


def test_everything_goes_into_json():
    table = describe(shipped_model("keypoints")).as_dict()

    assert table["size_bytes"] == shipped_model("keypoints").stat().st_size
    assert table["test_vectors"] == 32
    assert {"path", "macs", "operators", "recipe", "training_data", "versions"} <= table.keys()


def test_bytes_that_are_no_graph_are_one_line(tmp_path):
    with pytest.raises(EdgeEmotionError, match="holds no TFLite model") as caught:
        read_graph(tmp_path / "noise.tflite", b"\x00" * 500)
    assert "\n" not in str(caught.value)
