"""Faces by seed, and the answers to them, in a model file."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion.quantization import TensorSpec
from edge_emotion.testvectors import TestVectors, draw_faces, draw_pictures

EMOTION = TensorSpec((1, 5), "uint8", 1 / 256, 0)
FACES = draw_faces(range(3), 48)
VECTORS = TestVectors.of((0, 1, 2), FACES, [bytes([0, 64, 128, 0, 64])] * 3)


@pytest.mark.parametrize(
    ("side", "sha256"),
    [
        (48, "7998fa499b4887e9219ca9341be241a01e177d90912672c19e5b5305377a0165"),
        (96, "9cf221042a736ebe79f53c5a7f21a6c90bde2342a59697061b9546a154d018b2"),
        (192, "c717c6b5931bff19a5b481bac6224fe8d19db1aba68f5ab43d3ce44de97a89e7"),
    ],
)
def test_a_seed_gives_the_same_bytes_on_every_machine(side, sha256):
    faces = draw_pictures(range(4), side)
    assert TestVectors.of((0, 1, 2, 3), faces, [b""] * 4).faces_sha256 == sha256


def test_the_detector_gets_faces_of_three_sizes():
    pictures = draw_pictures(range(2), 192)
    assert (pictures.shape, pictures.dtype) == ((2, 192, 192), np.uint8)
    for quarter, side in ((pictures[:, :96, :96], 96), (pictures[:, :48, 96:144], 48)):
        np.testing.assert_array_equal(quarter, draw_faces(range(2), side))
    np.testing.assert_array_equal(pictures[:, 168:, 72:96], draw_faces(range(2), 24))
    np.testing.assert_array_equal(draw_pictures(range(2), 96), draw_faces(range(2), 96))


def test_faces_differ_and_use_most_of_the_gray_values():
    faces = draw_faces(range(32), 96)
    assert (faces.shape, faces.dtype) == ((32, 96, 96), np.uint8)
    assert len({face.tobytes() for face in faces}) == 32
    assert faces.min() < 10 and faces.max() > 245


def test_answers_are_the_real_values_of_the_output():
    assert VECTORS.answers(EMOTION).tolist() == [[0.0, 0.25, 0.5, 0.0, 0.25]] * 3


@pytest.mark.parametrize("dtype", ["int8", "int16", "float32"])
def test_outputs_of_any_format_are_read_as_little_endian(dtype):
    spec = TensorSpec((1, 2), dtype, 0.0 if dtype == "float32" else 0.5, 0)
    values = np.array([3, -7], np.dtype(dtype).newbyteorder("<"))
    vectors = TestVectors.of((0,), FACES[:1], [values.tobytes()])
    step = spec.scale or 1.0
    assert vectors.answers(spec).tolist() == [[3 * step, -7 * step]]


def test_what_was_written_is_read(tmp_path):
    model = read_model(shipped_model("emotion"))
    path = tmp_path / "model.tflite"
    write_model(path, model.flatbuffer, replace(model.metadata, test_vectors=VECTORS))
    assert read_model(path).metadata.test_vectors == VECTORS


def test_how_far_the_cpu_was_off_is_read_too(tmp_path):
    model = read_model(shipped_model("emotion"))
    path = tmp_path / "model.tflite"
    vectors = replace(VECTORS, cpu=(0.0625, 0.005))
    write_model(path, model.flatbuffer, replace(model.metadata, test_vectors=vectors))
    assert read_model(path).metadata.test_vectors == vectors


def _rewritten(path, change):
    """A shipped model with other metadata behind it."""
    model = read_model(shipped_model("emotion"))
    with zipfile.ZipFile(model.path) as archive:
        table = json.loads(archive.read("metadata.json"))
    change(table)
    path.write_bytes(model.flatbuffer)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("metadata.json", json.dumps(table))
    return path


def test_a_file_of_an_earlier_version_has_none_and_is_read(tmp_path):
    def earlier(table):
        del table["test_vectors"], table["edgetpu"]

    metadata = read_model(_rewritten(tmp_path / "model.tflite", earlier)).metadata
    assert metadata.test_vectors is None and metadata.edgetpu == {}


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": []},
        {"seeds": [1, 2]},
        {"outputs": None},
        {"faces_sha256": None, "seeds": 5},
        {"cpu": [0.1]},
        {"cpu": "far"},
        {"cpu": [float("nan"), 0.0]},
        {"cpu": [float("inf"), 0.0]},
        {"cpu": [0.1, -0.1]},
    ],
)
def test_vectors_that_cannot_be_are_refused_in_one_line(tmp_path, change):
    path = _rewritten(tmp_path / "m.tflite", lambda table: table["test_vectors"].update(change))
    with pytest.raises(EdgeEmotionError, match="its metadata cannot be used") as caught:
        read_model(path)
    assert "\n" not in str(caught.value)


def test_at_most_512_pictures_are_drawn():
    assert len(TestVectors(tuple(range(512)), "", 512 * ("00",)).outputs) == 512
    with pytest.raises(ValueError, match="513 test vectors; expected at most 512"):
        TestVectors(tuple(range(513)), "", 513 * ("00",))


def test_two_runtimes_may_agree_to_the_bit():
    assert replace(VECTORS, cpu=(0.0, 0.0)).cpu == (0.0, 0.0)


def test_faces_that_are_drawn_otherwise_are_noticed():
    with pytest.raises(EdgeEmotionError, match="drawn otherwise by this version"):
        replace(VECTORS, faces_sha256="0" * 64).faces(48)


@pytest.mark.parametrize("output", ["", "00ff", "no hex", 7])
def test_outputs_that_do_not_fit_the_tensor_are_refused(output):
    with pytest.raises(EdgeEmotionError, match=r"do not fit its output .* 5 values of uint8"):
        replace(VECTORS, outputs=(output,) * 3).answers(EMOTION)
