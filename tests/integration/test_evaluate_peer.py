"""A peer behind an adapter is measured on the same rows as our models."""

import hashlib
import json

import pytest

from edge_emotion.labels import EMOTIONS
from edge_emotion.modelfile import shipped_model
from edge_emotion_convert.evaluate import evaluate, evaluate_command
from edge_emotion_device.peer import Peer
from helpers.drawn_faces import emotion_faces, write_class_folders

pytestmark = pytest.mark.slow


@pytest.fixture
def adapter(tmp_path):
    """The shipped network, as somebody else would describe it."""
    model = tmp_path / "theirs.tflite"
    model.write_bytes(shipped_model("emotion").read_bytes())
    file = tmp_path / "theirs.toml"
    file.write_text(
        f'name = "theirs"\nmodel = "theirs.tflite"\ntask = "emotion"\n'
        f"[input]\nside_px = 48\n[output]\nclasses = {json.dumps(EMOTIONS)}\n"
    )
    return file


@pytest.fixture
def data(tmp_path):
    write_class_folders(tmp_path / "faces", emotion_faces(40, seed=3))
    return tmp_path / "faces"


def test_the_same_network_as_a_peer_has_the_same_figures(adapter, data):
    own, theirs = evaluate(shipped_model("emotion"), data), evaluate(adapter, data)

    assert [part.name for part in theirs.parts] == [part.name for part in own.parts]
    assert theirs.parts[0].figures.rows == 40
    assert theirs.parts[0].figures.confusion == own.parts[0].figures.confusion


def test_its_json_names_the_peer_and_the_file_that_a_report_knows_it_by(
    adapter, data, capsys, monkeypatch
):
    monkeypatch.setattr("sys.argv", ["edge-emotion", "evaluate", "a peer.toml", "--json"])
    evaluate_command(adapter, data=data, as_json=True)
    told = json.loads(capsys.readouterr().out)

    content = (adapter.parent / "theirs.tflite").read_bytes()
    assert (told["name"], told["peer"], told["task"]) == ("theirs", True, "emotion")
    assert (told["sha256"], told["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert told["command"] == "edge-emotion evaluate 'a peer.toml' --json"
    assert told["made"] and told["tool"]
    assert told["adapter_sha256"] == Peer.read(adapter).adapter_sha256
