"""The part of a benchmark file that tells of layers."""

import pytest

from edge_emotion.modelfile import shipped_model
from edge_emotion_device.benchmark import layers
from edge_emotion_device.benchmark.subjects import Subject
from edge_emotion_device.roofline.layers import time_layers


def measured(monkeypatch, *subjects, failures=None):
    monkeypatch.setattr(layers, "time_layers", lambda content, max_s: time_layers(content, 2, 2))
    return layers.measure_layers(subjects, failures or {}, lambda told: None, max_s=1.0)


def test_every_layer_of_a_model_is_a_row_with_its_numbers(monkeypatch):
    subject = Subject.read(shipped_model("emotion"))
    found = measured(monkeypatch, subject)
    (row,) = found["models"]

    assert (row["model"], row["status"]) == (subject.id, "ok")
    assert [layer["number"] for layer in row["layers"]] == list(range(1, len(row["layers"]) + 1))
    assert sum(layer["macs"] for layer in row["layers"]) == subject.as_dict()["macs"]
    assert found["peak_macs_per_s"] > 0 and found["memory_bytes_per_s"] > 0


def test_a_graph_that_cannot_be_cut_is_a_row_that_says_so_and_the_rest_goes_on(
    monkeypatch, tmp_path
):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"TFL3" * 16)
    broken = Subject(broken, broken.read_bytes(), "emotion")
    fine = Subject.read(shipped_model("keypoints"))
    first, second = measured(monkeypatch, broken, fine)["models"]

    assert first["status"] == "failed" and "\n" not in first["error"] and "layers" not in first
    assert second["status"] == "ok"


def test_a_model_that_crashed_on_the_cpu_is_not_run_again(monkeypatch):
    subject = Subject.read(shipped_model("emotion"))
    monkeypatch.setattr(layers, "time_layers", lambda *_, **__: pytest.fail("it was run again"))
    failures = {(subject.id, "cpu"): "it crashed with SIGSEGV"}
    (row,) = layers.measure_layers([subject], failures, lambda told: None, max_s=1.0)["models"]
    assert (row["status"], row["error"]) == ("failed", "it crashed with SIGSEGV")
