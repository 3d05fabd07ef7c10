"""Test vectors of model files, run here."""

from dataclasses import replace

import numpy as np
import pytest

from edge_emotion.detection import CELLS, STRIDES_PX
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion_device.verification import reference_vectors, tolerance_of, verify
from helpers.bright_cells import write_detector
from helpers.graphs import compiled, edited, operator

TASKS = ("emotion", "keypoints")


def variant(tmp_path, task, change=None, **metadata):
    """A shipped model with another graph or metadata, and the shipped one's test vectors."""
    model = read_model(shipped_model(task))
    flatbuffer = edited(model.flatbuffer, change) if change else model.flatbuffer
    path = tmp_path / f"{task}.tflite"
    write_model(path, flatbuffer, replace(model.metadata, **metadata))
    return path


def lose_a_channel(model):
    """The strongest one of 32 in the first convolution: the least that is sure to be noticed."""
    weights = model.buffers[model.subgraphs[0].tensors[operator(model, "CONV_2D").inputs[1]].buffer]
    weights.data = weights.data.copy()
    channels = weights.data.view(np.int8).reshape(32, -1)
    channels[np.argsort(np.abs(channels.astype(int)).sum(axis=1))[-1]] = 0


def lose_the_biases(model):
    bias = model.buffers[model.subgraphs[0].tensors[operator(model, "CONV_2D", 4).inputs[2]].buffer]
    bias.data = np.zeros_like(bias.data)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_shipped_model_computes_here_what_it_was_made_to(task, threads):
    found = verify(shipped_model(task), threads=threads)

    assert found.passed
    assert (found.faces, found.threads) == (32, threads)
    assert [one.kernels for one in found.comparisons] == ["reference", "cpu"]
    assert all(
        one.outputs == 32 * {"emotion": 5, "keypoints": 30}[task] for one in found.comparisons
    )


@pytest.mark.parametrize("task", TASKS)
def test_the_reference_kernels_give_the_stored_bytes_again(task):
    model = read_model(shipped_model(task))
    stored, again = model.metadata.test_vectors, reference_vectors(model.flatbuffer)

    assert (stored.seeds, stored.faces_sha256) == (again.seeds, again.faces_sha256)
    same = sum(one == other for one, other in zip(stored.outputs, again.outputs, strict=True))
    assert same >= 30  # of 32: another version of the runtime may round one face otherwise


@pytest.mark.parametrize("task", TASKS)
def test_the_answers_to_drawn_faces_differ_from_each_other(task):
    """So that a model that always says the same would be noticed."""
    model = read_model(shipped_model(task))
    answers = model.metadata.test_vectors.answers(model.metadata.output)

    assert len(np.unique(answers, axis=0)) >= 30
    assert answers.std(axis=0).max() > 8 * model.metadata.output.scale


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("fault", [lose_a_channel, lose_the_biases])
def test_a_machine_that_computes_otherwise_is_noticed(tmp_path, task, fault):
    found = verify(variant(tmp_path, task, fault))

    assert not found.passed
    assert not any(one.passed for one in found.comparisons)


@pytest.mark.parametrize(
    ("kernels", "format_", "allowed"),
    [
        ("cpu", "float32", (0.25, 0.025)),
        ("cpu", "float16", (0.25, 0.025)),
        ("cpu", "int16x8", (0.25, 0.025)),
        ("cpu", "dynamic", (6.0, 0.15)),
        ("cpu", "int8", (32.0, 3.0)),
        ("edgetpu:usb", "int8", (32.0, 3.0)),
        ("external:lib.so", "float32", (0.25, 0.025)),
        ("reference", "float32", (0.25, 0.025)),
        ("reference", "int8", (8.0, 0.1)),
    ],
)
def test_what_is_allowed_depends_on_kernels_and_format(kernels, format_, allowed):
    shipped = read_model(shipped_model("emotion")).metadata
    vectors = replace(shipped.test_vectors, cpu=None)
    assert tolerance_of(kernels, replace(shipped, format=format_, test_vectors=vectors)) == allowed


def test_an_int8_file_says_what_its_network_needs():
    """Twice and one and a half times what the converter's CPU differed by."""
    shipped = read_model(shipped_model("emotion")).metadata
    vectors = replace(shipped.test_vectors, cpu=(10 / 256, 0.8 / 256))
    metadata = replace(shipped, test_vectors=vectors)

    assert tolerance_of("cpu", metadata) == (20.0, 1.2)
    assert tolerance_of("edgetpu", metadata) == (20.0, 1.2)
    assert tolerance_of("reference", metadata) == (8.0, 0.1)
    exact = replace(metadata, test_vectors=replace(vectors, cpu=(0.0, 0.0)))
    assert tolerance_of("cpu", exact) == (0.25, 0.025)


@pytest.mark.parametrize("task", TASKS)
def test_new_vectors_hold_what_the_cpu_here_differs_by(tmp_path, task):
    model = read_model(shipped_model(task))
    vectors = reference_vectors(model.flatbuffer)
    cpu = verify(variant(tmp_path, task, test_vectors=vectors)).comparisons[1]

    assert cpu.passed
    assert vectors.cpu[0] / model.metadata.output.scale == pytest.approx(cpu.largest, abs=1e-3)
    assert vectors.cpu[1] / model.metadata.output.scale == pytest.approx(cpu.mean, abs=1e-3)
    assert (cpu.tolerance, cpu.mean_tolerance) == pytest.approx(
        (2 * cpu.largest, 1.5 * cpu.mean), abs=2e-3
    )


def test_a_detector_is_asked_one_picture_that_each_of_its_grids_has_faces_in(tmp_path):
    file = write_detector(tmp_path / "detector.tflite")
    metadata = read_model(file).metadata
    answers = metadata.test_vectors.answers(metadata.output)
    found = verify(file)

    assert answers.shape == (1, len(CELLS), 5)
    assert all(answers[:, CELLS.strides == stride, 0].std() > 0.1 for stride in STRIDES_PX)
    assert found.passed and (found.task, found.faces) == ("detector", 1)
    assert [one.outputs for one in found.comparisons] == [5 * len(CELLS)] * 2
    assert found.step == pytest.approx(1 / 127)
    assert tolerance_of("cpu", replace(metadata, format="float32")) == (0.25, 0.025)


def test_a_detector_that_computes_otherwise_is_noticed(tmp_path):
    file = write_detector(tmp_path / "detector.tflite")
    model = read_model(file)

    def blind(graph):
        weights = graph.subgraphs[0].tensors[operator(graph, "CONV_2D", 2).inputs[1]].buffer
        graph.buffers[weights].data = np.zeros_like(graph.buffers[weights].data)

    write_model(file, edited(model.flatbuffer, blind), model.metadata)
    assert not any(one.passed for one in verify(file).comparisons)


def test_what_ran_is_told_where_auto_falls_back_to_the_cpu():
    found = verify(shipped_model("emotion"), delegate="auto")
    assert [one.kernels for one in found.comparisons] == ["reference", "cpu"]


def test_a_tolerance_is_for_the_delegate_alone(tmp_path):
    path = variant(tmp_path, "keypoints", lose_a_channel)
    reference, cpu = verify(path, tolerance=100).comparisons

    assert (reference.passed, cpu.passed) == (False, True)
    assert (cpu.tolerance, cpu.mean_tolerance) == (100, 12.5)


def test_without_any_tolerance_rounding_is_too_much():
    assert not verify(shipped_model("emotion"), tolerance=0).passed


@pytest.mark.parametrize(("task", "step"), [("emotion", 1 / 256), ("keypoints", 20 / 128)])
def test_a_step_is_told_in_probability_or_pixels(task, step):
    assert verify(shipped_model(task)).step == pytest.approx(step)


def test_a_compiled_model_is_not_given_to_the_reference_kernels(tmp_path):
    model = read_model(shipped_model("emotion"))
    path = tmp_path / "emotion_edgetpu.tflite"
    facts = replace(model.metadata, edgetpu={"operations": 21, "mapped": 21})
    write_model(path, compiled(model.flatbuffer), facts)

    with pytest.raises(EdgeEmotionError, match="cannot run with --delegate cpu") as caught:
        verify(path)
    assert "edgetpu-custom-op" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test_vectors": None}, "has no test vectors; expected a model converted by this version"),
        ({"faces_sha256": "0" * 64}, "are drawn otherwise by this version"),
        ({"outputs": ("00",) * 32}, "do not fit its output"),
    ],
)
def test_vectors_that_are_missing_or_wrong_are_one_line(tmp_path, change, message):
    vectors = read_model(shipped_model("emotion")).metadata.test_vectors
    changed = None if "test_vectors" in change else replace(vectors, **change)
    path = variant(tmp_path, "emotion", test_vectors=changed)

    with pytest.raises(EdgeEmotionError, match=message) as caught:
        verify(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tolerance": -1.0}, WrongUse, "a tolerance of -1.0 steps; expected 0 or more"),
        ({"tolerance": float("nan")}, WrongUse, "a tolerance of nan steps"),
        ({"threads": 0}, WrongUse, "0 threads"),
        ({"delegate": "gpu"}, WrongUse, "unknown delegate 'gpu'"),
        ({"delegate": "external:/no/lib.so"}, EdgeEmotionError, "cannot be loaded"),
    ],
)
def test_wrong_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        verify(shipped_model("emotion"), **options)
