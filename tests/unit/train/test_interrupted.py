"""Which run `--resume` finishes, what it refuses, and what an interrupted one says."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from edge_emotion.errors import EdgeEmotionError, ExitCode, WrongUse
from edge_emotion.files import write_text
from edge_emotion_train.interrupted import (
    Interrupted,
    check_folder,
    find_interrupted,
    read_recipe,
    resumable,
)
from edge_emotion_train.recipe import Recipe, load_recipe


def recipe(task: Any = "emotion", name: str = "smoke") -> Recipe:
    return load_recipe(task, name)


def write_run(
    folder: Path, made: Recipe, started_s: float = 1000, finished: bool = False, epoch: int = 0
) -> Path:
    write_text(folder / "recipe.toml", tomli_w.dumps({**made.as_dict(), "data": "/faces"}))
    os.utime(folder / "recipe.toml", (started_s, started_s))
    if finished:
        write_text(folder / "metrics.json", "{}")
    if epoch:
        write_text(folder / f"resume/plain/epoch-{epoch:04}.npz", "")
    return folder


def test_the_run_that_was_started_last_and_is_not_finished_is_resumed(tmp_path: Path):
    write_run(tmp_path / "a", recipe(), 1000)
    write_run(tmp_path / "b", recipe(name="edge"), 3000)
    write_run(tmp_path / "c", recipe(), 2000)
    write_run(tmp_path / "d", recipe(), 4000, finished=True)
    write_run(tmp_path / "e", recipe("keypoints"), 5000)
    write_text(tmp_path / "f" / "recipe.toml", "no recipe")
    assert find_interrupted("emotion", None, None, tmp_path) == tmp_path / "b"
    assert find_interrupted("emotion", "smoke", None, tmp_path) == tmp_path / "c"
    assert find_interrupted("keypoints", None, None, tmp_path) == tmp_path / "e"
    assert find_interrupted("emotion", None, tmp_path / "a", tmp_path) == tmp_path / "a"


@pytest.mark.parametrize(
    ("task", "name", "out", "message"),
    [
        ("keypoints", None, None, "no interrupted run of keypoints in"),
        ("emotion", "edge", None, "no interrupted run of emotion by recipe edge in"),
        ("emotion", None, "finished", "holds a finished run; leave out --resume"),
        ("emotion", None, "nowhere", "holds no interrupted run; leave out --resume"),
        ("keypoints", None, "smoke", "holds a run of emotion; expected one of keypoints"),
    ],
)
def test_what_cannot_be_resumed_is_told(
    tmp_path: Path, task: Any, name: str | None, out: str | None, message: str
):
    write_run(tmp_path / "smoke", recipe())
    write_run(tmp_path / "finished", recipe(name="edge"), finished=True)
    with pytest.raises(WrongUse, match=message):
        find_interrupted(task, name, tmp_path / out if out else None, tmp_path)


def test_a_run_tells_its_recipe_and_its_data(tmp_path: Path):
    assert read_recipe(write_run(tmp_path, recipe())) == (recipe(), Path("/faces"))


def test_a_run_goes_on_only_with_its_own_recipe(tmp_path: Path):
    write_run(tmp_path, recipe())
    check_folder(tmp_path, recipe())
    other = replace(recipe(), seed=4, fit=replace(recipe().fit, epochs=3))
    with pytest.raises(
        EdgeEmotionError,
        match=r"another recipe \(seed is 11 .* 4 here, fit\.epochs is 10 .* 3 here\)",
    ):
        check_folder(tmp_path, other)


def test_a_finished_run_is_not_written_over(tmp_path: Path):
    write_run(tmp_path, recipe(), finished=True)
    with pytest.raises(EdgeEmotionError, match="holds a finished run"):
        check_folder(tmp_path, recipe())


def test_a_run_goes_on_after_an_update_that_brought_new_keys(tmp_path: Path):
    table = recipe().as_dict()
    del table["network"]["name"], table["fit"]["optimizer"], table["augment"]["low_light"]
    write_text(tmp_path / "recipe.toml", tomli_w.dumps(table))
    check_folder(tmp_path, recipe())


@pytest.mark.parametrize(
    ("epoch", "goes_on"),
    [(7, "the same command goes on after epoch 7"), (0, "no epoch was saved yet")],
)
def test_ctrl_c_tells_where_the_run_goes_on(tmp_path: Path, epoch: int, goes_on: str):
    write_run(tmp_path, recipe(), epoch=epoch)
    with pytest.raises(EdgeEmotionError) as told, resumable(tmp_path):
        raise KeyboardInterrupt
    assert str(told.value) == f"interrupted; {goes_on}"
    assert told.value.exit_code == ExitCode.INTERRUPTED


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (EdgeEmotionError(f"cannot write x.npz: {FULL.strerror}", remedy="no idea"), "x.npz"),
        (RuntimeError(f"{{{{node}}}} events.v2; {FULL.strerror}\n\tFailed to flush"), "logs"),
    ],
    ids=["a checkpoint", "TensorFlow"],
)
def test_a_full_disk_is_told_with_its_remedy(tmp_path: Path, error: Exception, named: str):
    write_run(tmp_path, recipe(), epoch=3)
    with pytest.raises(EdgeEmotionError) as told, resumable(tmp_path):
        raise error
    line = str(told.value)
    assert named in line and "No space left" in line and "\n" not in line
    assert line.endswith("; make room on the disk; the same command goes on after epoch 3")


def test_other_errors_stay_what_they_are(tmp_path: Path):
    with pytest.raises(ZeroDivisionError), resumable(tmp_path):
        raise ZeroDivisionError


def test_after_the_last_epoch_an_interruption_says_that_the_network_is_trained(tmp_path: Path):
    (tmp_path / "metrics.json").touch()
    with pytest.raises(Interrupted, match="the network is trained"), resumable(tmp_path):
        raise KeyboardInterrupt
