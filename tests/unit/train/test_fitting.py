"""The parts of a fit that a recipe's keys choose: loss, optimizer, schedule, early stopping."""

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import keras
import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion_train import fit
from edge_emotion_train.architectures import EdgeNetwork, Network, ReferenceNetwork
from edge_emotion_train.fit import train
from edge_emotion_train.losses import SquaredError, WingLoss, make_loss
from edge_emotion_train.optimizers import make_optimizer
from edge_emotion_train.recipe import DataSet, Fit, Recipe, load_recipe
from edge_emotion_train.stopping import StopEarly

STEPS = 10
SMALL = EdgeNetwork((4,), (1,))
REFERENCE = ReferenceNetwork((4,), pool=2, dense=(8,), dropout=(0.1,))


def _recipe(task: Any, **options: Any) -> Recipe:
    recipe = load_recipe(task, "edge")
    return replace(recipe, fit=replace(recipe.fit, **options))


def _rates(**options: Any) -> list[float]:
    """The learning rate at the start of each of five epochs."""
    five = Fit(epochs=5, warmup_epochs=1, learning_rate=0.1, **options)
    schedule = make_optimizer(five, STEPS)._learning_rate
    return [float(schedule(STEPS * epoch)) for epoch in range(6)]


def test_the_loss_is_the_one_asked_for():
    assert isinstance(make_loss(_recipe("keypoints", loss="auto")), WingLoss)
    assert isinstance(make_loss(_recipe("keypoints", loss="wing")), WingLoss)
    assert isinstance(make_loss(_recipe("keypoints", loss="mse")), SquaredError)
    assert isinstance(make_loss(_recipe("emotion")), keras.losses.CategoricalCrossentropy)


def test_squared_error_is_in_square_pixels_and_leaves_missing_points_out():
    truth = np.zeros((1, 3), np.float32)
    predicted = np.array([[3, 4, 19]], np.float32) / 20
    known = np.array([[1, 1, 0]], np.float32)
    assert float(SquaredError()(truth, predicted, sample_weight=known)) == pytest.approx(12.5)


def test_label_smoothing_spreads_a_share_over_all_classes():
    truth = np.eye(5, dtype=np.float32)[:1]
    predicted = np.array([[0.6, 0.1, 0.1, 0.1, 0.1]], np.float32)
    plain = float(make_loss(_recipe("emotion"))(truth, predicted))
    smooth = float(make_loss(_recipe("emotion", label_smoothing=0.2))(truth, predicted))
    assert plain == pytest.approx(-math.log(0.6), rel=1e-4)
    assert smooth == pytest.approx(-0.84 * math.log(0.6) - 4 * 0.04 * math.log(0.1), rel=1e-4)


def test_the_rate_rises_evenly_and_falls_as_a_cosine_or_stays():
    cosine = [0.1 * (1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(5)]
    assert _rates() == pytest.approx([0, *cosine], abs=1e-6)
    assert _rates(schedule="constant") == pytest.approx([0, 0.1, 0.1, 0.1, 0.1, 0.1])


def test_without_a_warm_up_the_first_step_has_the_full_rate():
    rate = make_optimizer(Fit(epochs=3, warmup_epochs=0, learning_rate=0.1), STEPS)._learning_rate
    assert float(rate(0)) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("name", "kind", "decay"),
    [
        ("adamw", keras.optimizers.AdamW, 0.02),
        ("adam", keras.optimizers.Adam, None),
        ("sgd", keras.optimizers.SGD, 0.02),
    ],
)
def test_the_optimizer_is_the_one_asked_for(name: Any, kind: type, decay: float | None):
    optimizer = make_optimizer(
        Fit(epochs=3, optimizer=name, weight_decay=0.02, momentum=0.8, ema=0), STEPS
    )
    assert type(optimizer) is kind
    assert optimizer.weight_decay == decay
    assert not optimizer.use_ema
    if name == "sgd":
        assert optimizer.momentum == 0.8
    assert make_optimizer(Fit(epochs=3, optimizer=name), STEPS).ema_momentum == 0.999


def _model() -> keras.Model:
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    return model


def _run_epochs(callback: StopEarly, losses: list[float], first: int = 0) -> int:
    """Pretend epochs of these validation losses; returns how many there were until the stop."""
    callback.set_model(_model())
    callback.model.stop_training = False
    for number, loss in enumerate(losses):
        callback.on_epoch_begin(first + number)
        callback.model.set_weights([np.full((1, 1), loss, np.float32)])
        callback.on_epoch_end(first + number, {"val_loss": loss})
        if callback.model.stop_training:
            callback.on_train_end()
            return number + 1
    callback.on_train_end()
    return len(losses)


@pytest.mark.parametrize(
    ("losses", "epochs", "best"),
    [
        ([5, 4, 3, 2, 1], 5, 1),
        ([5, 3, 4, 4, 1], 4, 3),
        ([5, 4, 5, 3, 4, 4, 1], 6, 3),
        ([5, math.nan, math.nan, 1], 3, 5),
    ],
)
def test_a_fit_stops_when_nothing_gets_better_and_keeps_its_best_epoch(
    tmp_path: Path, losses: list[float], epochs: int, best: float
):
    callback = StopEarly(2, tmp_path, keep_best=True)
    assert _run_epochs(callback, losses) == epochs
    assert callback.model.get_weights()[0].item() == best


def test_a_resumed_fit_remembers_what_it_saw(tmp_path: Path):
    _run_epochs(StopEarly(3, tmp_path, keep_best=True), [5, 2, 3])
    callback = StopEarly(3, tmp_path, keep_best=True)
    assert callback.epochs(100) == 100
    # its last epoch was interrupted before the backup, and comes again
    assert _run_epochs(callback, [9, 9, 9, 9], first=2) == 3
    assert callback.model.get_weights()[0].item() == 2


def test_a_fit_that_has_stopped_does_not_go_on_when_it_is_resumed(tmp_path: Path):
    _run_epochs(StopEarly(2, tmp_path, keep_best=True), [5, 2, 3, 4])
    resumed = StopEarly(2, tmp_path, keep_best=True)
    assert resumed.epochs(100) == 4
    _run_epochs(resumed, [], first=4)
    assert resumed.model.get_weights()[0].item() == 2


def test_without_patience_nothing_stops(tmp_path: Path):
    assert StopEarly(0, tmp_path, keep_best=True).epochs(100) == 100


def test_a_moving_average_is_not_replaced_by_an_epoch(tmp_path: Path):
    callback = StopEarly(2, tmp_path, keep_best=False)
    assert _run_epochs(callback, [5, 6, 7, 8]) == 3
    assert callback.model.get_weights()[0].item() == 7


def _tiny(task: Any, reader: str, network: Network = SMALL, **options: Any) -> Recipe:
    return Recipe(
        name="tiny",
        task=task,
        seed=3,
        network=network,
        fit=Fit(epochs=3, batch_size=8, precision="float32", **options),
        sets={"drawn": DataSet(reader, count=40)},
    )


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize(
    "recipe",
    [
        _tiny("emotion", "drawn_emotion", optimizer="sgd", label_smoothing=0.1, patience=2, ema=0),
        _tiny(
            "keypoints",
            "drawn_keypoints",
            REFERENCE,
            optimizer="adam",
            schedule="constant",
            loss="mse",
            quantization_aware_epochs=1,
        ),
    ],
    ids=["emotion", "keypoints"],
)
def test_a_recipe_of_other_choices_trains(tmp_path: Path, recipe: Recipe):
    folder = train(recipe, tmp_path, tmp_path / "run")
    files = {"recipe.toml", "model.keras", "history.csv", "network.txt", "metrics.json"}
    assert files <= {file.name for file in folder.iterdir()}
    history = list(csv.DictReader((folder / "history.csv").open()))
    assert len(history) == 3 + recipe.fit.quantization_aware_epochs or recipe.fit.patience
    assert all(math.isfinite(float(row["val_loss"])) for row in history)
    with pytest.raises(EdgeEmotionError, match="holds a finished run"):
        train(recipe, tmp_path, folder)


def test_a_start_without_its_data_leaves_nothing_that_stops_the_next(tmp_path: Path):
    recipe = load_recipe("emotion", "edge")
    with pytest.raises(EdgeEmotionError, match="does not exist"):
        train(recipe, tmp_path / "nowhere", tmp_path / "run")

    assert not (tmp_path / "run").exists()


def test_a_set_of_the_other_task_is_refused(tmp_path: Path):
    with pytest.raises(WrongUse, match="set drawn holds EmotionFaces; expected KeypointFaces"):
        train(_tiny("keypoints", "drawn_emotion"), tmp_path, tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_a_run_interrupted_between_its_phases_goes_on_with_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    recipe = _tiny("keypoints", "drawn_keypoints", quantization_aware_epochs=2)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fit, "quantization_aware", Mock(side_effect=KeyboardInterrupt))
        train(recipe, tmp_path, tmp_path / "run")
    train(recipe, tmp_path, tmp_path / "run")
    train(recipe, tmp_path, tmp_path / "whole")
    resumed, whole = (
        list(csv.DictReader((tmp_path / name / "history.csv").open())) for name in ("run", "whole")
    )
    assert [row["epoch"] for row in resumed] == ["1", "2", "3", "4", "5"]
    assert [row["phase"] for row in resumed] == 3 * ["plain"] + 2 * ["quantization-aware"]
    losses, expected = ([float(row["val_loss"]) for row in rows] for rows in (resumed, whole))
    assert losses == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_epochs_go_on_counting_where_a_fit_stopped_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(StopEarly, "_waited", property(lambda self: len(self._losses)))
    recipe = _tiny("emotion", "drawn_emotion", patience=1, quantization_aware_epochs=1)
    folder = train(recipe, tmp_path, tmp_path / "run")
    rows = list(csv.DictReader((folder / "history.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [row["phase"] for row in rows] == ["plain", "quantization-aware"]
