"""What a conversion does to an emotion network's probabilities, and what it says of that."""

import json

import numpy as np
import pytest

from edge_emotion.modelfile import read_model
from edge_emotion.selective import largest, refused
from edge_emotion_convert.confidence import apply
from edge_emotion_convert.convert import convert
from edge_emotion_convert.measure import predict_file
from edge_emotion_train.batches import as_input
from edge_emotion_train.networks.saved import read_network
from helpers.drawn_faces import emotion_faces, write_class_folders
from helpers.tiny_runs import ANY_DROP, write_run

FACES = emotion_faces(40, seed=30).images

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with 150 faces to validate on."""
    root = tmp_path_factory.mktemp("confidence")
    write_class_folders(root / "data" / "faces", emotion_faces(300, seed=1))
    write_run(root / "run", "emotion", root / "data", shares=[0.4, 0.5, 0.1])
    return root / "run"


def _converted(run, out, **options):
    """The float32 file, and its entry in conversion.json."""
    convert(run, out=out, formats=["float32"], max_drop=ANY_DROP, **options)
    [entry] = json.loads((out / "run" / "conversion.json").read_text())["models"]
    return out / "run" / entry["file"], entry


@pytest.mark.parametrize("balance", [None, 2.0])
def test_probabilities_are_made_as_sure_as_they_are_right(run, tmp_path, balance):
    file, entry = _converted(run, tmp_path, balance=balance)
    told = entry["confidence"]
    trained = read_network(run / "model.keras", "emotion").predict(as_input(FACES), verbose=0)
    expected = apply(trained, np.array(told["biases"]), told["temperature"])
    assert predict_file(file, "emotion", FACES) == pytest.approx(expected, abs=1e-3)
    assert told["faces"] == 150
    assert told["accuracy_after"] >= told["accuracy_before"] - (balance or 0) / 100
    assert read_model(file).metadata.accuracy["confidence"] == told
    assert f"at temperature {told['temperature']:.2f}" in file.with_suffix(".md").read_text()


def test_as_it_was_trained_if_that_is_asked_for(run, tmp_path):
    file, entry = _converted(run, tmp_path, temperature=False)
    trained = read_network(run / "model.keras", "emotion").predict(as_input(FACES), verbose=0)
    assert predict_file(file, "emotion", FACES) == pytest.approx(trained, abs=1e-5)
    assert "confidence" not in entry


def test_the_file_says_when_a_face_stays_undecided(run, tmp_path):
    file, entry = _converted(run, tmp_path)
    below = read_model(file).metadata.undecided_below
    assert below == entry["undecided_below"] and 0 < below <= 0.8
    [validation] = read_model(file).metadata.accuracy["undecided"]
    assert validation["share"]["value"] <= 0.1
    assert refused(largest(predict_file(file, "emotion", FACES)), below) < 0.5
