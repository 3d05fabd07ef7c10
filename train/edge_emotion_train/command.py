"""`edge-emotion train`: a recipe by name, its overrides, and where the run goes."""

import itertools
import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import tomli_w

from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import Task
from edge_emotion.quiet import native_messages_hidden, silence_tensorflow
from edge_emotion_train.cluster import Cluster, run_joined
from edge_emotion_train.datasets import check_paths
from edge_emotion_train.interrupted import find_interrupted, resumable
from edge_emotion_train.recipe import Recipe, load_recipe, parse
from edge_emotion_train.runs import METRICS_FILE, read_recipe
from edge_emotion_train.tables import override

RUNS = Path("runs")
BACKENDS = ("tensorflow", "jax", "torch")


def train_command(
    task: Task,
    recipe_name: str | None,
    data: Path | None,
    out: Path | None,
    *,
    find_data: Callable[[Path | None], Path],
    sets: Sequence[str] = (),
    epochs: int | None = None,
    settings: Sequence[str] = (),
    dry_run: bool = False,
    resume: bool = False,
    cluster: Cluster | None = None,
) -> None:
    """Train `task` by a recipe.

    Args:
        task: emotion, keypoints or detector.
        recipe_name: of a shipped recipe, or a TOML file; edge without.
        data: the folder that the recipe's paths are relative to.
        out: the run folder; without it runs/TASK-RECIPE, numbered when that one is finished.
        find_data: finds it where it is None; given one, says whether it is there.
        sets: only these of the recipe's sets; all when empty.
        epochs: instead of the recipe's.
        settings: KEY=VALUE instead of what the recipe says.
        dry_run: print the recipe and the network, look whether data that is named has what the
            recipe reads, and train nothing.
        resume: finish an interrupted run (see `find_interrupted`) by its own recipe.
        cluster: train with other processes, as this one of them.

    Raises:
        EdgeEmotionError: the recipe or the data cannot be used, or there is no run to resume.
    """
    if epochs is not None:
        settings = [*settings, f"fit.epochs={epochs}"]
    trained_on = None
    if resume:
        named = load_recipe(task, recipe_name).name if recipe_name else None
        folder = find_interrupted(task, named, out, RUNS)
        recipe, trained_on = read_recipe(folder)
        # What differs from the run's own recipe is refused when the training starts.
        recipe = parse(override(recipe.as_dict(), settings), recipe.name)
    else:
        recipe = load_recipe(task, recipe_name or "edge", settings)
        folder = out or _next_folder(f"{task}-{recipe.name}")
    if sets:
        recipe = recipe.only(list(sets))
    drawn = all(source.drawn for source in recipe.sets.values())
    if drawn or (dry_run and data is None):
        data = Path()
    else:
        data = find_data(data or trained_on)
        check_paths(recipe, data)
    with resumable(folder):
        if cluster is None or dry_run:
            _train(recipe, data, folder, dry_run)
        else:
            run_joined(cluster, _train, recipe, data, folder, dry_run)


def _train(recipe: Recipe, data: Path, folder: Path, dry_run: bool) -> None:
    # Keras takes seconds to load, so only once the recipe is known to be good.
    silence_tensorflow()
    _check_backend()
    with native_messages_hidden():
        import keras

        from edge_emotion_train.fit import train
        from edge_emotion_train.networks import build, summary

        keras.ops.zeros(1)  # looks for a GPU, and complains where there is none
        if keras.backend.backend() != "tensorflow":
            import tensorflow as tf  # writes TensorBoard's logs; the GPU is for the backend

            tf.config.set_visible_devices([], "GPU")

    if dry_run:
        network = build(recipe.task, recipe.network)
        print(tomli_w.dumps(recipe.as_dict()), summary(network), sep="\n")
        return
    train(recipe, data, folder)
    print(f"finished: {folder}; next: edge-emotion convert {folder} --int8")


def _check_backend() -> None:
    """Check that Keras's backend can be had, of which Keras itself says little.

    Raises:
        WrongUse: it is not one, or is not installed.
    """
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend not in BACKENDS:
        raise WrongUse(f"KERAS_BACKEND is {backend}", expected="one of " + ", ".join(BACKENDS))
    if find_spec(backend) is None:
        raise WrongUse(
            f"KERAS_BACKEND is {backend}, which is not installed",
            remedy=f"install it with: pip install {backend}",
        )


def _next_folder(name: str) -> Path:
    """The first of runs/NAME, runs/NAME-2, ... that holds no finished run."""
    for number in itertools.count(1):
        folder = RUNS / (name if number == 1 else f"{name}-{number}")
        if not (folder / METRICS_FILE).exists():
            return folder
    raise AssertionError("unreachable")
