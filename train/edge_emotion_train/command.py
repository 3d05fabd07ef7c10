"""`edge-emotion train`: a recipe by name, its overrides, and where the run goes."""

import dataclasses
import itertools
from pathlib import Path

from edge_emotion.quiet import native_messages_hidden
from edge_emotion_train.recipe import Task, load_recipe


def train_command(
    task: Task,
    recipe_name: str,
    data: Path,
    out: Path | None,
    sets: list[str],
    epochs: int | None,
) -> None:
    """Train `task` by a recipe.

    Args:
        task: emotion or keypoints.
        recipe_name: of a shipped recipe, or a TOML file.
        data: folder that the recipe's paths are relative to.
        out: the run folder; without it runs/TASK-RECIPE, numbered when that one is finished.
        sets: only these of the recipe's sets; all when empty.
        epochs: instead of the recipe's.

    Raises:
        EdgeEmotionError: the recipe or the data cannot be used.
    """
    recipe = load_recipe(task, recipe_name)
    if sets:
        recipe = recipe.only(sets)
    if epochs is not None:
        recipe = dataclasses.replace(recipe, fit=dataclasses.replace(recipe.fit, epochs=epochs))
    # Keras takes seconds to load, so only once the recipe is known to be good.
    with native_messages_hidden():
        import keras

        from edge_emotion_train.fit import train

        keras.ops.zeros(1)  # looks for a GPU, and complains where there is none

    folder = train(recipe, data, out or _next_folder(f"{task}-{recipe.name}"))
    print(f"finished: {folder}; next: edge-emotion convert {folder} --int8")


def _next_folder(name: str) -> Path:
    """The first of runs/NAME, runs/NAME-2, ... that holds no finished run."""
    for number in itertools.count(1):
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        if not (folder / "metrics.json").exists():
            return folder
    raise AssertionError("unreachable")
