"""`edge-emotion train`: a recipe by name, its overrides, and where the run goes."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import tomli_w

from edge_emotion.quiet import native_messages_hidden
from edge_emotion_train.recipe import Task, load_recipe


def train_command(
    task: Task,
    recipe_name: str,
    find_data: Callable[[], Path],
    out: Path | None,
    *,
    sets: Sequence[str] = (),
    epochs: int | None = None,
    settings: Sequence[str] = (),
    dry_run: bool = False,
) -> None:
    """Train `task` by a recipe.

    Args:
        task: emotion or keypoints.
        recipe_name: of a shipped recipe, or a TOML file.
        find_data: gives the folder that the recipe's paths are relative to; asked if it has any.
        out: the run folder; without it runs/TASK-RECIPE, numbered when that one is finished.
        sets: only these of the recipe's sets; all when empty.
        epochs: instead of the recipe's.
        settings: KEY=VALUE instead of what the recipe says.
        dry_run: print the recipe and the network, and train nothing.

    Raises:
        EdgeEmotionError: the recipe or the data cannot be used.
    """
    if epochs is not None:
        settings = [*settings, f"fit.epochs={epochs}"]
    recipe = load_recipe(task, recipe_name, settings)
    if sets:
        recipe = recipe.only(list(sets))
    drawn = all(source.drawn for source in recipe.sets.values())
    data = Path() if drawn or dry_run else find_data()
    # Keras takes seconds to load, so only once the recipe is known to be good.
    with native_messages_hidden():
        import keras

        from edge_emotion_train.fit import train
        from edge_emotion_train.networks import build, summary

        keras.ops.zeros(1)  # looks for a GPU, and complains where there is none

    if dry_run:
        print(tomli_w.dumps(recipe.as_dict()), summary(build(task, recipe.network)), sep="\n")
        return
    folder = train(recipe, data, out or _next_folder(f"{task}-{recipe.name}"))
    print(f"finished: {folder}; next: edge-emotion convert {folder} --int8")


def _next_folder(name: str) -> Path:
    """The first of runs/NAME, runs/NAME-2, ... that holds no finished run."""
    for number in itertools.count(1):
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        if not (folder / "metrics.json").exists():
            return folder
    raise AssertionError("unreachable")
