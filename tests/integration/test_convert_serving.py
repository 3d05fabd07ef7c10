"""The SavedModel for TensorFlow Serving, loaded by a process that knows nothing of ours."""

import json
import subprocess
import sys

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert import serving
from edge_emotion_convert.convert import convert
from edge_emotion_convert.network import predict
from edge_emotion_convert.serving import VERSION, write_saved_model
from edge_emotion_convert.subject import open_subject
from helpers.drawn_faces import emotion_faces, keypoint_faces

TASKS = {"emotion": ("probabilities", [5], 48), "keypoints": ("keypoints", [15, 2], 96)}

# Plain TensorFlow, as tensorflow_model_server loads it: no Keras and nothing of this package.
CLIENT = """
import json, sys
import numpy as np, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
faces = np.load(sys.argv[2])[..., None]
answers = {
    "serving_default": loaded.signatures["serving_default"](faces=tf.constant(faces / np.float32(255))),
    "serving_bytes": loaded.signatures["serving_bytes"](faces=tf.constant(faces)),
}
ours = [name for name in sys.modules if name.startswith("edge_emotion")]
print(json.dumps([ours, {s: {k: v.numpy().tolist() for k, v in a.items()} for s, a in answers.items()}]))
"""  # noqa: E501

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


@pytest.mark.parametrize("count", [1, 5])
def test_a_fresh_process_answers_as_the_network_for_any_number_of_faces(served, tmp_path, count):
    task, subject, export = served
    faces = (emotion_faces if task == "emotion" else keypoint_faces)(count, seed=30).images
    np.save(tmp_path / "faces.npy", faces)
    line = [sys.executable, "-c", CLIENT, export.folder / VERSION, tmp_path / "faces.npy"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    ours, answers = json.loads(done.stdout.splitlines()[-1])
    assert ours == []
    expected = predict(subject.network, subject.mean_face, faces)
    for signature in ("serving_default", "serving_bytes"):
        [[name, found]] = answers[signature].items()
        assert name == TASKS[task][0]
        np.testing.assert_allclose(found, expected, atol=1e-3)


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


def test_a_saved_model_that_fails_its_check_leaves_the_former_one(served, monkeypatch):
    _, subject, export = served
    former = contents(export.folder)
    monkeypatch.setattr(serving, "OFFSET_LIMIT_PX", 40.0)
    monkeypatch.setitem(serving._TOLERANCE, subject.task, -1.0)
    with pytest.raises(EdgeEmotionError, match=r"serving_default is .* off the network's answers"):
        write_saved_model(subject, export.folder)
    assert contents(export.folder) == former


def test_a_new_one_takes_the_place_of_the_former(served):
    _, subject, export = served
    (export.folder / VERSION / "left_over").write_text("old")
    write_saved_model(subject, export.folder)
    assert not (export.folder / VERSION / "left_over").exists()
    assert [file.name for file in (export.folder / "saved_model").iterdir()] == ["1"]
