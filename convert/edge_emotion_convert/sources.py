"""What a model is evaluated on: the sets of its recipe, or a file or folder that was not in it."""

from dataclasses import dataclass
from pathlib import Path

from edge_emotion.data.formats import FORMATS, recognise
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import Task
from edge_emotion_convert.progress import say
from edge_emotion_convert.rows import Rows, as_seen, join
from edge_emotion_train.datasets import Split, load_set, load_sets
from edge_emotion_train.recipe import DataSet, Recipe, load_recipe

SPLITS = ("test", "validation", "train", "all")
_ALL_TEST = (0.0, 0.0, 1.0)
_SHIPPED = "edge"


@dataclass(frozen=True)
class Source:
    """One set to evaluate on.

    Attributes:
        name: of the set and its split, as it is reported.
        rows: the faces as the network sees them.
        trained: the training rows of all the recipe's sets, among which `rows` may have near twins.
    """

    name: str
    rows: Rows
    trained: Rows | None


def open_sources(path: Path, split: str, task: Task, recipe: Recipe | None) -> list[Source]:
    """The sets that a path stands for.

    The folder that holds the recipe's sets, or one of these sets in it, is framed, corrected and
    split as in training; sets that are not there are named and left out.  Any other file or folder
    is read as it is: FER2013 by its `Usage`, the rest whole.

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
    located = _in_recipe(path, recipe) if recipe else None
    if recipe and located:
        root, chosen = located
        absent = [name for name in recipe.sets if not _is_there(root, recipe.sets[name])]
        if absent:
            say(f"{root} lacks {', '.join(absent)}: not evaluated")
        present = recipe.only([name for name in recipe.sets if name not in absent])
        # Each set by itself, so that twins which training drops count as training faces here: the
        # model may be older than that rule, and the figure without them is the careful one.
        splits = {
            name: load_set(root, name, source, recipe.seed) for name, source in present.sets.items()
        }
    else:
        chosen, splits = [path.stem], {path.stem: _load_as_it_is(path, task, recipe, _ALL_TEST)}
    trained = join([as_seen(parts.train, name) for name, parts in splits.items()])
    sources = [
        Source(
            f"{name} {split}",
            _choose(splits[name], split, name),
            trained if split == "test" and len(trained) else None,
        )
        for name in chosen
        if name in splits
    ]
    found = [source for source in sources if len(source.rows)]
    if not found:
        raise EdgeEmotionError(
            f"{path} has no {split} rows", remedy="choose another --split, for example all"
        )
    return found


def splits_to_convert_with(path: Path, task: Task, recipe: Recipe | None) -> dict[str, Split]:
    """Sets whose training rows calibrate and whose validation rows measure a conversion.

    They are the recipe's, where `path` is the folder that holds them; for a network without a
    recipe those of the shipped one that are there.  Any other file or folder is split by itself:
    FER2013 by its `Usage`, the rest by the shares that a recipe takes if it names none.

    Raises:
        WrongUse: data of the other task.
        EdgeEmotionError: nothing there that a reader knows, or a bad row.
    """
    if not path.exists():
        raise EdgeEmotionError(f"{path} does not exist", remedy="say with --data where the data is")
    known = recipe or load_recipe(task, _SHIPPED)
    present = [name for name, data_set in known.sets.items() if _is_there(path, data_set)]
    if recipe and present:
        return load_sets(recipe, path)
    if present:
        return load_sets(known.only(present), path)
    return {path.stem: _load_as_it_is(path, task, recipe, DataSet.shares)}


def _in_recipe(path: Path, recipe: Recipe) -> tuple[Path, list[str]] | None:
    """The data folder that `path` is, or is a set in, and the sets it stands for.

    A folder is taken for a set of the recipe only where another of its sets lies beside it: any
    folder may be called `keypoints`.
    """
    if any(_is_there(path, data_set) for data_set in recipe.sets.values()):
        return path, list(recipe.sets)
    resolved = path.resolve()
    for name, data_set in recipe.sets.items():
        own = Path(data_set.path).parts
        if not own or resolved.parts[-len(own) :] != own:
            continue
        root = resolved.parents[len(own) - 1]
        others = [other for key, other in recipe.sets.items() if key != name]
        if any(_is_there(root, other) for other in others) or not others:
            say(f"{path} is the recipe's set {name}: framed and split as in training")
            return root, [name]
    return None


def _is_there(root: Path, data_set: DataSet) -> bool:
    return (root / data_set.path).exists()


def _load_as_it_is(
    path: Path, task: Task, recipe: Recipe | None, shares: tuple[float, float, float]
) -> Split:
    reader = recognise(path)
    if reader is None:
        sets = f", or the folder of the recipe's sets ({', '.join(recipe.sets)})" if recipe else ""
        raise EdgeEmotionError(
            f"{path} holds no data that can be read",
            expected="fer2013.csv, training.csv, class folders or a folder with keypoints.csv"
            + sets,
        )
    found = FORMATS[reader]
    if found.task != task:
        raise WrongUse(f"{path} holds data for {found.task}", expected=f"data for {task}")
    if not found.labelled:
        raise WrongUse(f"{path} is {found.what}", expected="data to measure against")
    path = path.resolve()
    return load_set(path.parent, path.stem, DataSet(reader, path.name, shares=shares), 0)


def _choose(parts: Split, split: str, name: str) -> Rows:
    if split == "all":
        return join([as_seen(p, name) for p in (parts.train, parts.validation, parts.test)])
    return as_seen(getattr(parts, split), name)
