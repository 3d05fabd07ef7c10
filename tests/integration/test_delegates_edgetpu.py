"""Models compiled for the Edge TPU: what runs them, and falling back to the CPU where nothing does.

A library stands for libedgetpu that takes the compiled operator and answers with the first pixels.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion_device import interpreter, load_emotion
from edge_emotion_device.delegates import edgetpu, trial
from edge_emotion_device.delegates.choice import warn_once
from edge_emotion_device.delegates.edgetpu import EdgeTpu
from edge_emotion_device.delegates.operators import OperatorsPlaced
from edge_emotion_device.interpreter import load_networks
from edge_emotion_device.verification import verify
from helpers.bright_cells import write_detector
from helpers.commands import is_one_line
from helpers.delegates import FOR_EDGETPU, compiled_library, logged
from helpers.graphs import compiled
from helpers.refusals import refusal

CRASHES_WHEN_LOADED = "__attribute__((constructor)) static void f(void) { __builtin_trap(); }"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder of libraries in the place of libedgetpu: one that works, and two that do not."""
    folder = tmp_path_factory.mktemp("libraries")
    compiled_library(folder / "libedgetpu.fake.so", None, FOR_EDGETPU)
    compiled_library(folder / "libedgetpu.idle.so")
    compiled_library(folder / "libcrash.so", CRASHES_WHEN_LOADED)
    compiled_library(folder / "libfake.so")
    return folder


@pytest.fixture(autouse=True)
def nothing_tried_or_said(monkeypatch):
    monkeypatch.setattr(trial, "_passed", set())
    warn_once.cache_clear()


def face() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)


@pytest.fixture
def models(tmp_path):
    """A folder with an int8 file of each task and its compiled one beside it."""
    for task in ("emotion", "keypoints"):
        file = read_model(shipped_model(task))
        write_model(tmp_path / f"{task}.tflite", file.flatbuffer, file.metadata)
        facts = {"mapped": 21, "int8_sha256": file.metadata.flatbuffer_sha256}
        write_model(
            tmp_path / f"{task}_edgetpu.tflite",
            compiled(file.flatbuffer),
            replace(file.metadata, edgetpu=facts),
        )
    return tmp_path


@pytest.fixture
def library(built, monkeypatch):
    """Puts a library in the place of libedgetpu."""
    return lambda name: monkeypatch.setattr(edgetpu, "LIBRARY", str(built / name))


def test_a_compiled_model_runs_on_the_edge_tpu(built, models):
    name = f"external:{built / 'libedgetpu.fake.so'}"
    with load_emotion(models / "emotion_edgetpu.tflite", name) as model:
        assert model.operators == OperatorsPlaced(1, 0, 1)
        answered = model.run(face())
    np.testing.assert_array_equal(answered, face()[0, :5] / np.float32(256))


@pytest.mark.parametrize(
    ("file", "delegate", "said"),
    [
        ("emotion_edgetpu.tflite", "cpu", "use --delegate edgetpu, or give emotion.tflite"),
        ("emotion.tflite", "edgetpu", "expected a file of convert --edgetpu"),
        ("emotion.tflite", "edgetpu:usb", "is not compiled for the Edge TPU"),
    ],
)
def test_a_model_that_does_not_suit_its_delegate_is_wrong_use(models, file, delegate, said):
    with pytest.raises(WrongUse) as caught:
        load_emotion(models / file, delegate)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_compiled_model_on_another_accelerator_is_refused(built, models):
    name = f"external:{built / 'libfake.so'}"
    message = refusal(lambda: load_emotion(models / "emotion_edgetpu.tflite", name))
    assert "edgetpu-custom-op" in message and "not compiled for the Edge TPU" in message


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("libnot.so", "there is no such file"),
        ("libedgetpu.idle.so", "edgetpu-custom-op"),  # which it leaves to the CPU
        ("libcrash.so", "crashed with SIGILL"),
    ],
)
def test_auto_falls_back_to_the_uncompiled_files_and_says_so_once(
    models, library, capfd, name, why
):
    library(name)
    networks = load_networks(
        models / "emotion_edgetpu.tflite", models / "keypoints_edgetpu.tflite", delegate="auto"
    )
    with networks.emotion as emotion, networks.keypoints as keypoints, load_emotion() as plain:
        assert (emotion.delegate, emotion.path) == ("cpu", models / "emotion.tflite")
        assert (keypoints.delegate, keypoints.path) == ("cpu", models / "keypoints.tflite")
        np.testing.assert_array_equal(emotion.run(face()), plain.run(face()))
    told = capfd.readouterr().err
    assert why in told and is_one_line(told)
    assert told.endswith("; using the CPU and the uncompiled models\n")


def test_the_shipped_detector_stays_on_the_cpu_beside_compiled_networks(
    models, library, capfd, monkeypatch
):
    library("libedgetpu.fake.so")
    shipped = write_detector(models / "shipped.tflite")
    monkeypatch.setattr(interpreter, "shipped_model", lambda task: shipped)
    names = [models / f"{task}_edgetpu.tflite" for task in ("emotion", "keypoints")]
    networks = load_networks(*names, shipped, delegate="edgetpu")
    assert [model.delegate for model in networks.all] == ["cpu", "edgetpu", "edgetpu"]
    networks.close()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("is_compiled", "delegate"), [(True, "edgetpu"), (False, None)])
def test_a_detector_of_ones_own_goes_where_the_others_go(models, library, is_compiled, delegate):
    library("libedgetpu.fake.so")
    file = write_detector(models / "detector.tflite")
    if is_compiled:
        model = read_model(file)
        write_model(file, compiled(model.flatbuffer), model.metadata)
    names = [models / f"{task}_edgetpu.tflite" for task in ("emotion", "keypoints")]
    if delegate is None:
        message = refusal(lambda: load_networks(*names, file, delegate="edgetpu"))
        assert "detector.tflite is not compiled for the Edge TPU" in message
        return
    networks = load_networks(*names, file, delegate="edgetpu")
    assert {model.delegate for model in networks.all} == {delegate}
    networks.close()


def test_a_compiled_model_alone_cannot_fall_back(models, library):
    library("libnot.so")
    (models / "emotion.tflite").unlink()
    message = refusal(lambda: load_emotion(models / "emotion_edgetpu.tflite", "auto"))
    assert "is compiled for an Edge TPU and cannot run without" in message
    assert "there is no such file" in message and "emotion.tflite" in message


def test_a_file_that_it_was_not_compiled_from_is_not_taken(models, library):
    library("libnot.so")
    other = read_model(models / "emotion.tflite")
    write_model(models / "emotion.tflite", other.flatbuffer + b"\0", other.metadata)
    message = refusal(lambda: load_emotion(models / "emotion_edgetpu.tflite", "auto"))
    assert "cannot run without" in message


def test_a_compiled_model_is_not_verified_by_the_one_it_was_compiled_from(models, library):
    library("libnot.so")
    message = refusal(lambda: verify(models / "emotion_edgetpu.tflite", "auto"))
    assert "cannot run without" in message


def test_one_that_another_program_has_is_not_taken_from_it(models, built, monkeypatch, tmp_path):
    monkeypatch.setattr(edgetpu, "connected", lambda: [EdgeTpu("usb", Path("/dev/x"), True, True)])
    name = f"external:{built / 'libedgetpu.fake.so'},log={tmp_path / 'log'}"
    message = refusal(lambda: load_emotion(models / "emotion_edgetpu.tflite", name))
    assert "in use by another program; end that one" in message
    assert logged(tmp_path / "log") == []


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([], "no accelerator: no Edge TPU is connected; using the CPU"),
        ([EdgeTpu("usb", None, True)], "emotion.tflite is not compiled for the Edge TPU: the CPU"),
    ],
)
def test_auto_runs_uncompiled_models_on_the_cpu(monkeypatch, capfd, there, said):
    monkeypatch.setattr(edgetpu, "connected", lambda: there)
    for _ in range(2):
        with load_emotion(delegate="auto") as model:
            assert model.delegate == "cpu"
    told = capfd.readouterr().err
    assert said in told and is_one_line(told)


def test_auto_takes_the_edge_tpu_where_it_runs_the_model(models, library, capfd):
    library("libedgetpu.fake.so")
    with load_emotion(models / "emotion_edgetpu.tflite", "auto") as model:
        assert (model.delegate, model.operators) == ("edgetpu", OperatorsPlaced(1, 0, 1))
    assert capfd.readouterr().err == ""
