"""Runs that were interrupted: finding one, its recipe, and saying how it goes on."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError, ExitCode, WrongUse
from edge_emotion.modelfile import Task
from edge_emotion_train.recipe import Recipe
from edge_emotion_train.runs import METRICS_FILE, RECIPE_FILE, read_recipe

RESUME = "resume"  # the folder in a run's, with one for each of its fits
_FULL = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_DIFFERENCES_SHOWN = 3


class Interrupted(EdgeEmotionError):
    """The user ended a training before its time."""

    exit_code = ExitCode.INTERRUPTED


def find_interrupted(task: Task, recipe: str | None, out: Path | None, runs: Path) -> Path:
    """The folder of the run to resume.

    Args:
        task: emotion, keypoints or detector.
        recipe: the name of its recipe; any without.
        out: the run's folder, if it is known; else the run in `runs` that was started last.

    Raises:
        WrongUse: there is no such run, or it is finished.
    """
    if out is not None:
        if (out / METRICS_FILE).exists():
            raise WrongUse(f"{out} holds a finished run", remedy="leave out --resume and --out")
        if not (out / RECIPE_FILE).exists():
            raise WrongUse(f"{out} holds no interrupted run", remedy="leave out --resume")
        if (found := read_recipe(out)[0]).task != task:
            raise WrongUse(f"{out} holds a run of {found.task}", expected=f"one of {task}")
        return out
    started = [file for file in runs.glob(f"*/{RECIPE_FILE}") if _fits(file.parent, task, recipe)]
    if not started:
        named = f"{task} by recipe {recipe}" if recipe else task
        raise WrongUse(
            f"no interrupted run of {named} in {runs}",
            remedy="name its folder with --out, or leave out --resume",
        )
    return max(started, key=lambda file: file.stat().st_mtime_ns).parent


def check_folder(out: Path, recipe: Recipe) -> None:
    """Check that the folder holds no run, or an interrupted one of the same recipe.

    Raises:
        EdgeEmotionError: it does.
    """
    if (out / METRICS_FILE).exists():
        raise EdgeEmotionError(
            f"{out} holds a finished run", remedy="name another folder with --out, or remove it"
        )
    if (out / RECIPE_FILE).exists() and (found := read_recipe(out)[0]) != recipe:
        raise EdgeEmotionError(
            f"{out} holds a run of another recipe ({_differences(found, recipe)})",
            remedy="finish it by --resume without settings, name another folder with --out, or "
            "remove it",
        )


@contextmanager
def resumable(out: Path) -> Iterator[None]:
    """Let Ctrl-C and a full disk say in one line after which epoch the run in `out` goes on.

    Raises:
        Interrupted: Ctrl-C ended the block.
        EdgeEmotionError: the disk is full, whatever library noticed it.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("interrupted", remedy=_goes_on(out)) from None
    except Exception as error:
        full = next((reason for reason in _FULL if reason in str(error)), None)
        if full is None:
            raise
        ours = isinstance(error, EdgeEmotionError)  # else it is TensorBoard's, from C++
        found = str(error).partition("; ")[0] if ours else f"cannot write {out / 'logs'}: {full}"
        raise EdgeEmotionError(found, remedy=f"make room on the disk; {_goes_on(out)}") from error


def saved_epochs(folder: Path) -> list[int]:
    """The epochs that a fit has saved in its folder (see `checkpoint`), in order."""
    return sorted(int(path.stem.partition("-")[2]) for path in folder.glob("epoch-*.npz"))


def newest_epoch(out: Path) -> int:
    """The last epoch that any fit of the run has saved; 0 where there is none."""
    fits = (out / RESUME).glob("*/")
    return max((epoch for fit in fits for epoch in saved_epochs(fit)), default=0)


def _goes_on(out: Path) -> str:
    if (out / METRICS_FILE).exists():
        return "the network is trained, only its page is not drawn: evaluate --html draws one"
    epoch = newest_epoch(out)
    return f"the same command goes on after epoch {epoch}" if epoch else "no epoch was saved yet"


def _fits(folder: Path, task: Task, recipe: str | None) -> bool:
    if (folder / METRICS_FILE).exists():
        return False
    try:
        found = read_recipe(folder)[0]
    except EdgeEmotionError:
        return False
    return found.task == task and recipe in (None, found.name)


def _differences(found: Recipe, asked: Recipe) -> str:
    """What two recipes disagree on, the first few keys of it."""
    there, here = _flat(found.as_dict()), _flat(asked.as_dict())
    keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    shown = [
        f"{key} is {there.get(key, 'not set')} there and {here.get(key, 'not set')} here"
        for key in keys[:_DIFFERENCES_SHOWN]
    ]
    return ", ".join(shown) + (", ..." if len(keys) > _DIFFERENCES_SHOWN else "")


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        name = prefix + key
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat
