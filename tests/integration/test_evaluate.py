import json
import re
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console
from rich.text import Text

from edge_emotion.data.faces import take
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion_convert.cards import card_command, model_card
from edge_emotion_convert.convert import convert
from edge_emotion_convert.evaluate import evaluate, evaluate_command
from helpers.drawn_faces import (
    emotion_faces,
    keypoint_faces,
    write_class_folders,
    write_fer2013_csv,
    write_kaggle_training_csv,
    write_keypoint_folder,
)
from helpers.tiny_runs import write_data, write_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A model file of each task, the data of their recipes and data that no recipe names."""
    root = tmp_path_factory.mktemp("workplace")
    data = write_data(root / "data")
    for task in ("emotion", "keypoints"):
        write_run(root / "runs" / task, task, data)
    for export in convert(runs=root / "runs", out=root / "exports", max_drop=1000.0):
        export.models[0].file.rename(root / f"{export.trial.subject.task}.tflite")
    emotions, points = emotion_faces(50, seed=8), keypoint_faces(12, seed=8)
    points.keypoints[8:, KEYPOINTS.index("nose_tip")] = np.nan
    write_fer2013_csv(root / "own" / "fer2013.csv", emotions)
    write_fer2013_csv(root / "own" / "fer2013.csv.zip", emotions, zipped=True)
    write_class_folders(root / "own" / "pictures", emotions)
    write_kaggle_training_csv(root / "own" / "training.csv", points)
    write_keypoint_folder(root / "own" / "labelled", points)
    return root


@pytest.mark.parametrize(
    ("task", "source", "split", "counts"),
    [
        ("emotion", "data", "test", {"drawn test": 30}),
        ("emotion", "data", "validation", {"drawn validation": 30}),
        ("emotion", "data", "all", {"drawn all": 150}),
        ("emotion", "data/faces", "test", {"drawn test": 30}),  # a set of the recipe, named alone
        ("emotion", "own/fer2013.csv", "all", {"fer2013 all": 50}),
        ("emotion", "own/fer2013.csv.zip", "all", {"fer2013.csv all": 50}),
        ("emotion", "own/pictures", "test", {"pictures test": 50}),
        ("keypoints", "data", "test", {"drawn test, complete rows": 12}),
        ("keypoints", "own/training.csv", "test", None),
        ("keypoints", "own/labelled", "test", None),
    ],
)
def test_a_source_is_read_by_what_it_holds(workplace, task, source, split, counts):
    evaluation = evaluate(workplace / f"{task}.tflite", workplace / source, split)
    found = {part.name: part.figures.rows for part in evaluation.parts}
    if counts is None:
        name = f"{(workplace / source).stem} test"
        counts = {f"{name}, complete rows": 8, f"{name}, rows with missing points": 4}
    assert found == counts


def test_fer2013_is_also_measured_without_near_twins_of_training_faces(workplace, tmp_path):
    faces = emotion_faces(50, seed=8)
    images, tested = faces.images.copy(), np.flatnonzero(faces.usages == "PublicTest")
    images[tested[:3]] = images[:3] // 2 + 20  # training faces, darker
    write_fer2013_csv(tmp_path / "fer2013.csv", replace(faces, images=images))
    everything, alone = evaluate(workplace / "emotion.tflite", tmp_path / "fer2013.csv").parts
    assert everything.figures.rows == 10
    assert alone.name == "fer2013 test, without near twins of training faces"
    assert alone.figures.rows == 7


def test_a_run_is_evaluated_on_the_data_of_its_training(workplace):
    run = evaluate(workplace / "runs" / "keypoints")
    file = evaluate(workplace / "keypoints.tflite", workplace / "data")
    assert [part.name for part in run.parts] == [part.name for part in file.parts]
    assert run.parts[0].figures.rmse_px == pytest.approx(file.parts[0].figures.rmse_px, abs=0.5)


def test_the_interval_encloses_the_figure(workplace):
    for task in ("emotion", "keypoints"):
        [part] = evaluate(workplace / f"{task}.tflite", workplace / "data").parts
        value = part.figures.accuracy if task == "emotion" else part.figures.rmse_px
        assert part.interval.low < part.interval.value < part.interval.high
        assert part.interval.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("task", "words"),
    [("emotion", ["drawn test", "balanced", *EMOTIONS]), ("keypoints", ["RMSE px", *KEYPOINTS])],
)
def test_facts_are_printed_as_tables_or_json(workplace, capsys, task, words):
    evaluate_command(workplace / f"{task}.tflite", data=workplace / "data")
    table = capsys.readouterr().out
    assert all(word in table for word in words)
    evaluate_command(workplace / f"{task}.tflite", data=workplace / "data", as_json=True)
    [part] = json.loads(capsys.readouterr().out)["parts"]
    assert part["interval_95"][0] <= part.get("accuracy", part.get("rmse_px"))


@pytest.mark.parametrize(
    ("task", "source", "split", "error", "message"),
    [
        ("emotion", "own/labelled", "test", WrongUse, "holds data for keypoints; expected data"),
        ("keypoints", "own/fer2013.csv", "test", WrongUse, "holds data for emotion"),
        ("emotion", "runs", "test", EdgeEmotionError, "holds no data that can be read"),
        ("emotion", "nowhere", "test", EdgeEmotionError, "does not exist; check --data"),
        ("emotion", "own/labelled/keypoints.csv", "test", EdgeEmotionError, "neither a column"),
        ("emotion", "data", "rest", WrongUse, "split 'rest'; expected one of test, validation"),
        ("emotion", "own/pictures", "train", EdgeEmotionError, "has no train rows; choose another"),
        ("emotion", None, "test", WrongUse, "no data to evaluate on; name it with --data"),
    ],
)
def test_data_that_cannot_be_used_is_refused_in_one_line(
    workplace, task, source, split, error, message
):
    data = None if source is None else workplace / source
    with pytest.raises(error, match=message) as caught:
        evaluate(workplace / f"{task}.tflite", data, split)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["truncated", "foreign", "missing"])
def test_a_model_that_cannot_be_used_is_refused_in_one_line(workplace, tmp_path, damage):
    file = tmp_path / "model.tflite"
    if damage != "missing":
        content = (workplace / "emotion.tflite").read_bytes()
        file.write_bytes(content[:-500] if damage == "truncated" else b"TFL3 of someone else")
    with pytest.raises(EdgeEmotionError, match=r"model\.tflite") as caught:
        evaluate(file, workplace / "data")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_a_card_states_what_was_measured_and_what_it_is_not_for(workplace, task):
    file = workplace / f"{task}.tflite"
    metadata, evaluation = read_model(file).metadata, evaluate(file, workplace / "data")
    card = model_card(metadata, evaluation, file.stat().st_size)
    figures = evaluation.parts[0].figures
    headline = f"{figures.accuracy:.1%}" if task == "emotion" else f"{figures.rmse_px:.2f}"
    assert card.startswith(f"# resblock-edge, {task}, int8\n")
    for words in (headline, "must not be used", metadata.license, "| drawn |", "Cost of int8: on"):
        assert words in card


def _constant(side: int, answer: np.ndarray) -> keras.Model:
    """A network that gives the same answer to every face of `side` px."""
    face = keras.Input((side, side, 1))
    dense = keras.layers.Dense(len(answer), kernel_initializer="zeros")
    model = keras.Model(face, dense(keras.layers.Flatten()(face)))
    dense.set_weights([np.zeros((side * side, len(answer))), answer])
    return model


MEAN_FACE = np.array(read_model(shipped_model("keypoints")).metadata.mean_face, np.float32)


@pytest.mark.parametrize("suffix", [".keras", ".tflite"])
@pytest.mark.parametrize(
    ("answer", "unit"),
    [
        (MEAN_FACE + 0.5, "pixels"),
        ((MEAN_FACE - 47.5) / 48, r"\(pixels - 48\) / 48"),
        ((MEAN_FACE + 0.5) / 96, "pixels / 96"),
        (np.full((15, 2), 0.5 / 20), "offsets from the shipped network's mean face"),
    ],
    ids=["pixels", "centred", "parts", "offsets"],
)
def test_a_stranger_tells_the_unit_of_its_points_by_where_they_lie(
    workplace, tmp_path, capsys, answer, unit, suffix
):
    network = _constant(96, answer.ravel())
    file = tmp_path / f"theirs{suffix}"
    if suffix == ".keras":
        network.save(file)
    else:
        file.write_bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())
    data = workplace / "own" / "labelled"
    [complete, _] = evaluate(file, data).parts
    truth = keypoint_faces(12, seed=8).window_keypoints[:8]
    expected = np.sqrt(np.square(truth - (MEAN_FACE + 0.5)).mean())
    assert complete.figures.rmse_px == pytest.approx(expected, rel=1e-4)
    said = " ".join(capsys.readouterr().err.split())
    assert "says nothing of itself: taken for keypoints" in said
    assert re.search(f"answers are taken for {unit}", said)


def test_a_stranger_may_answer_in_logits_and_take_larger_faces(workplace, tmp_path, capsys):
    file = tmp_path / "theirs.keras"
    _constant(96, np.array([0.0, 1, 2, 5, 3])).save(file)
    [part] = evaluate(file, workplace / "own" / "pictures").parts
    assert part.figures.recall["Happy"] == 1 and part.figures.recall["Sad"] == 0
    share = np.exp(5) / np.exp([0, 1, 2, 5, 3]).sum()
    assert part.figures.calibration_error == pytest.approx(share - part.figures.accuracy, abs=1e-4)
    assert "taken for logits" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("side", "answer", "message"),
    [
        (96, np.zeros(7), r"to \(None, 7\) and says nothing of itself; expected \(S, S, 1\)"),
        (48, np.zeros(30), "and says nothing of itself"),
        (96, np.full(30, 200.0), "no points of a face in any unit"),
    ],
)
def test_a_stranger_that_cannot_be_understood_is_refused_in_one_line(
    workplace, tmp_path, side, answer, message
):
    file = tmp_path / "theirs.keras"
    _constant(side, answer).save(file)
    with pytest.raises(EdgeEmotionError, match=message) as caught:
        evaluate(file, workplace / "own" / "labelled")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "other", "pictures"),
    [
        ("emotion.tflite", None, {"confusion_1", "reliability_1", "samples", "worst"}),
        ("runs/keypoints", "runs/emotion", {"cumulative_error", "point_errors", "feature_maps"}),
    ],
)
def test_an_evaluation_is_drawn(workplace, tmp_path, capsys, model, other, pictures):
    page, folder = tmp_path / "page.html", tmp_path / "pictures"
    evaluation = evaluate_command(
        workplace / model, data=workplace / "data", page=page, pictures=folder,
        other=other and workplace / other,
    )  # fmt: skip
    text, figures = page.read_text(), evaluation.parts[0].figures
    value = f"{figures.accuracy:.1%}" if evaluation.task == "emotion" else f"{figures.rmse_px:.2f}"
    assert f"<dd>{value} <small>" in text
    assert evaluation.parts[0].name in text
    assert text.count("Both networks' answers") == 1
    assert pictures <= {file.stem for file in folder.glob("*.svg")}


def test_the_other_network_must_be_for_the_other_task(workplace, tmp_path):
    with pytest.raises(EdgeEmotionError, match="is a model for emotion, too; expected one for key"):
        evaluate_command(
            workplace / "emotion.tflite",
            data=workplace / "data",
            page=tmp_path / "page.html",
            other=workplace / "emotion.tflite",
        )
    assert not list(tmp_path.iterdir())


def test_what_draws_is_loaded_for_pictures_only():
    code = (
        "import edge_emotion_convert.evaluate, edge_emotion_convert.cards, sys\n"
        "print([name for name in sys.modules if 'pictures' in name and 'edge_emotion' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_tables_are_at_most_100_characters_wide_on_a_terminal(
    workplace, tmp_path, capsys, monkeypatch, task
):
    monkeypatch.setattr(Console, "is_terminal", True)
    monkeypatch.setenv("COLUMNS", "200")
    data = tmp_path / "a-set-with-a-name-that-is-longer-than-most"
    if task == "emotion":
        write_class_folders(data, emotion_faces(50, seed=8))
    else:
        faces = keypoint_faces(12, seed=8)
        faces.keypoints[8:, 3] = np.nan
        write_keypoint_folder(data, faces)
    evaluate_command(workplace / f"{task}.tflite", data=data)
    lines = capsys.readouterr().out.splitlines()
    assert max(Text.from_ansi(line).cell_len for line in lines) <= 100


def test_rows_with_missing_points_count_only_what_is_known(workplace, tmp_path):
    faces = keypoint_faces(8, seed=4)
    write_keypoint_folder(tmp_path / "whole", faces)
    faces.keypoints[:4, 5:] = np.nan
    write_keypoint_folder(tmp_path / "part", take(faces, np.arange(4)))
    [part] = evaluate(workplace / "keypoints.tflite", tmp_path / "part").parts
    assert part.name == "part test, rows with missing points"
    assert part.figures.rmse_px > 0 and np.isnan(part.figures.point_error_px["nose_tip"])


def test_a_card_is_written_for_a_tflite_on_rows_that_did_not_train_it(workplace, tmp_path):
    card = tmp_path / "cards" / "emotion.md"
    data = workplace / "data"
    card_command(card, workplace / "emotion.tflite", data=data, split="test")

    text = card.read_text()
    assert "## Measured" in text and "must not be used" in text and "drawn test" in text
    for model, split in (("runs/emotion", "test"), ("emotion.tflite", "train")):
        with pytest.raises(WrongUse, match="--card"):
            card_command(card, workplace / model, data=data, split=split)
