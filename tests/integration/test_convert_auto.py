"""`convert --auto` on a network that plain int8 ruins, and on one that it does not."""

import json

import numpy as np
import pytest

from edge_emotion.cli_convert import convert as command
from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import read_model
from edge_emotion_convert.convert import convert, convert_command
from edge_emotion_convert.integer_check import float_operators
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
    assert f"Made with: {', '.join(told['kept'])}." in card
    assert "without\nremedies" in card


def test_it_was_judged_on_faces_that_did_not_choose(treated):
    told = read_model(treated.file).metadata.accuracy
    assert told["remedies"]["chosen_on"] != told["remedies"]["judged_on"]
    assert told["measured_on"] == told["remedies"]["judged_on"]
    assert told["int8"]["rows"] == treated.candidate.before.rows == 150


def test_a_network_that_loses_nothing_is_left_as_it_is(converted, tmp_path, capsys):
    run = converted / "runs" / "my-emotion"
    convert_command(run, out=tmp_path, max_drop=ANY_DROP, auto=True)
    printed = capsys.readouterr().out
    assert "plain, on the other half" in printed
    [entry] = json.loads((tmp_path / "my-emotion" / "conversion.json").read_text())["models"]
    trail = entry["remedies"]["trail"]
    if trail[0]["drop"] <= 0:
        assert {step["outcome"] for step in trail[1:]} == {"not tried: nothing is lost"}
    assert trail[-1]["outcome"].startswith("not tried")  # 16 bits would slow it down for nothing


def test_auto_makes_an_int8_file_or_nothing():
    with pytest.raises(WrongUse, match="--auto without --int8"):
        command(auto=True, float32=True)
