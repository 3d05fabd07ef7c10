"""The network that is to be converted, whoever made it, and what is known of its training."""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import Task
from edge_emotion.types import Floats
from edge_emotion_convert.computing import SAVED_MODEL_FILE
from edge_emotion_convert.foreign import KERAS_SUFFIXES, load_foreign
from edge_emotion_train.networks import count_macs
from edge_emotion_train.networks.saved import check_network, read_network
from edge_emotion_train.recipe import Recipe
from edge_emotion_train.runs import NETWORK_FILE, RECIPE_FILE, Run, read_run

# What files and folders of networks are called whatever the network; a number is a version.
_GENERIC = {"model", "saved_model", "network", "weights", "checkpoint", "best", "final", "export"}


@dataclass(frozen=True)
class Subject:
    """A network to convert.

    Attributes:
        name: of the folder its exports go to.
        source: what it was read from.
        task: emotion, keypoints or detector.
        network: `(None, S, S, 1)` pictures in [0, 1] to the answers of `networks.heads`.
        recipe: what it was trained by; None for a network that was not trained here.
        data: the folder of its training's data; None if that is not known.
        mean_face: `(15, 2)` pixels of the 96 px face; None where that is not known,
            and for other tasks.
    """

    name: str
    source: Path
    task: Task
    network: keras.Model
    recipe: Recipe | None = None
    data: Path | None = None
    mean_face: Floats | None = None

    @cached_property
    def architecture(self) -> dict[str, Any]:
        """Its name, shape and size, as the model file tells them."""
        parameters = self.network.count_params()
        if self.recipe is None:  # it may hold models inside models, which are not counted through
            return {"name": self.name, "parameters": parameters}
        known = asdict(self.recipe.network)
        return {**known, "parameters": parameters, "macs": count_macs(self.network)}

    @property
    def license(self) -> str:
        """Of the weights."""
        if self.recipe is None:
            return f"That of {self.source.name}, which did not say; ask whoever made it."
        return (
            "For research use: the weights were learned from research data sets "
            f"({', '.join(self.recipe.sets)}), whose terms apply to them; see MODEL_LICENSE."
        )


def open_subject(path: Path) -> Subject:
    """Open a run, by its folder or the model.keras in it, a Keras file or a SavedModel folder.

    Raises:
        EdgeEmotionError: nothing of these, or it cannot be used.
    """
    if (path / SAVED_MODEL_FILE).is_file():
        return _foreign(path)
    if path.is_dir() or (path.name == NETWORK_FILE and (path.parent / RECIPE_FILE).is_file()):
        return of_run(read_run(path))
    if path.is_file() and path.suffix in KERAS_SUFFIXES:
        return _foreign(path)
    raise EdgeEmotionError(
        f"{path} {'is no network to convert' if path.exists() else 'does not exist'}",
        expected="a run's folder, a .keras or .h5 file, or a SavedModel folder",
    )


def of_run(run: Run) -> Subject:
    """The network of a finished run.

    Raises:
        EdgeEmotionError: its file cannot be used.
    """
    network = read_network(run.network, run.task)
    return Subject(
        run.name, run.folder, run.task, network, run.recipe, run.data, mean_face=run.mean_face
    )


def _foreign(path: Path) -> Subject:
    network = load_foreign(path)
    task = check_network(network, path)
    return Subject(_name(path), path, task, network)


def _name(path: Path) -> str:
    """The file's or the folder's name, or the next one above that tells networks apart."""
    place = path.resolve()
    names = [place.stem if place.is_file() else place.name, *(p.name for p in place.parents)]
    telling = (name for name in names if name and not name.isdigit() and name not in _GENERIC)
    return next(telling, names[0])
