"""Weights that a training begins with instead of random ones."""

from dataclasses import replace
from pathlib import Path

import keras

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Floats
from edge_emotion_train.networks.saved import read_recorded
from edge_emotion_train.recipe import Recipe


def read_start(recipe: Recipe) -> tuple[Recipe, list[Floats]]:
    """The weights that a recipe names, none where it names none, and the recipe with their digest.

    Raises:
        EdgeEmotionError: the file is missing, damaged, of another task's shape or fingerprint.
    """
    if not recipe.fit.start:
        return recipe, []
    fit = recipe.fit
    try:
        network, digest = read_recorded(Path(fit.start), recipe.task, fit.start_sha256)
    except EdgeEmotionError as error:
        raise type(error)(f"fit.start: {error}") from error
    return replace(recipe, fit=replace(fit, start_sha256=digest)), network.get_weights()


def begin_with(model: keras.Model, weights: list[Floats], recipe: Recipe) -> None:
    """Put the weights into the recipe's network, if there are any.

    Raises:
        EdgeEmotionError: they are another network's.
    """
    if not weights:
        return
    there, here = [w.shape for w in weights], [tuple(w.shape) for w in model.weights]
    if there != here:
        differing = sum(a != b for a, b in zip(there, here, strict=False))
        raise EdgeEmotionError(
            f"fit.start: {recipe.fit.start} has {len(there)} arrays of weights, "
            + (f"{differing} of other shapes" if len(there) == len(here) else "of other layers"),
            expected=f"the {len(here)} of the recipe's network",
            remedy="name the network's widths and blocks in the recipe as that file has them",
        )
    model.set_weights(weights)
