"""What is recorded in benchmarks/results/ and shown in README.md."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion_report.candidates import fastest
from edge_emotion_report.files import read_files
from edge_emotion_report.gathered import FORMATS, gather

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "benchmarks/results/report"


@pytest.fixture(scope="module")
def recorded():
    return gather(read_files([REPORT]))


@pytest.fixture(scope="module")
def readme():
    found = importlib.util.spec_from_file_location("readme", ROOT / "benchmarks/readme.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["README.md", "docs/report.md"])
def test_the_figures_of_pages_are_those_that_are_recorded(readme, page):
    """`python benchmarks/readme.py` fills them again."""
    assert readme.filled(page) == (ROOT / page).read_text(encoding="utf-8")


def test_readme_repeats_what_the_recorded_measurement_warned_of(readme, recorded):
    warnings = recorded.devices[0].device.warnings

    assert all(warning in readme.formats() for warning in warnings)
    assert ("Mind that" in readme.formats()) == bool(warnings)


def test_all_that_is_recorded_can_be_reported(recorded):
    assert recorded.notes == ()
    for task in recorded.rows_of:
        own = [model for model in recorded.of(task) if not model.peer]
        assert [model.format for model in own] == list(FORMATS)
        for model in own:
            assert model.changes and recorded.score(model)
            assert fastest(recorded.devices[0], model)


def test_the_shipped_models_are_those_that_are_recorded():
    """By their networks: what the files tell about them may differ."""
    told = [json.loads(file.read_text()) for file in REPORT.glob("eval/*_int8.json")]
    networks = {one["task"]: one["flatbuffer_sha256"] for one in told}

    assert networks == {
        task: read_model(shipped_model(task)).metadata.flatbuffer_sha256 for task in networks
    }


@pytest.mark.parametrize("file", sorted(REPORT.glob("detectors.json")), ids=lambda file: file.name)
def test_the_detector_beside_others_is_the_shipped_one(file):
    [own] = [one for one in json.loads(file.read_text())["detectors"] if not one["peer"]]

    assert (
        own["flatbuffer_sha256"] == read_model(shipped_model("detector")).metadata.flatbuffer_sha256
    )


@pytest.mark.parametrize("file", sorted(REPORT.rglob("*.json")), ids=lambda file: file.name)
def test_nothing_recorded_names_a_place_on_somebodys_machine(file):
    assert not re.search(r'(?:"|[ =,:])(?:/|~|\.\./)[\w.]', file.read_text(encoding="utf-8"))
