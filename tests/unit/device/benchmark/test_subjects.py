"""Which models are measured, and which of them go together."""

import shutil
from dataclasses import replace

import pytest

from edge_emotion.modelfile import read_model, shipped_model, shipped_tasks, write_model
from edge_emotion_device.benchmark.subjects import (
    Subject,
    completed,
    delegates_for,
    read_subjects,
    teams,
)
from helpers.bright_cells import write_detector
from helpers.graphs import compiled
from helpers.refusals import refusal


@pytest.fixture
def models(tmp_path):
    """Write a shipped model as of another format, or compiled for an Edge TPU."""

    def write(name, task="emotion", is_compiled=False, **changes):
        file, path = read_model(shipped_model(task)), tmp_path / name
        flatbuffer = compiled(file.flatbuffer) if is_compiled else file.flatbuffer
        path.parent.mkdir(exist_ok=True)
        write_model(path, flatbuffer, replace(file.metadata, **changes))
        return path

    return write


def ids(found):
    return [tuple(one and one.path.stem for one in team) for team in found]


def test_the_shipped_models_by_name():
    emotion, keypoints = read_subjects(["emotion", "keypoints"])
    told = emotion.as_dict()
    assert told["id"].startswith("emotion-") and told["id"].endswith(told["sha256"][:8])
    facts = (told["name"], told["format"], told["task"])
    assert facts == ("emotion-redistilled", "int8", "emotion")
    assert told["size_bytes"] == shipped_model("emotion").stat().st_size
    assert told["macs"] > 25e6 and not told["peer"]
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
    assert ids(teams(found)) == [("e8", "k8", None), ("e32", "k16", None), ("e8", "k16", None)]


def test_each_detector_is_in_a_team_with_those_of_its_format(models, tmp_path):
    write_detector(tmp_path / "d8.tflite")
    write_detector(tmp_path / "d32.tflite", format="float32", license="another")
    names = [models("e8.tflite"), models("k8.tflite", "keypoints")]
    names += [models("k32.tflite", "keypoints", format="float32")]
    found = read_subjects([str(name) for name in (*names, tmp_path / "d8.tflite")])
    assert ids(teams(found)) == [("e8", "k8", "d8"), ("e8", "k32", "d8")]
    found += read_subjects([str(tmp_path / "d32.tflite")])
    assert ids(teams(found)) == [
        ("e8", "k8", "d8"),
        ("e8", "k32", "d32"),
    ]


def test_a_model_alone_goes_with_the_shipped_one(models):
    (alone,) = read_subjects([str(models("mine.tflite", "keypoints"))])
    mine, shipped, *detector = completed([alone])
    assert (mine, shipped.path) == (alone, shipped_model("emotion"))
    assert len(detector) == len(shipped_tasks()) - 2
    assert teams([mine, shipped]) == [(shipped, mine, None)]
    assert completed([mine, shipped, *detector]) == [mine, shipped, *detector]


def test_a_model_runs_where_it_is_made_for(models):
    plain, for_edgetpu = read_subjects(
        [str(models("a.tflite")), str(models("a_edgetpu.tflite", is_compiled=True))]
    )
    both = ("cpu", "edgetpu:usb", "external:x.so")
    assert delegates_for(plain, both) == ["cpu", "external:x.so"]
    assert delegates_for(for_edgetpu, both) == ["edgetpu:usb", "external:x.so"]
    assert delegates_for(for_edgetpu, ["cpu"]) == ["cpu"]  # and fails with a line that says why


def test_a_compiled_file_tells_what_it_was_compiled_from(models):
    facts = {"int8_sha256": "4f" * 32}
    plain, for_edgetpu = read_subjects(
        [str(models("a.tflite")), str(models("a_edgetpu.tflite", is_compiled=True, edgetpu=facts))]
    )
    told = for_edgetpu.as_dict()
    assert (told["compiled"], told["int8_sha256"]) == (True, "4f" * 32)
    assert plain.as_dict()["int8_sha256"] is None


def test_the_faces_are_different_and_no_constants():
    (subject,) = read_subjects(["emotion"])
    faces = subject.inputs(subject.metadata.input)
    assert {face.shape for face in faces} == {(1, 48, 48, 1)}
    assert len({face.tobytes() for face in faces}) == len(faces)
    assert min(face.std() for face in faces) > 10


def test_two_adapters_of_one_file_are_two(tmp_path):
    (tmp_path / "theirs.tflite").write_bytes(read_model(shipped_model("emotion")).flatbuffer)
    text = (
        'name = "theirs"\nmodel = "theirs.tflite"\ntask = "emotion"\n'
        '[input]\nside_px = 48\n[output]\nclasses = ["Angry", "Disgust", "Sad", "Happy", ""]\n'
    )
    texts = (text, text.replace('"Happy"', '"Surprise"'), text + "# the first again\n")
    for place, adapter in enumerate(texts):
        (tmp_path / f"{place}.toml").write_text(adapter)
    found = read_subjects([str(tmp_path / f"{place}.toml") for place in range(3)])
    assert len(found) == len({one.id for one in found}) == 2
    assert len({one.as_dict()["adapter_sha256"] for one in found}) == 2
    assert len({one.as_dict()["sha256"] for one in found}) == 1


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
    assert told["macs"] > 25e6
    assert peer.inputs(file.metadata.input)[0].shape == (1, 48, 48, 1)
    assert teams(completed([peer])) == []
    shutil.rmtree(tmp_path)  # all of it was read
