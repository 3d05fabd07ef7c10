"""What a network is converted with: faces or photographs that calibrate it, and that measure it.

None that trained the network measures it, and none that measures it calibrates it.  A detector
whose recipe keeps no photographs for validation is measured on those of its test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_emotion.data.faces import answerable
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import Task
from edge_emotion_convert.progress import say
from edge_emotion_convert.rows import (
    Rows,
    fingerprints,
    training_rows,
    validation_rows,
    without_twins,
)
from edge_emotion_convert.sources import (
    in_recipe,
    is_in,
    is_same,
    load_as_it_is,
    only_present,
    own_folder,
)
from edge_emotion_convert.subject import Subject
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_train.datasets import Split, load_sets
from edge_emotion_train.recipe import DataSet, Recipe, load_recipe

_SHIPPED = "edge"
Splits = Mapping[str, Split]


@dataclass(frozen=True)
class Material:
    """Faces to convert a network with.

    Attributes:
        calibrating: training rows, none of them in `measuring` nor a near twin of one there.
        measuring: validation rows, or photographs of the test, that did not train the network.
        measured_on: what `measuring` is, in words.
        training_data: fingerprints of what the network was trained on, empty if not known.
    """

    calibrating: Rows
    measuring: Rows
    measured_on: str
    training_data: dict[str, Any]


def open_material(subject: Subject, data: Path | None = None) -> Material:
    """Read the faces to convert a network with.

    Where `data` is the folder that holds the recipe's sets, or one of these in it, they are split
    as in training; a network without a recipe takes those of the shipped one that are there.  Any
    other file or folder is split by itself: FER2013 by its `Usage`, the rest by the shares that a
    recipe takes if it names none.  From what is not the folder that training read, rows that
    trained the network are left out of those that measure, and so are their near twins.

    Args:
        subject: the network.
        data: a file or folder; None takes what training read.

    Raises:
        WrongUse: no data named, or data of another task.
        EdgeEmotionError: nothing there that a reader knows, a bad row, or nobody can tell which of
            its rows trained the network.
    """
    own = own_folder(subject.recipe, subject.data)
    path = data or own
    if path is None:
        raise WrongUse(
            f"no data to calibrate {subject.source} with and to measure it on",
            remedy="name it with --data",
        )
    if not path.exists():
        raise EdgeEmotionError(f"{path} does not exist", remedy="say with --data where the data is")
    say(f"{subject.task}: reading the {KINDS[subject.task].noun} of {subject.source} from {path}")
    if subject.recipe is None:
        return _material(_splits_of_anyone(path, subject.task), subject.task)
    located = in_recipe(path, subject.recipe, own)
    if located and is_same(located[0], own):
        sets = load_sets(subject.recipe, located[0])
        return _material({name: sets[name] for name in located[1]}, subject.task, sets)
    trained = _training_sets(subject.recipe, own)
    if located:
        found = load_sets(only_present(subject.recipe, located[0]), located[0])
        splits: Splits = {name: found[name] for name in located[1] if name in found}
        if trained is None:
            say(f"{own}, which training read, is gone: {located[0]} is taken for it")
    elif trained is None:
        raise EdgeEmotionError(
            f"which {KINDS[subject.task].noun} of {path} trained {subject.source} cannot be told: "
            f"{own}, which its training read, is gone",
            remedy="name the folder that holds its recipe's sets with --data",
        )
    else:
        splits = {path.stem: load_as_it_is(path, subject.task, subject.recipe, DataSet.shares)}
    return _material(splits, subject.task, trained, apart=trained is not None)


def _material(
    splits: Splits, task: Task, trained: Splits | None = None, *, apart: bool = False
) -> Material:
    """Training rows and validation rows of some sets, cleaned of each other.

    Args:
        splits: the sets.
        task: of the network.
        trained: what the network was trained on, if that is known.
        apart: whether `splits` were split otherwise than `trained`.
    """
    measuring = validation_rows(splits)
    if trained is not None and apart:
        kept = without_twins(measuring, training_rows(trained))
        _tell(task, len(measuring) - len(kept), "trained the network: not measured on")
        measuring = kept
    calibrating = training_rows(splits)
    kept = without_twins(calibrating, measuring)
    _tell(task, len(calibrating) - len(kept), "are measured on: not calibrated with")
    asked = list(splits)[:1]
    if task == "emotion":
        asked = [name for name in splits if len(answerable(splits[name].validation))] or asked
    names = " and ".join(asked)
    first = next(iter(splits.values()))
    part = "test" if first.validation is first.test else "validation"
    told = f"{len(measuring)} {part} {KINDS[task].noun} of {names}"
    return Material(kept, measuring, told, fingerprints(trained) if trained else {})


def _tell(task: Task, count: int, what: str) -> None:
    if count:
        say(f"{task}: {count} {KINDS[task].noun}, or near twins of theirs, {what}")


def _splits_of_anyone(path: Path, task: Task) -> Splits:
    """The shipped recipe's sets that are there, or the one set that `path` is."""
    shipped = load_recipe(task, _SHIPPED)
    present = [name for name, data_set in shipped.sets.items() if is_in(path, data_set)]
    if present:
        return load_sets(shipped.only(present), path)
    return {path.stem: load_as_it_is(path, task, None, DataSet.shares)}


def _training_sets(recipe: Recipe, own: Path | None) -> Splits | None:
    """What training read, where all of it is still there."""
    sets = recipe.sets.values()
    if own is None or not all(data_set.drawn or is_in(own, data_set) for data_set in sets):
        return None
    return load_sets(recipe, own)
