"""What a model is evaluated on: the sets of its recipe, or a file or folder that was not in it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_emotion.data.formats import FORMATS, recognise
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import Task
from edge_emotion_convert.progress import say
from edge_emotion_convert.rows import Rows, as_seen, join
from edge_emotion_train.datasets import Split, load_set
from edge_emotion_train.recipe import DataSet, Recipe

SPLITS = ("test", "validation", "train", "all")
_ALL_TEST = (0.0, 0.0, 1.0)
_OTHERS = "fer2013_others"


@dataclass(frozen=True)
class Source:
    """One set to evaluate on.

    Attributes:
        name: of the set and its split, as it is reported.
        rows: the faces or photographs as the network sees them.
        trained: the training rows of all the recipe's sets, among which `rows` may have near twins.
    """

    name: str
    rows: Rows
    trained: Rows | None


def open_sources(
    path: Path, split: str, task: Task, recipe: Recipe | None, own: Path | None = None
) -> list[Source]:
    """The sets that a path stands for.

    The folder that holds the recipe's sets, or one of these sets in it, is framed, corrected and
    split as in training; sets that are not there are named and left out.  Any other file or folder
    is read as it is: FER2013 by its `Usage`, the rest whole.

    Args:
        path: a data folder, one set's folder, fer2013.csv, training.csv, or a zip of these.
        split: one of `SPLITS`.
        task: of the model.
        recipe: of the model, if it is known.
        own: the folder that its training read, if that is known.

    Raises:
        WrongUse: an unknown split, or data of another task.
        EdgeEmotionError: nothing there that a reader knows, a bad row, or no rows in that split.
    """
    if split not in SPLITS:
        raise WrongUse(f"split {split!r}", expected="one of " + ", ".join(SPLITS))
    if not path.exists():
        raise EdgeEmotionError(f"{path} does not exist", remedy="check --data")
    located = in_recipe(path, recipe, own) if recipe else None
    if recipe and located:
        root, chosen = located
        present = only_present(recipe, root)
        folders = {name: root / source.path for name, source in present.sets.items()}
        # Each set by itself, so that twins which training drops count as training faces here: the
        # model may be older than that rule, and the figure without them is the careful one.
        splits = {
            name: load_set(root, name, source, recipe.seed) for name, source in present.sets.items()
        }
    else:
        chosen, splits = [path.stem], {path.stem: load_as_it_is(path, task, recipe, _ALL_TEST)}
        folders = {path.stem: path}
    trained = join([as_seen(parts.train, name) for name, parts in splits.items()])
    sources = [
        Source(
            f"{name} {split}",
            _with_files(_choose(splits[name], split, name), folders.get(name)),
            trained if split == "test" and len(trained) else None,
        )
        for name in chosen
        if name in splits
    ]
    if task == "emotion":
        sources += _others(recipe, located, path, split)
    found = [source for source in sources if len(source.rows)]
    if not found:
        raise EdgeEmotionError(
            f"{path} has no {split} rows", remedy="choose another --split, for example all"
        )
    return found


def _others(
    recipe: Recipe | None, located: tuple[Path, list[str]] | None, path: Path, split: str
) -> list[Source]:
    """The fear and neutral rows of FER2013 in the sets, where the recipe has none of them.

    A network that never saw them must be undecided on them, too.
    """
    if recipe and located:
        root, names = located
        sets = {name: recipe.sets[name] for name in names if is_in(root, recipe.sets[name])}
    else:
        read = path.is_file() and recognise(path) == "fer2013"
        root = path.resolve().parent
        sets = {path.stem: DataSet("fer2013", path.name, shares=_ALL_TEST)} if read else {}
    if any(source.reader == _OTHERS for source in sets.values()):
        return []
    found = []
    for name, source in sets.items():
        if source.reader != "fer2013":
            continue
        try:
            parts = load_set(root, name, replace(source, reader=_OTHERS, exclude=""), _seed(recipe))
        except EdgeEmotionError as error:  # it has none of them, as the course's copy
            say(f"{error}: how many neutral faces are undecided is not measured")
            continue
        found.append(Source(f"{name} {split}", _choose(parts, split, name), None))
    return found


def _seed(recipe: Recipe | None) -> int:
    return recipe.seed if recipe else 0


def in_recipe(path: Path, recipe: Recipe, own: Path | None) -> tuple[Path, list[str]] | None:
    """The data folder that `path` is, or is a set in, and the sets it stands for.

    Drawn sets are in no folder, so they are meant only by the one that training was told.  A folder
    is taken for a set of the recipe only where another of its sets lies beside it: any folder may
    be called `keypoints`.

    Args:
        path: a file or folder.
        recipe: of the network.
        own: the folder that its training read, if that is known.
    """
    if is_same(path, own) or any(is_in(path, data_set) for data_set in recipe.sets.values()):
        return path, list(recipe.sets)
    resolved = path.resolve()
    for name, data_set in recipe.sets.items():
        parts = Path(data_set.path).parts
        if not parts or resolved.parts[-len(parts) :] != parts:
            continue
        root = resolved.parents[len(parts) - 1]
        others = [other for key, other in recipe.sets.items() if key != name]
        if any(is_in(root, other) for other in others) or not others:
            say(f"{path} is the recipe's set {name}: framed and split as in training")
            return root, [name]
    return None


def own_folder(recipe: Recipe | None, data: Path | None) -> Path | None:
    """The folder that training read, if it is known; any will do if all it saw was drawn."""
    if data is None and recipe and all(data_set.drawn for data_set in recipe.sets.values()):
        return Path()
    return data


def only_present(recipe: Recipe, root: Path) -> Recipe:
    """The recipe without the sets that the folder `root` lacks, which are named."""
    absent = [
        name
        for name, data_set in recipe.sets.items()
        if not (data_set.drawn or is_in(root, data_set))
    ]
    if absent:
        say(f"{root} lacks {', '.join(absent)}: left out")
    return recipe.only([name for name in recipe.sets if name not in absent])


def is_in(root: Path, data_set: DataSet) -> bool:
    """Whether a set's file or folder is there; a drawn one has none."""
    return bool(data_set.path) and (root / data_set.path).exists()


def is_same(path: Path, own: Path | None) -> bool:
    """Whether two paths are one folder."""
    return own is not None and path.resolve() == own.resolve()


def load_as_it_is(
    path: Path, task: Task, recipe: Recipe | None, shares: tuple[float, float, float]
) -> Split:
    """One set, read by whatever reader knows it: FER2013 by its `Usage`, the rest by `shares`.

    Raises:
        WrongUse: data of another task, or without labels.
        EdgeEmotionError: nothing there that a reader knows, or a bad row.
    """
    reader = recognise(path)
    if reader is None:
        sets = f", or the folder of the recipe's sets ({', '.join(recipe.sets)})" if recipe else ""
        raise EdgeEmotionError(
            f"{path} holds no data that can be read",
            expected="fer2013.csv, training.csv, class folders, or a folder with keypoints.csv or "
            "faces.csv" + sets,
        )
    found = FORMATS[reader]
    if found.task != task:
        raise WrongUse(f"{path} holds data for {found.task}", expected=f"data for {task}")
    if not found.labelled:
        raise WrongUse(f"{path} is {found.what}", expected="data to measure against")
    path = path.resolve()
    return load_set(path.parent, path.stem, DataSet(reader, path.name, shares=shares), 0)


def _with_files(rows: Rows, folder: Path | None) -> Rows:
    """Photographs with their files, which are in colour, where they lie in a folder of images."""
    if rows.photos is None or folder is None:
        return rows
    files = np.array([folder / "images" / name for name in rows.names], object)
    return replace(rows, photos=files) if all(file.is_file() for file in files) else rows


def _choose(parts: Split, split: str, name: str) -> Rows:
    if split != "all":
        return as_seen(getattr(parts, split), name)
    chosen = [parts.train, parts.validation, parts.test]
    if parts.validation is parts.test:  # photographs too few for both
        chosen.pop()
    return join([as_seen(part, name) for part in chosen])
