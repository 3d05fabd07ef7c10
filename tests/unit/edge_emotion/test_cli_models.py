"""`models list` and `models show` on metadata that other hands wrote."""

import copy
import json
import zipfile
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_emotion.cli_models import list_models, show
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion.terminal import busy, print_table
from edge_emotion_device import description
from edge_emotion_device.graph import Graph, read_graph
from helpers.bright_cells import write_detector

TASKS = ("emotion", "keypoints")


@cache
def shipped(task: str) -> tuple[bytes, dict[str, Any]]:
    """A shipped model's flatbuffer and its metadata as they are in the file."""
    model = read_model(shipped_model(task))
    with zipfile.ZipFile(model.path) as archive:
        return model.flatbuffer, json.loads(archive.read("metadata.json"))


@cache
def graph(task: str) -> Graph:
    """Read once: the graph is the same whatever the metadata says."""
    model = shipped_model(task)
    return read_graph(model, read_model(model).flatbuffer)


def write(path, task, table):
    path.write_bytes(shipped(task)[0])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("metadata.json", json.dumps(table))
    return path


def told(path, task, monkeypatch) -> str:
    """What the commands say of a file: the error, or nothing where they describe it."""
    monkeypatch.setattr(description, "read_graph", lambda *_: graph(task))
    try:
        for as_json in (False, True):
            show(str(path), json=as_json)
            list_models([path.parent], json=as_json)
    except EdgeEmotionError as error:
        assert "\n" not in str(error)
        return str(error)
    return ""


def changed(task, place, value):
    """The shipped metadata with one entry, named by its keys, in another way."""
    table = copy.deepcopy(shipped(task)[1])
    inner = table
    for key in place[:-1]:
        inner = inner.setdefault(key, {})
    inner[place[-1]] = value
    return table


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (["accuracy"], [1], "accuracy of type list"),
        (["accuracy", "float"], "0.8", "accuracy.float of type str"),
        (["accuracy", "int8"], 5, "accuracy.int8 of type int"),
        (["accuracy", "gate"], "passed", "accuracy.gate of type str"),
        (["accuracy", "gate"], {"passed": True}, "accuracy.gate.reason of type NoneType"),
        (["training_data"], ["fer2013"], "training_data of type list"),
        (["training_data", "fer2013"], 17508, "training_data.fer2013 of type int"),
        (["training_data", "x"], {"sha256": "0"}, "training_data.x.faces of type NoneType"),
        (["training_data", "x"], {"faces": 3, "sha256": 4}, "training_data.x.sha256 of type int"),
        (["architecture"], "resblock", "architecture of type str"),
        (["architecture", "parameters"], "many", "architecture.parameters of type str"),
        (["architecture", "macs"], 10**400, "architecture.macs beyond 1e+18"),
        (["recipe"], "edge", "recipe of type str"),
        (["versions"], ["0.1.0"], "versions of type list"),
        (["versions", "keras"], 3, "versions.keras of type int"),
        (["edgetpu"], "yes", "edgetpu of type str"),
        (["edgetpu", "on_chip_used_bytes"], "7", "edgetpu.on_chip_used_bytes of type str"),
        (["license"], None, "license of type NoneType"),
        (["format"], 8, "format of type int"),
        (["license"], "\ud800", "surrogates not allowed"),
        (["input", "shape"], [1.0, 48, 48, 1], "cannot be interpreted as an integer"),
        (["test_vectors"], [1], "cannot be used"),
        (["test_vectors"], {"seeds": [1]}, "its metadata lacks 'faces_sha256'"),
    ],
)
def test_metadata_of_other_types_is_one_line(tmp_path, monkeypatch, place, value, message):
    path = write(tmp_path / "foreign.tflite", "emotion", changed("emotion", place, value))
    with pytest.raises(EdgeEmotionError) as caught:
        show(str(path))
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [None, float("nan"), 10**400, "left"])
def test_a_mean_face_of_other_numbers_is_one_line(tmp_path, value):
    table = changed("keypoints", ["mean_face"], [[value, 1.0]] * 15)
    with pytest.raises(EdgeEmotionError, match="its metadata cannot be used"):
        show(str(write(tmp_path / "foreign.tflite", "keypoints", table)))


def test_one_bad_file_does_not_end_the_list(tmp_path, capfd):
    write(tmp_path / "a.tflite", "emotion", changed("emotion", ["accuracy"], [1]))
    write(tmp_path / "b.tflite", "emotion", shipped("emotion")[1])
    list_models([tmp_path])

    printed = capfd.readouterr()
    assert "b.tflite" in printed.out and "a.tflite" not in printed.out
    assert "accuracy of type list" in printed.err


def test_a_detector_is_shown_and_listed_by_its_own_measure(tmp_path, capfd):
    accuracy = {"float": {"average_precision": 0.91}, "int8": {"average_precision": 0.905}}
    file = write_detector(tmp_path / "detector_int8.tflite", accuracy=accuracy)
    show(str(file))
    list_models([tmp_path])

    printed = capfd.readouterr().out
    assert "multiply-accumulates a picture" in printed
    assert "1×756×5 int8" in printed and "1 drawn picture" in printed
    row = next(line for line in printed.splitlines() if line.startswith("detector_int8.tflite"))
    assert row.split()[1:3] == ["detector", "int8"]
    assert row.split()[5:8] == ["average_precision", "0.9100", "0.9050"]


def test_what_the_compiler_did_not_say_is_a_question_mark(tmp_path, capfd):
    facts = {"mapped": None, "operations": 21, "on_chip_used_bytes": None, "off_chip_bytes": 0}
    show(str(write(tmp_path / "x.tflite", "emotion", changed("emotion", ["edgetpu"], facts))))
    assert "compiled: ? of 21 operators mapped, ? kB of parameters" in capfd.readouterr().out


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
NAMES = sorted(shipped("emotion")[1])


@st.composite
def tables(draw, task):
    """The shipped metadata with some entries in another way, or anything at all."""
    table = copy.deepcopy(shipped(task)[1])
    for _ in range(draw(st.integers(1, 3))):
        inner = table
        key = draw(st.sampled_from(NAMES))
        while isinstance(inner[key], dict) and inner[key] and draw(st.booleans()):
            inner = inner[key]
            key = draw(st.sampled_from(sorted(inner)))
        inner[key] = draw(JSON)
    return draw(st.just(table) | st.dictionaries(st.text(), JSON))


@pytest.mark.parametrize("task", TASKS)
def test_any_json_object_is_described_or_refused_in_one_line(tmp_path, monkeypatch, task):
    @settings(
        max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(tables(task))
    def each(table):
        told(write(tmp_path / "model.tflite", task, table), task, monkeypatch)

    each()


def test_brackets_and_colons_in_a_cell_are_text(capfd):
    """Which rich takes for markup and emoji if it is let."""
    print_table(["model"], [["[/b] [red]x :smile:"]])
    with busy("verifying [/b].tflite"):
        pass
    assert "[/b] [red]x :smile:" in capfd.readouterr().out
