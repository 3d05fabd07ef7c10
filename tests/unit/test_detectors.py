"""Face detectors side by side: what `benchmarks/detectors.py` writes, a report reads."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.data.faces import DetectionPhotos
from edge_emotion.detection_metrics import LabelledFaces
from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion_convert.detector_peers import detector_peers
from edge_emotion_device.interpreter import load_detector
from edge_emotion_report.files import read_files
from edge_emotion_report.gathered import gather
from helpers.detection_sets import write_detection_folder
from helpers.photographs import astronaut

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FACE = (165, 60, 290, 225)  # of the astronaut, forehead to chin


@pytest.fixture
def detectors(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    found = importlib.util.spec_from_file_location("detectors", BENCHMARKS / "detectors.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    yield module
    for name in ("contenders", "machine"):
        sys.modules.pop(name, None)


@pytest.fixture
def photographs(tmp_path):
    """One photograph with one face."""
    none = np.zeros(1, int)
    faces = LabelledFaces(512, np.array([FACE], np.float32), none, none, none > 0)
    name = np.array(["astronaut.png"])
    photos = DetectionPhotos((astronaut(),), (faces,), name, name)
    write_detection_folder(tmp_path / "photographs", photos)
    return tmp_path / "photographs"


@pytest.mark.parametrize("rounds", [5, 0])
def test_both_agree_on_who_was_measured_how(detectors, photographs, tmp_path, rounds):
    file = shipped_model("detector")
    haar = [one for one in detector_peers() if one.name == "Haar cascade"]
    with load_detector(file) as model:
        result = detectors.measure(file, model, haar, photographs, rounds)
    (tmp_path / "detectors.json").write_text(json.dumps(result))
    found = gather(read_files([tmp_path / "detectors.json"]))

    assert found.notes == ()
    [contest] = found.contests
    own, other = contest.contenders
    assert [(one.name, one.peer) for one in (own, other)] == [
        ("edge-emotion", False), ("Haar cascade", True),
    ]  # fmt: skip
    assert own.precision.value == own.recall.value == 1.0 and own.precision.rows == 1
    assert other.precision is None
    for one in (own, other):
        assert bool(one.p50_ms) == bool(one.interval_ms) == bool(rounds)
    told = result["detectors"][0]
    assert told["flatbuffer_sha256"] == read_model(file).metadata.flatbuffer_sha256
    assert str(file.parent) not in json.dumps(told)
