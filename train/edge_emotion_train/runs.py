"""Run folders that training left: finding the newest, reading one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion.errors import EdgeEmotionError, WrongUse, warn
from edge_emotion.modelfile import Task
from edge_emotion.toml import loads
from edge_emotion.types import Floats
from edge_emotion_train.recipe import Recipe, parse

RECIPE_FILE, NETWORK_FILE, METRICS_FILE = "recipe.toml", "model.keras", "metrics.json"
HISTORY_FILE = "history.csv"


@dataclass(frozen=True)
class Run:
    """A finished training.

    Attributes:
        folder: runs/NAME.
        recipe: what it was trained by.
        data: the folder its sets were read below.
        mean_face: `(15, 2)` pixels of the 96 px face; None where it did not train keypoints.
    """

    folder: Path
    recipe: Recipe
    data: Path
    mean_face: Floats | None

    @property
    def task(self) -> Task:
        """Which of the three networks it trained."""
        return self.recipe.task

    @property
    def network(self) -> Path:
        """The trained network, a .keras file."""
        return self.folder / NETWORK_FILE

    @property
    def name(self) -> str:
        """The folder's name, which its exports take over."""
        return self.folder.resolve().name


def read_run(path: Path) -> Run:
    """Read a run by its folder, or by the model.keras inside it.

    Raises:
        EdgeEmotionError: no such run, not finished, or one of its files cannot be used.
    """
    folder = path if path.is_dir() else path.parent
    if not path.exists() or (path.is_file() and path.name != NETWORK_FILE):
        raise EdgeEmotionError(
            f"{path} is no run",
            expected=f"a folder that training left, or the {NETWORK_FILE} in it",
        )
    missing = [
        name for name in (RECIPE_FILE, NETWORK_FILE, METRICS_FILE) if not (folder / name).is_file()
    ]
    if missing:
        raise EdgeEmotionError(
            f"{folder} is no finished run: it has no {', '.join(missing)}",
            remedy="let its training come to its end",
        )
    metrics = _read_metrics(folder)
    recipe, data = read_recipe(folder)
    return Run(folder, recipe, data, _mean_face(folder, recipe.task, metrics))


def newest_run(task: Task, runs: Path) -> Run | None:
    """The run of a task that was finished last in the folder `runs`; None where there is none.

    Raises:
        EdgeEmotionError: a finished run's file cannot be read.
    """
    finished = [
        file
        for file in runs.glob(f"*/{METRICS_FILE}")
        if (file.parent / NETWORK_FILE).is_file() and _read_metrics(file.parent).get("task") == task
    ]
    newest = max(finished, key=lambda file: file.stat().st_mtime_ns, default=None)
    return None if newest is None else read_run(newest.parent)


def read_recipe(folder: Path) -> tuple[Recipe, Path]:
    """What a run is trained by, and the folder that its data was read below.

    Raises:
        EdgeEmotionError: recipe.toml is missing or cannot be used.
    """
    file = folder / RECIPE_FILE
    try:
        table = loads(file.read_text(encoding="utf-8"))
        data = Path(str(table.pop("data", "")))
        return parse(table, folder.name), data  # keys of a later version have their defaults
    except (OSError, ValueError, WrongUse) as error:
        raise EdgeEmotionError(
            f"{file} cannot be read: {error}",
            remedy="remove that run, or train into another folder with --out",
        ) from error


def warn_of_other_seeds(recipe: Recipe) -> None:
    """Warn of each run that a recipe learns from or begins with whose seed is not its own.

    Sets are divided by the seed, so such a network may have been trained on the faces that this
    training holds out, and its student would be measured on what it was told.
    The detector's photographs are divided by their names, so its seed does not matter.
    """
    if recipe.task == "detector":
        return
    teachers = recipe.teachers.values() if recipe.fit.distillation else ()
    named = [Path(name) for name in (*(one.path for one in teachers), *recipe.fit.start)]
    for folder in dict.fromkeys(path if path.is_dir() else path.parent for path in named):
        try:
            seed = read_recipe(folder)[0].seed
        except EdgeEmotionError:  # a network that is no run's
            continue
        if seed != recipe.seed:
            warn(
                f"{folder} was trained with seed {seed} and this recipe has {recipe.seed}: sets "
                "divided by shares are divided otherwise, so that faces held out here may have "
                "trained it"
            )


def _read_metrics(folder: Path) -> dict[str, Any]:
    file = folder / METRICS_FILE
    try:
        metrics: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(metrics, dict):
            raise ValueError("no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise EdgeEmotionError(
            f"{file} cannot be read: {error}", remedy="train again, or remove that run"
        ) from error
    return metrics


def _mean_face(folder: Path, task: Task, metrics: dict[str, Any]) -> Floats | None:
    if task != "keypoints":
        return None
    try:
        mean_face = np.array(metrics.get("mean_face"), np.float32)
        if mean_face.shape != (15, 2) or not np.isfinite(mean_face).all():
            raise ValueError(f"shape {mean_face.shape}")
    except (TypeError, ValueError) as error:
        raise EdgeEmotionError(
            f"{folder / METRICS_FILE} has no usable mean_face ({error})",
            expected="15 points",
            remedy="train again",
        ) from error
    return mean_face
