"""`edge-emotion train` as it is typed, and networks of every kind on their way to the device."""

import csv
import json
import os
import subprocess
from pathlib import Path

import keras
import pytest

from edge_emotion.modelfile import Task
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.integer_check import tensor_specs
from edge_emotion_convert.quantize import to_tflite
from edge_emotion_train.architectures import EdgeNetwork, Network, ReferenceNetwork
from edge_emotion_train.batches import as_input
from edge_emotion_train.networks import build
from helpers.commands import command, edge_emotion, is_one_line
from helpers.drawn_faces import emotion_faces, keypoint_faces

pytestmark = pytest.mark.slow


def test_a_recipe_of_drawn_faces_trains_without_any_data(tmp_path: Path):
    settings = ["sets.drawn.count=60", "network.widths=[4,4,4,4]", "fit.batch_size=8"]
    done = edge_emotion(
        "train", "emotion", "--recipe", "smoke", "--epochs", "2", "--out", tmp_path / "mine",
        *(part for setting in settings for part in ("--set", setting)),
        cwd=tmp_path,
        timeout_s=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(list(csv.DictReader((tmp_path / "mine" / "history.csv").open()))) == 2
    metrics = json.loads((tmp_path / "mine" / "metrics.json").read_text())
    assert metrics["faces"] == {"drawn": 36}
    assert metrics["validation"]["faces"] == 12
    assert "conv2d" in (tmp_path / "mine" / "network.txt").read_text()


def test_without_epochs_the_network_is_the_mean_of_those_it_starts_from(tmp_path: Path):
    network = EdgeNetwork((4, 4, 4, 4), (1, 1, 1, 1))
    starts = [build("emotion", network) for _ in range(2)]
    for name, start in zip("ab", starts, strict=True):
        start.save(tmp_path / f"{name}.keras")
    settings = [
        "fit.epochs=0", 'fit.start=["a.keras", "b.keras"]', "sets.drawn.count=60",
        "network.widths=[4,4,4,4]",
    ]  # fmt: skip
    done = edge_emotion(
        "train", "emotion", "--recipe", "smoke", "--out", "mean",
        *(part for setting in settings for part in ("--set", setting)),
        cwd=tmp_path,
        timeout_s=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    mean = keras.models.load_model(tmp_path / "mean" / "model.keras")
    for here, *there in zip(*(one.get_weights() for one in (mean, *starts)), strict=True):
        assert here == pytest.approx(sum(there) / 2, abs=1e-6)
    assert (tmp_path / "mean" / "page.html").exists()


def test_a_dry_run_shows_recipe_and_network_and_leaves_nothing(tmp_path: Path):
    done = edge_emotion(
        "train", "keypoints", "--recipe", "reference", "--set", "fit.optimizer=sgd", "--dry-run",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'optimizer = "sgd"' in done.stdout
    assert "18,016,286 parameters, 97.3 MMAC" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("fit.epochs=many", "fit: epochs is 'many'; expected a whole number"),
        ("fit.epoch=3", "fit has an unknown key epoch"),
        ("fit", "expected KEY=VALUE"),
    ],
)
def test_a_setting_that_cannot_be_is_one_line(tmp_path: Path, setting: str, message: str):
    done = edge_emotion("train", "emotion", "--set", setting, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr and is_one_line(done.stderr)


@pytest.mark.parametrize(
    "network",
    [EdgeNetwork((8, 8), (1, 1)), ReferenceNetwork((8, 8), dense=(16,), dropout=(0.1,))],
    ids=["edge", "reference"],
)
@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_every_network_becomes_a_full_integer_one(task: Task, network: Network):
    drawn = emotion_faces(12, seed=1) if task == "emotion" else keypoint_faces(12, seed=1)
    images = drawn.images.copy()
    images[0, 0, :2] = 0, 255  # the whole range, as calibration sees to
    int8 = to_tflite(build(task, network), FORMATS["int8"], as_input(images))  # refuses the rest
    given, _ = tensor_specs(int8)
    assert (given.dtype, given.zero_point) == ("uint8", 0)
    assert given.scale == pytest.approx(1 / 255)


@pytest.mark.parametrize(
    ("backend", "message"),
    [("mxnet", "KERAS_BACKEND is mxnet; expected one of tensorflow, jax, torch")],
)
def test_a_backend_that_cannot_be_had_is_one_line(tmp_path: Path, backend: str, message: str):
    done = subprocess.run(
        command("train", "emotion", "--recipe", "smoke"), cwd=tmp_path, text=True,
        capture_output=True, env={**os.environ, "KERAS_BACKEND": backend},
    )  # fmt: skip
    assert done.returncode == 2
    assert is_one_line(done.stderr) and message in done.stderr
