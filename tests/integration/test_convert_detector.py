"""The face detector's way from a run to files for the device, and what is told of it."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from edge_emotion.data.faces import take
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.labels import DETECTED
from edge_emotion.modelfile import read_model
from edge_emotion_convert.cards import card_command
from edge_emotion_convert.convert import convert, convert_command, sweep_command, why_command
from edge_emotion_convert.evaluate import evaluate, evaluate_command
from edge_emotion_device import load_detector
from helpers.bright_photos import bright_network, photo, photos, write_bright_run, write_photos
from helpers.drawn_faces import keypoint_faces, write_keypoint_folder
from helpers.saved_models import tried_here

pytestmark = pytest.mark.slow

FORMATS = ("int8", "float32", "dynamic", "saved_model")
RATES = ("0.15", "0.09", "0.05")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A run, the photographs of its training, and an int8 file of it."""
    root = tmp_path_factory.mktemp("workplace")
    write_photos(root / "data" / "photos", photos(120))
    write_bright_run(root / "runs" / "bright", root / "data")
    with tried_here():
        [export] = convert(runs=root / "runs", out=root / "exports", formats=FORMATS)
    return root, export


def test_every_format_is_measured_and_put_in_place(workplace):
    root, export = workplace
    folder = root / "exports" / "bright"
    table = json.loads((folder / "conversion.json").read_text())
    assert {entry["format"] for entry in table["models"]} == set(FORMATS)
    for kept in export.models:
        verdict = kept.candidate.verdict
        assert verdict.passed and verdict.headline.measure == "average_precision"
        assert verdict.headline.before == pytest.approx(verdict.headline.after, abs=0.02)
        entry = next(one for one in table["models"] if one["file"] == kept.file.name)
        assert entry["measured_on"].endswith("test photographs of bright")
        assert 0.5 < entry["float"]["average_precision"] < 1  # some are missed, some made up


def test_a_file_says_what_it_is_and_the_device_runs_it(workplace):
    root, _ = workplace
    file = root / "exports" / "bright" / "detector_int8.tflite"
    metadata = read_model(file, "detector").metadata
    assert (metadata.labels, metadata.input.zero_point) == (DETECTED, 0)
    assert metadata.input.scale == pytest.approx(1 / 255)
    assert metadata.output.shape == (1, 756, 5)
    assert metadata.training_data["bright"]["photographs"] < 120
    assert metadata.test_vectors is not None
    image, truth = photo([(3, 3)])
    with load_detector(file) as detector:
        boxes, _ = detector.detect(image)
    np.testing.assert_allclose(boxes, truth.boxes, atol=0.5)


def test_a_card_tells_what_is_found_and_what_it_is_not_for(workplace):
    root, _ = workplace
    card = (root / "exports" / "bright" / "detector_int8.md").read_text()
    for told in (
        "finds the faces of a picture",
        "| false boxes a photograph | found | 95 % | score |",
        "| side 10% to 20% |",
        "| average precision, points |",
        "multiply-accumulates a picture",
        "It finds faces and knows nobody",
        "non-commercial research",
        "`--detector haar`",
    ):
        assert told in card, told
    assert "which of five emotions" not in card


def test_the_saved_model_answers_cells(workplace):
    _, export = workplace
    for signature in export.saved_model.values():
        assert signature["outputs"] == {"cells": {"dtype": "float32", "shape": [None, 756, 5]}}


def test_a_detector_that_loses_too_much_is_rejected(workplace, tmp_path, monkeypatch):
    root, _ = workplace
    from edge_emotion_convert import trial

    honest = trial.answers_of

    def blind(file, rows):
        answers, ms = honest(file, rows)
        answers[::3, :, 0] = -1
        return answers, ms

    monkeypatch.setattr(trial, "answers_of", blind)
    with pytest.raises(EdgeEmotionError, match=r"average precision .* lost .* more than the 0\.5"):
        convert_command(root / "runs" / "bright", out=tmp_path)
    assert (tmp_path / "bright" / "detector_int8.tflite.rejected").is_file()


def test_tables_json_and_page_of_an_evaluation(workplace, tmp_path, capsys):
    root, _ = workplace
    file = root / "exports" / "bright" / "detector_int8.tflite"
    page, pictures = tmp_path / "page.html", tmp_path / "pictures"
    evaluate_command(file, data=root / "data", page=page, pictures=pictures)
    told = capsys.readouterr().out
    for word in ("AP", "found at 0.09", "blur none", "occlusion heavy", "Haar cascade", "as used"):
        assert word in told, word
    html = page.read_text()
    assert "missed" in html and "Haar cascade" in html and html.count("<svg") > 20
    assert {"precision_recall.svg", "photographs.svg", "worst.svg"} == {
        file.name for file in pictures.iterdir()
    }
    evaluate_command(file, data=root / "data", as_json=True)
    table = json.loads(capsys.readouterr().out)
    [part] = table["parts"]
    assert part["rows_of"] == "bright test"
    assert set(part["recall"]) == set(part["score"]) == set(RATES)
    assert part["interval_95"][0] < part["average_precision"] < part["interval_95"][1]
    assert set(part["intervals_95"]) == {f"recall.{rate}" for rate in RATES}
    haar = table["beside"][0]
    assert (haar["name"], haar["peer"]) == ("Haar cascade", True)
    assert haar["parts"][0]["average_precision"] is None


def test_a_run_is_evaluated_on_the_photographs_that_its_training_left_out(workplace):
    root, _ = workplace
    [run] = evaluate(root / "runs" / "bright").parts
    [file] = evaluate(root / "exports" / "bright" / "detector_int8.tflite", root / "data").parts
    assert run.name == file.name == "bright test"
    assert run.figures.faces == file.figures.faces
    assert run.figures.as_used == pytest.approx(file.figures.as_used)
    [everything] = evaluate(root / "runs" / "bright", split="all").parts
    assert everything.figures.rows == 120


def test_a_folder_of_ones_own_is_measured_whole(workplace, tmp_path):
    root, _ = workplace
    own = write_photos(tmp_path / "own", take(photos(60, seed=4), np.arange(12)))
    [part] = evaluate(root / "exports" / "bright" / "detector_int8.tflite", own).parts
    assert (part.name, part.figures.rows) == ("own test", 12)


def test_a_card_of_an_evaluation_sets_the_peers_beside_it(workplace, tmp_path):
    root, _ = workplace
    file = root / "exports" / "bright" / "detector_int8.tflite"
    card_command(tmp_path / "card.md", file, split="test", data=root / "data")
    card = (tmp_path / "card.md").read_text()
    assert "| Haar cascade | – |" in card


def test_how_many_photographs_and_which_layers(workplace, tmp_path, capsys):
    root, _ = workplace
    sweep_command(root / "runs" / "bright")
    assert "bright: photographs" in capsys.readouterr().out
    why_command(root / "runs" / "bright", representative=20, page=tmp_path / "why.html")
    told = capsys.readouterr().out
    assert all(f"grid{stride}" in told for stride in (8, 16, 32))
    assert "photographs" in (tmp_path / "why.html").read_text()


def test_a_network_of_other_origin_is_told_by_its_shapes(workplace, tmp_path):
    root, _ = workplace
    bright_network().save(tmp_path / "mine.keras")
    [part] = evaluate(tmp_path / "mine.keras", root / "data" / "photos").parts
    assert part.figures.average_precision > 0.5
    [export] = convert(tmp_path / "mine.keras", data=root / "data" / "photos", out=tmp_path / "e")
    assert export.models[0].candidate.verdict.passed


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        ("others data", WrongUse, "holds data for keypoints; expected data for detector"),
        ("answers beyond 1", EdgeEmotionError, "answers run from .*; expected the cells"),
        ("YuNet that is none", EdgeEmotionError, "no such file: .*yunet.onnx"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(workplace, tmp_path, act, error, message):
    root, _ = workplace
    file, data, other = root / "exports" / "bright" / "detector_int8.tflite", root / "data", None
    if act == "others data":
        data = tmp_path / "points"
        write_keypoint_folder(data, keypoint_faces(12, seed=8))
    elif act == "answers beyond 1":
        file, network = tmp_path / "wide.keras", bright_network()
        keras.Model(network.input, layers.Rescaling(3.0)(network.output)).save(file)
        data = root / "data" / "photos"
    else:
        other = tmp_path / "yunet.onnx"
    with pytest.raises(error, match=message) as caught:
        evaluate_command(file, data=data, other=other)
    assert "\n" not in str(caught.value)
