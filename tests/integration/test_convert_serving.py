"""The SavedModel for TensorFlow Serving, loaded by a process that knows nothing of ours."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from edge_emotion import files
from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert import serving
from edge_emotion_convert.convert import convert
from edge_emotion_convert.serving import VERSION, write_saved_model
from edge_emotion_convert.subject import open_subject
from edge_emotion_train.predicting import predict
from helpers.drawn_faces import emotion_faces, keypoint_faces
from helpers.saved_models import tried_here

TASKS = {"emotion": ("probabilities", [5], 48), "keypoints": ("keypoints", [15, 2], 96)}

# Plain TensorFlow, as tensorflow_model_server loads it: no Keras and nothing of this package.
CLIENT = """
import json, sys
import numpy as np, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
every = np.load(sys.argv[2])[..., None]
answers = []
for faces in (every, every[:1]):
    given = {"serving_default": faces / np.float32(255), "serving_bytes": faces}
    for name, some in given.items():
        [[output, found]] = loaded.signatures[name](faces=tf.constant(some)).items()
        answers.append((name, output, found.numpy().tolist()))
ours = [name for name in sys.modules if name.startswith("edge_emotion")]
print(json.dumps([ours, answers]))
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=TASKS)
def served(request, converted, tmp_path_factory):
    """Task, subject and export folder of a SavedModel beside the other formats."""
    task, out = request.param, tmp_path_factory.mktemp("served")
    run = converted / "runs" / f"my-{task}"
    [export] = convert(run, out=out, formats=["saved_model"])
    return task, open_subject(run), export


def test_both_signatures_have_the_documented_names_and_shapes(served):
    task, _, export = served
    output, shape, side = TASKS[task]
    for name, dtype in (("serving_default", "float32"), ("serving_bytes", "uint8")):
        assert export.saved_model[name] == {
            "inputs": {"faces": {"dtype": dtype, "shape": [None, side, side, 1]}},
            "outputs": {output: {"dtype": "float32", "shape": [None, *shape]}},
        }


def test_a_fresh_process_answers_as_the_network_for_any_number_of_faces(served, tmp_path):
    task, subject, export = served
    faces = (emotion_faces if task == "emotion" else keypoint_faces)(5, seed=30).images
    np.save(tmp_path / "faces.npy", faces)
    line = [sys.executable, "-c", CLIENT, export.folder / VERSION, tmp_path / "faces.npy"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    ours, answers = json.loads(done.stdout.splitlines()[-1])
    assert ours == []
    expected = predict(subject.network, subject.mean_face, faces)
    assert [name for name, *_ in answers] == 2 * ["serving_default", "serving_bytes"]
    for _, output, found in answers:
        assert output == TASKS[task][0]
        np.testing.assert_allclose(found, expected[: len(found)], atol=1e-3)
    assert {len(found) for *_, found in answers} == {1, 5}


def test_it_is_laid_out_by_version_and_told_in_conversion_json(served):
    task, _, export = served
    assert (export.folder / "saved_model" / "1" / "saved_model.pb").is_file()
    assert [file.name for file in (export.folder / "saved_model").iterdir()] == ["1"]
    table = json.loads((export.folder / "conversion.json").read_text())
    [entry] = table["models"]
    assert (entry["file"], entry["format"]) == ("saved_model/1", "saved_model")
    assert entry["signatures"].keys() == {"serving_default", "serving_bytes"}
    card = (export.folder / f"{task}_saved_model.md").read_text()
    assert card.startswith(f"# resblock-edge, {task}, saved_model\n")


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def answers_otherwise(subject):
    """Keypoints without their mean face; emotions in another order."""
    if subject.task == "keypoints":
        return replace(subject, mean_face=np.zeros_like(subject.mean_face))
    face = keras.Input(subject.network.input_shape[1:])
    return replace(subject, network=keras.Model(face, subject.network(face)[:, ::-1]))


def names_otherwise(subject):
    """Answers called as those of the other task."""
    mean_face = np.zeros((1, 5)) if subject.mean_face is None else None
    return replace(subject, mean_face=mean_face)


def write_otherwise(monkeypatch, change):
    write = serving._write
    monkeypatch.setattr(serving, "_write", lambda subject, part: write(change(subject), part))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (answers_otherwise, r"serving_default is \d+\.\d+ off the network's answers; expected at"),
        (names_otherwise, r"has the signatures .*; expected .*'faces'"),
    ],
)
def test_a_saved_model_that_fails_its_check_leaves_the_former_one(
    served, monkeypatch, change, message
):
    _, subject, export = served
    former = contents(export.folder)
    write_otherwise(monkeypatch, change)
    with tried_here(), pytest.raises(EdgeEmotionError, match=message):
        write_saved_model(subject, export.folder)
    assert contents(export.folder) == former


def test_the_process_that_tries_it_has_no_gpu_and_not_for_ever(served, monkeypatch):
    _, subject, export = served
    asked = {}

    def too_slow(line, **options):
        asked.update(options)
        raise subprocess.TimeoutExpired(line, options["timeout"])

    monkeypatch.setattr(serving.subprocess, "run", too_slow)
    with pytest.raises(EdgeEmotionError, match=r"not loaded and tried within \d+ s"):
        write_saved_model(subject, export.folder)
    assert asked["env"]["CUDA_VISIBLE_DEVICES"] == ""
    assert (export.folder / VERSION / "saved_model.pb").is_file()


@pytest.mark.parametrize("interrupted", [0, 1], ids=["before", "between the two renames"])
def test_ctrl_c_leaves_the_former_one(served, monkeypatch, interrupted):
    _, subject, export = served
    former = contents(export.folder)
    rename, renamed = Path.rename, []

    def stop(path, goal):
        renamed.append(goal)
        if len(renamed) == interrupted + 1:
            raise KeyboardInterrupt
        return rename(path, goal)

    monkeypatch.setattr(files, "_exchanged_at_once", lambda *_: False)  # as some systems cannot
    monkeypatch.setattr(Path, "rename", stop)
    with tried_here(), pytest.raises(KeyboardInterrupt):
        write_saved_model(subject, export.folder)
    assert contents(export.folder) == former


def test_one_that_cannot_be_written_leaves_no_empty_folder(served, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(serving, "_write", full)
    with pytest.raises(EdgeEmotionError, match=r"cannot write .*: TensorFlow stopped at"):
        write_saved_model(served[1], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_its_card_tells_the_signatures(served):
    task, _, export = served
    output, shape, side = TASKS[task]
    card = (export.folder / f"{task}_saved_model.md").read_text()
    answer = "×".join(map(str, ["N", *shape]))
    for name, dtype in (("serving_default", "float32"), ("serving_bytes", "uint8")):
        given = f"`faces` N×{side}×{side}×1 {dtype}"
        assert f"- Signature `{name}`: {given} to `{output}` {answer} float32" in card
    assert "Input: 1×" not in card


@pytest.mark.parametrize("task", TASKS)
def test_a_network_of_batch_1_is_served_with_a_free_batch(tmp_path, converted, task):
    subject = open_subject(converted / "runs" / f"my-{task}")
    face = keras.Input(subject.network.input_shape[1:], 1)
    fixed = replace(subject, network=keras.Model(face, subject.network(face)))
    with tried_here():
        signatures = write_saved_model(fixed, tmp_path)
    assert signatures["serving_bytes"]["inputs"]["faces"]["shape"][0] is None


def test_a_new_one_takes_the_place_of_the_former(served):
    _, subject, export = served
    (export.folder / VERSION / "left_over").write_text("old")
    with tried_here():
        write_saved_model(subject, export.folder)
    assert not (export.folder / VERSION / "left_over").exists()
    assert [file.name for file in (export.folder / "saved_model").iterdir()] == ["1"]
