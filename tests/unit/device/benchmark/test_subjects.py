"""Which models are measured, and which of them go together."""

import shutil
from dataclasses import replace

import pytest

from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion_device.benchmark.subjects import (
    Subject,
    completed,
    delegates_for,
    pairs,
    read_subjects,
)
from helpers.graphs import compiled
from helpers.refusals import refusal


@pytest.fixture
def models(tmp_path):
    """Write a shipped model as of another format, or compiled for an Edge TPU."""

    def write(name, task="emotion", edgetpu=False, **changes):
        file, path = read_model(shipped_model(task)), tmp_path / name
        flatbuffer = compiled(file.flatbuffer) if edgetpu else file.flatbuffer
        path.parent.mkdir(exist_ok=True)
        write_model(path, flatbuffer, replace(file.metadata, **changes))
        return path

    return write


def ids(found):
    return [(emotion.path.stem, points.path.stem) for emotion, points in found]


def test_the_shipped_models_by_name():
    emotion, keypoints = read_subjects(["emotion", "keypoints"])
    told = emotion.as_dict()
    assert told["id"].startswith("emotion-") and told["id"].endswith(told["sha256"][:8])
    assert (told["name"], told["format"], told["task"]) == ("emotion-edge", "int8", "emotion")
    assert told["size_bytes"] == shipped_model("emotion").stat().st_size
    assert told["macs"] > 30e6 and not told["peer"]
    assert told["accuracy"] == read_model(shipped_model("emotion")).metadata.accuracy
    assert keypoints.as_dict()["task"] == "keypoints"


def test_a_folder_is_all_its_models_and_what_is_none_is_named(models, tmp_path, capsys):
    models("a/emotion_int8.tflite")
    models("a/emotion_float32.tflite", format="float32")
    (tmp_path / "a/emotion_int8.tflite.rejected").write_bytes(b"")
    (tmp_path / "a/broken.tflite").write_bytes(b"metadata.json")
    found = read_subjects([str(tmp_path / "a")])
    assert [subject.format for subject in found] == ["float32", "int8"]
    assert "broken.tflite" in capsys.readouterr().err


def test_the_same_file_twice_is_one(models):
    path = models("one.tflite")
    assert len(read_subjects([str(path), str(path)])) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot read the model"),
        (b"", "carries no metadata.json"),
        (b"text, and no model at all", "describe another's model in an adapter"),
        (b"metadata.json", "truncated or no model of this toolkit"),
    ],
)
def test_a_file_that_is_no_model(tmp_path, content, told):
    path = tmp_path / "it.tflite"
    if content is not None:
        path.write_bytes(content)
    assert told in refusal(lambda: read_subjects([str(path)]))


def test_a_folder_without_models(tmp_path):
    assert "no .tflite" in refusal(lambda: read_subjects([str(tmp_path)]))


def test_a_partner_is_of_the_same_format_else_the_first(models):
    found = read_subjects(
        [
            str(models("e8.tflite")),
            str(models("e32.tflite", format="float32")),
            str(models("k16.tflite", "keypoints", format="float16")),
            str(models("k8.tflite", "keypoints")),
        ]
    )
    assert ids(pairs(found)) == [("e8", "k8"), ("e32", "k16"), ("e8", "k16")]


def test_a_model_alone_goes_with_the_shipped_one(models):
    (alone,) = read_subjects([str(models("mine.tflite", "keypoints"))])
    mine, shipped = completed([alone])
    assert (mine, shipped.path) == (alone, shipped_model("emotion"))
    assert pairs([mine, shipped]) == [(shipped, mine)]
    assert completed([mine, shipped]) == [mine, shipped]


def test_a_model_runs_where_it_is_made_for(models):
    plain, for_edgetpu = read_subjects(
        [str(models("a.tflite")), str(models("a_edgetpu.tflite", edgetpu=True))]
    )
    both = ("cpu", "edgetpu:usb", "external:x.so")
    assert delegates_for(plain, both) == ["cpu", "external:x.so"]
    assert delegates_for(for_edgetpu, both) == ["edgetpu:usb", "external:x.so"]
    assert delegates_for(for_edgetpu, ["cpu"]) == ["cpu"]  # and fails with a line that says why


def test_the_faces_are_different_and_no_constants():
    (subject,) = read_subjects(["emotion"])
    faces = subject.inputs(subject.metadata.input)
    assert {face.shape for face in faces} == {(1, 48, 48, 1)}
    assert len({face.tobytes() for face in faces}) == len(faces)
    assert min(face.std() for face in faces) > 10


def test_peers_are_measured_but_not_in_the_frame_path(tmp_path):
    file = read_model(shipped_model("emotion"))
    (tmp_path / "theirs.tflite").write_bytes(file.flatbuffer)
    adapter = tmp_path / "theirs.toml"
    adapter.write_text(
        'name = "theirs"\nmodel = "theirs.tflite"\ntask = "emotion"\nsource = "a shop"\n'
        '[input]\nside_px = 48\n[output]\nclasses = ["Angry", "Disgust", "Sad", "Happy", ""]\n'
    )
    peer = Subject.read(adapter)
    told = peer.as_dict()
    assert (told["name"], told["peer"], told["source"]) == ("theirs", True, "a shop")
    assert (told["format"], told["accuracy"]) == ("int8", None)
    assert told["macs"] > 30e6
    assert peer.inputs(file.metadata.input)[0].shape == (1, 48, 48, 1)
    assert pairs(completed([peer])) == []
    shutil.rmtree(tmp_path)  # all of it was read
