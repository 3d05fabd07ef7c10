"""What a model is evaluated on: the sets of its recipe, or a file or folder that was not in it."""

from dataclasses import dataclass
from pathlib import Path

from edge_emotion.data.formats import FORMATS, recognise
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import Task
from edge_emotion_convert.rows import Rows, as_seen, join
from edge_emotion_train.datasets import Split, load_set
from edge_emotion_train.recipe import DataSet, Recipe

SPLITS = ("test", "validation", "train", "all")


@dataclass(frozen=True)
class Source:
    """One set to evaluate on.

    Attributes:
        name: of the set and its split, as it is reported.
        rows: the faces as the network sees them.
        trained: the set's training rows, where the network may have seen near twins of `rows`.
    """

    name: str
    rows: Rows
    trained: Rows | None


def open_sources(path: Path, split: str, task: Task, recipe: Recipe | None) -> list[Source]:
    """The sets that a path stands for.

    A path that the recipe names, or the folder that holds all of its sets, is framed, corrected and
    split as in training.  Any other file or folder is read as it is: FER2013 by its `Usage`, the
    rest whole.

    Args:
        path: a data folder, one set's folder, fer2013.csv, training.csv, or a zip of these.
        split: one of `SPLITS`.
        task: of the model.
        recipe: of the model, if it is known.

    Raises:
        WrongUse: an unknown split, or data of the other task.
        EdgeEmotionError: nothing there that a reader knows, a bad row, or no rows in that split.
    """
    if split not in SPLITS:
        raise WrongUse(f"split {split!r}", expected="one of " + ", ".join(SPLITS))
    if not path.exists():
        raise EdgeEmotionError(f"{path} does not exist", remedy="check --data")
    found = []
    for root, name, data_set in _sets(path, task, recipe):
        parts = load_set(root, name, data_set, recipe.seed if recipe else 0)
        if len(rows := _choose(parts, split, name)):
            twins = data_set.reader == "fer2013" and split == "test" and len(parts.train)
            trained = as_seen(parts.train, name) if twins else None
            found.append(Source(f"{name} {split}", rows, trained))
    if not found:
        raise EdgeEmotionError(
            f"{path} has no {split} rows", remedy="choose another --split, for example all"
        )
    return found


def _sets(path: Path, task: Task, recipe: Recipe | None) -> list[tuple[Path, str, DataSet]]:
    """`(root, name, set)` of each set to load, its path relative to the root."""
    sets = recipe.sets if recipe else {}
    parts = path.resolve().parts
    for name, data_set in sets.items():
        own = Path(data_set.path).parts
        if own and parts[-len(own) :] == own:
            return [(path.resolve().parents[len(own) - 1], name, data_set)]
    reader = recognise(path)
    if reader is not None:
        found = FORMATS[reader]
        if found.task != task:
            raise WrongUse(f"{path} holds data for {found.task}", expected=f"data for {task}")
        if not found.labelled:
            raise WrongUse(f"{path} is {found.what}", expected="data to measure against")
        whole = DataSet(reader, path.resolve().name, shares=(0.0, 0.0, 1.0))
        return [(path.resolve().parent, path.stem, whole)]
    present = any((path / data_set.path).exists() for data_set in sets.values())
    if not present:
        raise EdgeEmotionError(
            f"{path} holds no data that can be read",
            expected="fer2013.csv, training.csv, class folders, a folder with keypoints.csv, or "
            f"the folder of the recipe's sets ({', '.join(s.path for s in sets.values())})",
        )
    return [(path, name, data_set) for name, data_set in sets.items()]


def _choose(parts: Split, split: str, name: str) -> Rows:
    if split == "all":
        return join([as_seen(p, name) for p in (parts.train, parts.validation, parts.test)])
    return as_seen(getattr(parts, split), name)
