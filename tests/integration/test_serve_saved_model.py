"""The same network as a SavedModel, as tensorflow_model_server would serve it, and as int8 file."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from edge_emotion_convert.convert import convert
from edge_emotion_device.serving.handler import Handler
from edge_emotion_device.serving.paths import parse_path
from edge_emotion_device.serving.registry import Registry
from edge_emotion_device.serving.versions import models_in
from helpers.damaged import lively_network, trained_network
from helpers.drawn_faces import emotion_faces, keypoint_faces
from helpers.saved_models import tried_here
from helpers.tiny_runs import ANY_DROP, write_data, write_run

# How far int8 may be off the float network: in probability and in pixels.
TASKS = {"emotion": ("emotion_ai", 0.03), "keypoints": ("keypoints", 1.0)}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=TASKS)
def both(request, tmp_path_factory):
    """The SavedModel's folder, our handler with the int8 file, the model's name, faces, limit."""
    task, (name, limit) = request.param, TASKS[request.param]
    out = tmp_path_factory.mktemp("exports")
    data = write_data(tmp_path_factory.mktemp("data"))
    # One whose answers differ from face to face.
    network = trained_network(120, 6) if task == "emotion" else lively_network(task)
    run = write_run(out / "run" / f"my-{task}", task, data, network=network)
    with tried_here():
        convert(run, out=out, max_drop=ANY_DROP, formats=["int8", "saved_model"])
    export = out / f"my-{task}"
    models = tmp_path_factory.mktemp("models")
    (models / name / "1").mkdir(parents=True)
    [int8] = export.glob("*int8.tflite")
    shutil.copy(int8, models / name / "1" / "model.tflite")
    registry = Registry(lambda: models_in(models))
    registry.refresh()
    drawn = emotion_faces(6, seed=21) if task == "emotion" else keypoint_faces(6, seed=21)
    return export / "saved_model" / "1", Handler(registry), name, drawn.images[..., None], limit


@pytest.mark.parametrize("signature", ["serving_default", "serving_bytes"])
@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_it_answers_as_the_saved_model_does(both, signature, key):
    folder, handler, name, faces, limit = both
    given = faces / np.float32(255) if signature == "serving_default" else faces
    loaded = tf.saved_model.load(folder)
    [(output, expected)] = loaded.signatures[signature](faces=tf.constant(given)).items()

    body = json.dumps({"signature_name": signature, key: given.tolist()}).encode()
    reply = json.loads(handler.prediction(parse_path("POST", f"/v1/models/{name}:predict"), body))

    answers = np.float32(reply["predictions" if key == "instances" else "outputs"])
    assert answers.shape == expected.shape
    assert np.abs(answers - expected.numpy()).max() < limit
    assert np.ptp(expected.numpy(), axis=0).max() > 3 * limit  # else this test would prove little
    assert output == ("probabilities" if name == "emotion_ai" else "keypoints")


def test_its_metadata_is_that_of_the_saved_model(both):
    folder, handler, name, *_ = both
    graph = SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs[0]
    expected = {
        key: MessageToDict(
            signature,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        for key, signature in graph.signature_def.items()
        if key.startswith("serving_")
    }

    reply = json.loads(handler.question(parse_path("GET", f"/v1/models/{name}/metadata")))

    assert reply["model_spec"] == {"name": name, "signature_name": "", "version": "1"}
    assert reply["metadata"]["signature_def"]["signature_def"] == expected
