"""A trained network from its .keras file."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import keras
import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import Task
from edge_emotion_train.networks.heads import Shape, shapes_of
from edge_emotion_train.recipe import shipped_recipes

_LONGEST_REASON = 160
TASKS: tuple[Task, ...] = get_args(Task)


def read_network(path: Path, task: Task) -> keras.Model:
    """Load a .keras file without running code from it (Keras' safe mode), and check it.

    Raises:
        EdgeEmotionError: missing, damaged, unsafe, of another shape, or with NaN weights.
    """
    model = load_network(path)
    check_network(model, path, (task,))
    return model


def read_recorded(path: Path, task: Task, sha256: str) -> tuple[keras.Model, str]:
    """`read_network`, and the file's SHA-256, which is `sha256` where a recipe has recorded it.

    Args:
        path: of the .keras file.
        task: of the network.
        sha256: that it is to have; empty for any.

    Raises:
        EdgeEmotionError: as `read_network`, or another fingerprint.
    """
    model = read_network(path, task)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 not in ("", digest):
        raise EdgeEmotionError(
            f"{path} has the SHA-256 {digest}",
            expected=sha256,
            remedy="bring that file back, or remove its SHA-256 from the recipe",
        )
    return model, digest


def load_network(path: Path) -> keras.Model:
    """Load a .keras or .h5 file without running code from it, whatever network it holds.

    Raises:
        EdgeEmotionError: missing, damaged, unsafe, or with layers that Keras does not have.
    """
    if not path.exists():
        raise EdgeEmotionError(f"{path} does not exist", remedy=_how_to_get(path))
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras passes on whatever zip, JSON, HDF5 or layers raise
        innermost = str(error).rpartition("Exception encountered: ")[2].strip()
        reason = innermost.partition("\n")[0][:_LONGEST_REASON]
        raise EdgeEmotionError(
            f"{path} cannot be loaded: {reason}",
            expected="a .keras file that training left, of Keras's own layers",
            remedy="train again, or copy the file again",
        ) from error


def _how_to_get(path: Path) -> str:
    """What to do where a network is missing: training it, if the path is that of such a run."""
    folder = path.parent if path.suffix else path
    for task in TASKS:
        for recipe in shipped_recipes(task):
            if folder == Path("runs", f"{task}-{recipe}"):
                return f"train it first: edge-emotion train {task} --recipe {recipe}"
    return "check the network's path"


def check_network(model: keras.Model, path: Path, tasks: Sequence[Task] = TASKS) -> Task:
    """Check that a network has the shapes of one of the tasks, and no NaN; returns which.

    Its batch is free, or 1 where somebody fixed it.

    Raises:
        EdgeEmotionError: it has not.
    """
    found = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    expected: dict[Task, tuple[Shape, Shape]] = {task: shapes_of(task) for task in tasks}
    free = tuple((None, *shape[1:]) if shape and shape[0] == 1 else shape for shape in found)
    if free not in expected.values():
        raise EdgeEmotionError(
            f"{path} maps {found[0]} to {found[1]}",
            expected=" or ".join(
                f"{given} to {answered} for {task}" for task, (given, answered) in expected.items()
            ),
        )
    broken = [weight.path for weight in model.weights if not np.isfinite(weight.numpy()).all()]
    if broken:
        raise EdgeEmotionError(
            f"{path} has weights that are NaN or infinite, first in {broken[0]}",
            remedy="train again, with a lower learning_rate if that happens again",
        )
    return next(task for task, shapes in expected.items() if shapes == free)
