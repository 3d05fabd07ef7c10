"""Trainings that are killed, interrupted or run out of disk, and what becomes of them."""

import csv
import resource
import signal
import subprocess
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import keras
import numpy as np
import pytest

from edge_emotion import cli
from edge_emotion_train import fit
from edge_emotion_train.progress import Progress
from helpers.commands import command, edge_emotion, is_one_line

pytestmark = pytest.mark.slow

EPOCHS = 4
MEASURED = ("seconds", "images_per_second")
SETTINGS = [
    f"fit.epochs={EPOCHS}",
    "fit.batch_size=8",
    "sets.drawn.count=400",
    "network.widths=[4]",
    "network.blocks=[1]",
    "network.dropout=0.2",  # draws random numbers, which a resumed run must draw on with
]
TRAIN = ["train", "emotion", "--recipe", "smoke", *(f"--set={each}" for each in SETTINGS)]


def history(run: Path) -> list[dict[str, str]]:
    """The figures of every epoch, but for those that no two runs share."""
    with (run / "history.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [{key: row[key] for key in row if key not in MEASURED} for row in rows]


def assert_same_run(run: Path, whole: Path) -> None:
    assert history(run) == history(whole)
    networks = [keras.models.load_model(folder / "model.keras") for folder in (run, whole)]
    for weights, expected in zip(*(network.get_weights() for network in networks), strict=True):
        np.testing.assert_array_equal(weights, expected)


def saved(run: Path) -> list[str]:
    return sorted(file.name for file in (run / "resume").glob("*/*"))


def train_here(monkeypatch: pytest.MonkeyPatch, run: Path, *arguments: str) -> int:
    """`edge-emotion train` without pictures or a process of its own; returns the exit code."""
    monkeypatch.setattr(fit, "leave_pictures", Mock())
    line = ["edge-emotion", *TRAIN, "--out", str(run), *arguments]
    monkeypatch.setattr("sys.argv", line)
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


def at_epoch(monkeypatch: pytest.MonkeyPatch, number: int, happens: Any) -> None:
    """Let something happen at the start of an epoch, which counts from 1."""

    class Watched(Progress):
        def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            super().on_epoch_begin(epoch, logs)
            if epoch == number - 1:
                happens()

    monkeypatch.setattr(fit, "Progress", Watched)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing came between."""
    run = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert train_here(monkeypatch, run) == 0
    assert len(history(run)) == EPOCHS
    return run


def test_a_killed_run_is_finished_by_resume_with_the_same_history(tmp_path: Path, whole: Path):
    run = tmp_path / "runs" / "emotion-smoke"
    with subprocess.Popen(
        command(*TRAIN), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("epoch 2/"):  # the third has begun
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert history(run)[:2] == history(whole)[:2]  # the same seed gives the same first epochs
    assert not (run / "metrics.json").exists()
    assert saved(run)

    done = edge_emotion("train", "emotion", "--resume", cwd=tmp_path, timeout_s=120)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("finished: runs/emotion-smoke; ")
    told = done.stderr.splitlines()
    assert told[0].startswith("going on after epoch ")
    assert [line for line in told if line.startswith("epoch 1/")] == []
    assert told[-1].startswith(f"epoch {EPOCHS}/{EPOCHS}  loss ")
    assert_same_run(run, whole)
    assert not (run / "resume").exists()


def test_an_interrupted_and_then_a_full_run_go_on_by_the_same_command(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    run = tmp_path / "run"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    with monkeypatch.context() as patch:
        at_epoch(patch, 2, lambda: signal.raise_signal(signal.SIGINT))
        assert train_here(patch, run) == 130
    signal.signal(signal.SIGINT, before)
    line = capsys.readouterr().err.splitlines()[-1]
    assert line == "edge-emotion: interrupted; the same command goes on after epoch 1"

    size = (run / "resume" / "plain" / "epoch-0001.npz").stat().st_size
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    full = size - 1, unlimited[1]
    with monkeypatch.context() as patch:
        at_epoch(patch, 3, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, full))
        try:
            assert train_here(patch, run) == 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"cannot write {run / 'resume' / 'plain' / 'epoch-0003.npz'}: File too large" in line
    assert line.endswith("; make room on the disk; the same command goes on after epoch 2")
    assert saved(run) == ["epoch-0001.npz", "epoch-0002.npz"]

    assert train_here(monkeypatch, run, "--epochs", "9") == 1
    line = capsys.readouterr().err
    assert is_one_line(line) and "fit.epochs is 4 there and 9 here" in line

    assert train_here(monkeypatch, run) == 0
    assert_same_run(run, whole)


def test_without_an_interrupted_run_there_is_nothing_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert train_here(monkeypatch, tmp_path / "run", "--resume") == 2
    line = capsys.readouterr().err
    assert is_one_line(line) and "holds no interrupted run; leave out --resume" in line
