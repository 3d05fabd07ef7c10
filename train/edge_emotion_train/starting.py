"""Weights that a training begins with instead of random ones.

Those of several networks are averaged (Wortsman et al. 2022, "Model soups: averaging weights of
multiple fine-tuned models improves accuracy without increasing inference time").  It takes networks
that come from the same one: of two that were trained apart, the mean is neither.
"""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.types import Floats
from edge_emotion_train.networks.saved import read_recorded
from edge_emotion_train.recipe import Recipe
from edge_emotion_train.runs import METRICS_FILE, read_run

Weights = list[Floats]

_SAME_FACE_PX = 0.01


def read_start(recipe: Recipe) -> tuple[Recipe, list[Weights]]:
    """The weights of each file that a recipe names, and the recipe with their digests.

    Raises:
        EdgeEmotionError: a file is missing, damaged, of another task's shape or fingerprint.
    """
    fit = recipe.fit
    recorded = fit.start_sha256 or ("",) * len(fit.start)
    weights, digests = [], []
    for file, sha256 in zip(fit.start, recorded, strict=True):
        try:
            network, digest = read_recorded(Path(file), recipe.task, sha256)
        except EdgeEmotionError as error:
            raise type(error)(f"fit.start: {error}") from error
        weights.append(network.get_weights())
        digests.append(digest)
    return replace(recipe, fit=replace(fit, start_sha256=tuple(digests))), weights


def begin_with(model: keras.Model, starts: list[Weights], recipe: Recipe) -> None:
    """Put the mean of the files' weights into the recipe's network, if there are any.

    Raises:
        EdgeEmotionError: some are another network's.
    """
    if not starts:
        return
    here = [tuple(w.shape) for w in model.weights]
    for file, weights in zip(recipe.fit.start, starts, strict=True):
        there = [w.shape for w in weights]
        if there != here:
            wrong = sum(a != b for a, b in zip(there, here, strict=False))
            others = f"{wrong} of other shapes" if len(there) == len(here) else "of other layers"
            raise EdgeEmotionError(
                f"fit.start: {file} has {len(there)} arrays of weights, {others}",
                expected=f"the {len(here)} of the recipe's network",
                remedy="name the network's widths and blocks in the recipe as that file has them",
            )
    model.set_weights([np.mean(same, axis=0) for same in zip(*starts, strict=True)])


def check_mean_face(recipe: Recipe, mean_face: Floats | None) -> None:
    """Check that weights which no epoch corrects answer offsets from the mean face of this run.

    Args:
        recipe: only one without epochs is checked, by the runs that its `fit.start` lies in.
        mean_face: `(15, 2)` pixels of the 96 px face; None for the other tasks.

    Raises:
        WrongUse: a run's mean face is another one.
    """
    if recipe.fit.epochs or mean_face is None:
        return
    for file in map(Path, recipe.fit.start):
        if not (file.parent / METRICS_FILE).is_file():
            continue
        there = read_run(file).mean_face
        if there is None or np.abs(there - mean_face).max() > _SAME_FACE_PX:
            raise WrongUse(
                f"fit.start: {file} answers from the mean face of other training faces",
                expected="the same, where no epoch follows",
                remedy="use that run's sets and seed, or train for some epochs",
            )
