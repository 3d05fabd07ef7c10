"""`edge-emotion train detector` on drawn photographs: what it learns, and that it goes on."""

import csv
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from edge_emotion_train import fit
from edge_emotion_train.fit import train
from edge_emotion_train.progress import Progress
from edge_emotion_train.recipe import Recipe, load_recipe
from helpers.commands import edge_emotion, is_one_line

pytestmark = pytest.mark.slow

TINY = ["network.widths=[16, 4, 4, 4, 4]", "network.head=4", "sets.drawn.count=40"]


def _tiny(*settings: str) -> Recipe:
    small = ["fit.epochs=2", "fit.pictures_per_epoch=48", "fit.batch_size=8"]
    return load_recipe("detector", "smoke", [*TINY, *small, *settings])


def _train_anew(run: Path) -> Path:
    """Train as a process of its own does: TensorFlow adds up in the order of the layers' names."""
    keras.utils.clear_session()
    return train(_tiny(), Path(), run)


def _history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [{key: row[key] for key in row if "second" not in key} for row in rows]


def test_the_smoke_recipe_finds_most_drawn_faces(tmp_path: Path):
    done = edge_emotion(
        "train", "detector", "--recipe", "smoke", "--out", "run", cwd=tmp_path, timeout_s=300
    )
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["task"], metrics["mean_face"]) == ("detector", None)
    assert metrics["validation"]["recall"] > 0.8
    assert metrics["validation"]["average_precision"] > 0.85
    assert {"val_loss", "val_recall", "val_average_precision"} <= _history(run)[-1].keys()
    page = (run / "page.html").read_text()
    assert "Face detector, measured on validation photographs" in page
    pictures = {file.stem for file in (run / "pictures").glob("*.svg")}
    assert {"training_recall", "precision_recall", "photographs", "worst"} <= pictures


@pytest.mark.usefixtures("eagerly")
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fit, "leave_detector_pictures", lambda *_: None)
    whole = _train_anew(tmp_path / "whole")

    class Interrupted(Progress):
        def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fit, "Progress", Interrupted)
        _train_anew(tmp_path / "resumed")
    resumed = _train_anew(tmp_path / "resumed")

    assert _history(resumed) == _history(whole)
    networks = [keras.models.load_model(run / "model.keras") for run in (whole, resumed)]
    for weights, expected in zip(*(network.get_weights() for network in networks), strict=True):
        np.testing.assert_array_equal(weights, expected)


@pytest.mark.usefixtures("eagerly")
def test_it_begins_with_another_runs_weights_and_feels_the_rounding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fit, "leave_detector_pictures", lambda *_: None)
    first = train(_tiny("fit.epochs=1"), Path(), tmp_path / "first")
    start = first / "model.keras"
    settings = ["fit.epochs=1", f"fit.start={start}", "fit.learning_rate=1e-9", "fit.ema=0"]
    run = train(_tiny(*settings, "fit.quantization_aware_epochs=1"), Path(), tmp_path / "second")
    weights = [
        keras.models.load_model(folder / "model.keras").get_weights() for folder in (first, run)
    ]
    kernels = [[weight for weight in each if weight.ndim == 4] for each in weights]
    for there, here in zip(*kernels, strict=True):
        assert here == pytest.approx(there, abs=1e-4)
    assert "start_sha256 = " in (run / "recipe.toml").read_text()
    assert [row["phase"] for row in _history(run)] == ["plain", "quantization-aware"]


def test_another_networks_weights_are_refused_in_one_line(tmp_path: Path):
    keras.Sequential([keras.Input((192, 192, 1)), keras.layers.Flatten()]).save(
        tmp_path / "other.keras"
    )
    done = edge_emotion(
        "train", "detector", "--recipe", "smoke", "--set", "fit.start=other.keras", cwd=tmp_path
    )
    assert done.returncode == 1
    assert "fit.start: other.keras maps" in done.stderr and is_one_line(done.stderr)
