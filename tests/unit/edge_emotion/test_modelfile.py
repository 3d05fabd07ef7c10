import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import (
    ModelFile,
    ModelMetadata,
    Task,
    read_model,
    shipped_model,
    shipped_tasks,
    write_model,
)
from edge_emotion.quantization import TensorSpec

FLATBUFFER = b"\x20\x00\x00\x00TFL3" + bytes(range(256)) * 2
EMOTION = ModelMetadata(
    task="emotion",
    labels=EMOTIONS,
    input=TensorSpec((1, 48, 48, 1), "uint8", 1 / 255, 0),
    output=TensorSpec((1, 5), "uint8", 1 / 256, 0),
    architecture={"name": "resblock-edge", "macs": 31_000_000},
    accuracy={"int8": {"accuracy": 0.81}},
    versions={"edge-emotion": "0.1.0"},
    license="Apache-2.0",
)
MEAN_FACE = tuple((float(i), 2.0 * i) for i in range(15))
KEYPOINT = ModelMetadata(
    task="keypoints",
    labels=KEYPOINTS,
    input=TensorSpec((1, 96, 96, 1), "uint8", 1 / 255, 0),
    output=TensorSpec((1, 30), "int8", 1 / 128, 0),
    mean_face=MEAN_FACE,
    offset_limit_px=20.0,
)
DETECTOR = ModelMetadata(
    task="detector",
    labels=("face",),
    input=TensorSpec((1, 192, 192, 1), "uint8", 1 / 255, 0),
    output=TensorSpec((1, 756, 5), "int8", 1 / 128, 0),
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_model(tmp_path / "emotion.tflite", FLATBUFFER, EMOTION)
    return tmp_path / "emotion.tflite"


def _refusal(path: Path, **options: Any) -> str:
    with pytest.raises(EdgeEmotionError) as caught:
        read_model(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def _rewrite_metadata(path: Path, **changes: Any) -> None:
    """Put other metadata behind the same flatbuffer, as another program might."""
    with zipfile.ZipFile(path) as archive:
        table = json.loads(archive.read("metadata.json"))
    path.write_bytes(FLATBUFFER)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("metadata.json", json.dumps({**table, **changes}))


@pytest.mark.parametrize(
    "metadata",
    [
        EMOTION,
        replace(EMOTION, undecided_below=0.53),
        replace(EMOTION, architecture={"macs": 10**18}),
        KEYPOINT,
        replace(KEYPOINT, offset_limit_px=0.5),
        DETECTOR,
    ],
)
def test_what_was_written_is_read(tmp_path: Path, metadata: ModelMetadata):
    path = tmp_path / "model.tflite"
    write_model(path, FLATBUFFER, metadata)
    model = read_model(path, metadata.task)
    assert model.flatbuffer == FLATBUFFER
    assert len(model.metadata.flatbuffer_sha256) == 64
    assert replace(model.metadata, flatbuffer_sha256="") == metadata


def test_the_same_contents_give_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        write_model(tmp_path / name, FLATBUFFER, KEYPOINT)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_file_starts_with_the_flatbuffer_alone(model: Path):
    assert model.read_bytes().startswith(FLATBUFFER + b"PK")


def test_any_zip_tool_reads_the_metadata(model: Path):
    listing = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(model)], capture_output=True, text=True
    )
    assert "metadata.json" in listing.stdout
    with zipfile.ZipFile(model) as archive:
        table = json.loads(archive.read("metadata.json"))
    assert (table["schema"], table["task"], table["labels"]) == (1, "emotion", list(EMOTIONS))
    assert table["input"]["shape"] == [1, 48, 48, 1]


def test_a_model_truncated_at_any_byte_is_refused_in_one_line(model: Path):
    content = model.read_bytes()
    for size in range(len(content)):
        model.write_bytes(content[:size])
        assert "truncated or no model" in _refusal(model)


def test_a_changed_byte_in_the_flatbuffer_is_refused_in_one_line(model: Path):
    content = model.read_bytes()
    for place in range(len(FLATBUFFER)):
        model.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        assert "checksum differs" in _refusal(model)


@pytest.mark.parametrize("bit", range(8))
def test_a_changed_bit_in_the_archive_changes_nothing_or_is_refused(model: Path, bit: int):
    content, whole = model.read_bytes(), read_model(model)
    for place in range(len(FLATBUFFER), len(content)):
        changed = bytes([content[place] ^ 1 << bit])
        model.write_bytes(content[:place] + changed + content[place + 1 :])
        try:
            found = read_model(model)
        except EdgeEmotionError as error:
            assert "\n" not in str(error)
        else:
            assert found == whole, f"byte {place} of {len(content)}"


def test_a_models_tail_may_be_written_again(model: Path):
    """As after the Edge TPU's compiler, which keeps the flatbuffer and drops the tail."""
    read = read_model(model)
    write_model(model, FLATBUFFER + b"compiled", read.metadata)
    assert read_model(model).flatbuffer == FLATBUFFER + b"compiled"


def test_a_flatbuffer_with_a_tail_gets_no_second_one(model: Path):
    with pytest.raises(ValueError, match="carries an archive already; expected it alone"):
        write_model(model, model.read_bytes(), EMOTION)


@pytest.mark.parametrize("content", [b"", FLATBUFFER, b"PK\x05\x06" + bytes(18), b"\x00" * 1000])
def test_a_foreign_file_is_refused_in_one_line(tmp_path: Path, content: bytes):
    path = tmp_path / "foreign.tflite"
    path.write_bytes(content)
    assert "expected a .tflite made by edge-emotion convert" in _refusal(path)


def test_a_missing_model_names_its_path_and_the_way_out(tmp_path: Path):
    message = _refusal(tmp_path / "none.tflite")
    assert "No such file" in message
    assert "leave it out to use the shipped model" in message


def test_a_folder_is_no_model(tmp_path: Path):
    assert "Is a directory" in _refusal(tmp_path)


def test_a_model_of_the_other_task_is_refused(model: Path):
    message = _refusal(model, task="keypoints")
    assert message.endswith(
        "is a model for emotion; expected one for keypoints; give it with --emotion"
    )


def test_a_detector_in_anothers_place_is_told_where_it_belongs(tmp_path: Path):
    path = tmp_path / "detector.tflite"
    write_model(path, FLATBUFFER, DETECTOR)
    assert _refusal(path, task="emotion").endswith(f"; give it with --detector net:{path}")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 2}, "another schema of metadata; update edge-emotion"),
        ({"task": "age"}, "expected one of emotion, keypoints, detector"),
        ({"labels": ["Angry"]}, "labels"),
        ({"labels": 5}, "cannot be used"),
        (
            {"input": {"shape": [1, 96, 96, 1], "dtype": "float32"}},
            ": input shape (1, 96, 96, 1); expected (1, 48, 48, 1)",
        ),
        (
            {"output": {"shape": [1, 7], "dtype": "float32"}},
            ": output shape (1, 7); expected (1, 5)",
        ),
        ({"output": {"shape": [1, 5], "dtype": "float64"}}, "a tensor of float64"),
        ({"output": None}, "cannot be used"),
        ({"undecided_below": 1.0}, "undecided_below 1.0; expected from 0 to 1"),
        ({"undecided_below": "half"}, "undecided_below of type str"),
        ({"undecided_below": -0.1}, "undecided_below -0.1; expected from 0 to 1"),
        ({"architecture": {"macs": 10**18 + 1}}, "architecture.macs beyond 1e+18"),
        ({"architecture": {"macs": True}}, "architecture.macs of type bool"),
        ({"colour": "red"}, "colour"),
        ({"flatbuffer_sha256": "0" * 64}, "checksum differs"),
    ],
)
def test_metadata_that_cannot_be_is_refused_in_one_line(
    model: Path, changes: dict[str, Any], message: str
):
    _rewrite_metadata(model, **changes)
    assert message in _refusal(model)


@pytest.mark.parametrize("text", ["[]", "null", "7", '"x"', "{}", "{", "\x00"])
def test_metadata_of_another_kind_is_refused_in_one_line(tmp_path: Path, text: str):
    path = tmp_path / "model.tflite"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", text)
    _refusal(path)


def test_metadata_of_more_than_a_mebibyte_is_not_unpacked(model: Path):
    with zipfile.ZipFile(model) as archive:
        text = archive.read("metadata.json")
    for size, is_read in (1 << 20, True), ((1 << 20) + 1, False):
        model.write_bytes(FLATBUFFER)
        with zipfile.ZipFile(model, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("metadata.json", text.ljust(size))
        if is_read:
            assert read_model(model).flatbuffer == FLATBUFFER
        else:
            assert "carries no readable metadata.json" in _refusal(model)


def test_a_file_of_more_than_256_mebibytes_is_not_read(tmp_path: Path):
    path = tmp_path / "large.tflite"
    path.touch()
    os.truncate(path, (256 << 20) + 1)  # a hole: it takes no place on the disk
    assert "is larger than 256 MiB" in _refusal(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"mean_face": None},
        {"mean_face": MEAN_FACE[:14]},
        {"mean_face": [*MEAN_FACE[:14], (0.0, float("nan"))]},
        {"offset_limit_px": None},
        {"offset_limit_px": 0.0},
        {"offset_limit_px": -20.0},
        {"offset_limit_px": float("inf")},
    ],
)
def test_keypoints_need_their_mean_face_and_unit(changes: dict[str, Any]):
    with pytest.raises(ValueError, match=r"expected|no finite number"):
        replace(KEYPOINT, **changes)


@pytest.mark.parametrize(
    ("tensor", "changes"),
    [
        ("input", {"dtype": "int8"}),
        ("input", {"scale": 0.00368}),
        ("input", {"zero_point": 1}),
        ("output", {"shape": (1, 7)}),
    ],
)
def test_tensors_unlike_the_metadata_are_refused(model: Path, tensor: str, changes: dict[str, Any]):
    file = read_model(model)
    found = {"input": EMOTION.input, "output": EMOTION.output}
    file.check_tensors(found["input"], found["output"])
    found[tensor] = replace(found[tensor], **changes)
    with pytest.raises(EdgeEmotionError, match=f"its {tensor} tensor is .* by its metadata"):
        file.check_tensors(found["input"], found["output"])


def test_a_scale_may_differ_by_the_rounding_of_float32(model: Path):
    rounded = replace(EMOTION.input, scale=float(np.float32(1 / 255)))
    read_model(model).check_tensors(rounded, EMOTION.output)


@pytest.mark.parametrize("task", shipped_tasks())
def test_a_shipped_model_names_no_place_on_the_machine_that_made_it(task: Task):
    with zipfile.ZipFile(shipped_model(task)) as archive:
        metadata = archive.read("metadata.json").decode()
    assert re.findall(r'"(?:/|~|[A-Za-z]:\\\\)[^"]*"', metadata) == []


def test_shipped_models_are_named_by_their_task():
    assert shipped_model("emotion").name == "emotion.tflite"
    assert shipped_model("emotion").parent.name == "models"


def test_a_model_does_not_print_its_bytes(model: Path):
    assert isinstance(read_model(model), ModelFile)
    assert "TFL3" not in repr(read_model(model))
