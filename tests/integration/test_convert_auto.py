"""`convert --auto` on a network that plain int8 ruins, and on one that it does not."""

import json
from dataclasses import replace

import numpy as np
import pytest

import edge_emotion_convert.convert as conversion
from edge_emotion.cli_convert import convert as command
from edge_emotion.errors import GateNotMet, WrongUse
from edge_emotion.modelfile import read_model
from edge_emotion_convert.convert import convert, convert_command
from edge_emotion_convert.integer_check import float_operators
from edge_emotion_convert.remedies import auto, fine_tuning
from edge_emotion_train.batches import as_input
from helpers.damaged import damaged, trained_network
from helpers.drawn_faces import emotion_faces, write_class_folders
from helpers.tiny_runs import ANY_DROP, write_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def faces_and_run(tmp_path_factory):
    """Drawn faces and a run whose network is damaged; and the network before that."""
    root = tmp_path_factory.mktemp("auto")
    write_class_folders(root / "data" / "faces", emotion_faces(500, seed=21))
    whole = trained_network()
    broken = damaged(whole)
    run = write_run(root / "run", "emotion", root / "data", broken, shares=[0.3, 0.6, 0.1])
    return run, whole, broken


@pytest.fixture(scope="module")
def treated(faces_and_run, tmp_path_factory):
    out = tmp_path_factory.mktemp("exports")
    [export] = convert(faces_and_run[0], out=out, max_drop=1.0, auto=True)
    return export.models[0]


def test_the_damage_does_not_show_in_float(faces_and_run):
    _, whole, broken = faces_and_run
    faces = as_input(emotion_faces(50, seed=5).images)
    np.testing.assert_allclose(
        broken.predict(faces, verbose=0), whole.predict(faces, verbose=0), atol=1e-4
    )


def test_what_plain_int8_loses_is_brought_back_to_within_a_point(treated):
    remedies = treated.as_dict()["remedies"]
    assert treated.candidate.before.accuracy > 0.8
    assert remedies["plain"]["drop"] >= 20.0  # points
    assert remedies["treated"]["drop"] <= 1.0
    assert treated.candidate.verdict.passed


def test_it_stays_full_integer(treated):
    assert not list(float_operators(treated.candidate.flatbuffer))
    assert treated.candidate.metadata.input.dtype == "uint8"


def test_the_trail_is_in_the_file_and_in_conversion_json(treated):
    [entry] = json.loads((treated.file.parent / "conversion.json").read_text())["models"]
    told = read_model(treated.file).metadata.accuracy["remedies"]
    assert entry["remedies"] == told
    steps = {step["remedy"]: step["outcome"] for step in told["trail"]}
    assert list(steps) == [
        "plain int8",
        "calibration",
        "clipped ranges",
        "equalization",
        "bias correction",
        "fine-tuning",
        "16 bits",
    ]
    assert any(name.startswith("equalization") for name in told["kept"])


def test_the_card_names_the_remedies_and_what_they_were_worth(treated):
    card = treated.file.with_suffix(".md").read_text()
    told = treated.as_dict()["remedies"]
    assert f"Made with: {', '.join(told['kept'])}." in " ".join(card.split())


def test_it_was_judged_on_faces_that_did_not_choose(treated):
    told = read_model(treated.file).metadata.accuracy
    rows = told["int8"]["rows"]
    assert rows == treated.candidate.before.rows
    assert told["measured_on"] == told["remedies"]["judged_on"]
    assert told["measured_on"].startswith(f"{rows} of the 300 ")
    assert told["measured_on"].endswith("the half that judges")
    assert told["remedies"]["chosen_on"].startswith("150 of the 300 ")
    assert told["remedies"]["chosen_on"].endswith("the half that chooses")


def test_a_network_that_loses_nothing_is_left_as_it_is(converted, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(auto, "_not_needed", lambda remedy, candidate: "nothing is lost")
    run = converted / "runs" / "my-emotion"
    convert_command(run, out=tmp_path, max_drop=ANY_DROP, auto=True)
    assert "plain, on the other half" in capsys.readouterr().out
    folder = tmp_path / "my-emotion"
    [entry] = json.loads((folder / "conversion.json").read_text())["models"]
    told = entry["remedies"]
    assert {step["outcome"] for step in told["trail"][1:]} == {"not tried: nothing is lost"}
    assert told["kept"] == [] and told["plain"] == told["treated"]
    assert "remedies" not in (folder / "emotion_int8.md").read_text()


@pytest.fixture
def with_few_steps(monkeypatch):
    monkeypatch.setattr(fine_tuning, "_STEPS", 4)


def test_a_saved_model_is_treated_by_what_does_not_need_its_layers(
    faces_and_run, tmp_path, with_few_steps
):
    """Int8 ruins it, so every remedy is asked."""
    run, _, broken = faces_and_run
    broken.export(tmp_path / "theirs", verbose=False)
    data = run.parent / "data" / "faces"
    [export] = convert(
        tmp_path / "theirs", data=data, out=tmp_path / "out", max_drop=ANY_DROP, auto=True
    )
    trail = export.models[0].as_dict()["remedies"]["trail"]
    unreachable = "not tried: the network is a SavedModel, whose layers cannot be reached"
    assert [step["remedy"] for step in trail if step["outcome"] == unreachable] == [
        "equalization",
        "bias correction",
        "fine-tuning",
    ]
    assert any(step["remedy"] == "clipped ranges" and step["drop"] is not None for step in trail)


def test_the_remedy_for_a_file_that_failed_is_plain_int8_where_that_passed(
    converted, tmp_path, monkeypatch
):
    treat = conversion.treat

    def treated_badly(choosing, judging, faces, limits):
        made = treat(choosing, judging, faces, dict.fromkeys(limits, ANY_DROP))
        return replace(made, verdict=replace(made.verdict, passed=False))

    monkeypatch.setattr(conversion, "treat", treated_badly)
    monkeypatch.setattr(auto, "REMEDIES", [])
    with pytest.raises(GateNotMet, match="convert without --auto, as plain int8 passed on these"):
        convert_command(converted / "runs" / "my-emotion", out=tmp_path, auto=True)


def test_auto_makes_an_int8_file_or_nothing():
    with pytest.raises(WrongUse, match="--auto without --int8"):
        command(auto=True, float32=True)
