"""A recipe: everything that decides what a training makes, read from one TOML file."""

import dataclasses
import sys
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from edge_emotion.errors import WrongUse
from edge_emotion_train.augment import Augmentation

Task = Literal["emotion", "keypoints"]


@dataclass(frozen=True)
class EdgeNetwork:
    """The shape of a `resblock-edge` network (see `networks`).

    Attributes:
        widths: channels of each stage.
        blocks: residual blocks of each stage.
        dropout: share of the features dropped before the last layer, when training.
    """

    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.blocks):
            raise ValueError(f"{len(self.widths)} widths and {len(self.blocks)} block counts")


@dataclass(frozen=True)
class DataSet:
    """One set of a recipe; its paths are relative to the data folder.

    Attributes:
        reader: fer2013, class_folders, kaggle_keypoints or keypoint_folder.
        path: what the reader is given.
        ferplus: FER+'s votes for a fer2013 set.
        exclude: a list of rows to leave out, made by `edge-emotion data clean`.
        weight: of each of its faces in the loss.
        shares: of train, validation and test, where the set has no split of its own.
        side_px: pictures of class folders are brought to this side.
        eye_distance, eye_midpoint_y: how the set frames its faces, in parts of the side, where that
            differs from `preprocess.EYE_DISTANCE` and `EYE_MIDPOINT`.
        convention: kaggle, or ibug for keypoints that need the correction of `datasets`.
    """

    reader: str
    path: str
    ferplus: str = ""
    exclude: str = ""
    weight: float = 1.0
    shares: tuple[float, float, float] = (0.6, 0.2, 0.2)
    side_px: int = 48
    eye_distance: float = 0.0
    eye_midpoint_y: float = 0.0
    convention: str = "kaggle"


@dataclass(frozen=True)
class Fit:
    """How the weights are found.

    Attributes:
        epochs, batch_size: of the training.
        learning_rate: the highest, reached after `warmup_epochs` and falling to 0 as a cosine.
        weight_decay: AdamW's (Loshchilov and Hutter 2019).
        ema: momentum of the weights' moving average, which becomes the model.
        quantization_aware_epochs: after the others, at a tenth of the rate (see that module).
        precision: a Keras dtype policy; the saved model is float32 in any case.
        label_share: share of the label in the target of a face that has FER+ votes.
        class_balance: 0 leaves classes as frequent as they are, 1 gives each the same weight.
        wing_width_px, wing_curvature_px: of the keypoint loss.
    """

    epochs: int
    batch_size: int = 128
    learning_rate: float = 2e-3
    warmup_epochs: int = 3
    weight_decay: float = 0.01
    ema: float = 0.999
    quantization_aware_epochs: int = 0
    precision: str = "mixed_bfloat16"
    label_share: float = 0.6
    class_balance: float = 0.0
    wing_width_px: float = 5.0
    wing_curvature_px: float = 1.5


@dataclass(frozen=True)
class Recipe:
    """A whole training: task, network, data, augmentation, fit and seed."""

    name: str
    task: Task
    seed: int
    network: EdgeNetwork
    fit: Fit
    sets: dict[str, DataSet]
    augment: Augmentation = field(default_factory=Augmentation)

    def only(self, names: list[str]) -> "Recipe":
        """The same recipe with only some of its sets.

        Raises:
            WrongUse: it has no set of that name.
        """
        unknown = [name for name in names if name not in self.sets]
        if unknown:
            raise WrongUse(
                f"recipe {self.name} has no set {', '.join(unknown)}",
                expected="some of " + ", ".join(self.sets),
            )
        return dataclasses.replace(
            self, sets={name: source for name, source in self.sets.items() if name in names}
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain tables, as `parse` takes them."""
        return dataclasses.asdict(self)


def shipped_recipes(task: Task) -> list[str]:
    """Names of the recipes that come with the package for a task."""
    files = resources.files("edge_emotion_train") / "recipes"
    prefix = f"{task}_"
    stems = (Path(file.name).stem for file in files.iterdir())
    return sorted(stem.removeprefix(prefix) for stem in stems if stem.startswith(prefix))


def load_recipe(task: Task, name: str) -> Recipe:
    """Read a recipe by the name it is shipped under, or from a TOML file.

    Raises:
        WrongUse: no such recipe, not TOML, an unknown or missing key, or another task's recipe.
    """
    if name in shipped_recipes(task):
        source = resources.files("edge_emotion_train") / "recipes" / f"{task}_{name}.toml"
        text = source.read_text(encoding="utf-8")
    else:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUse(
                f"no recipe {name} for {task}",
                expected="one of " + ", ".join(shipped_recipes(task)) + ", or a TOML file",
            ) from error
    try:
        recipe = parse(tomllib.loads(text), Path(name).stem)
    except tomllib.TOMLDecodeError as error:
        raise WrongUse(f"recipe {name} is not TOML: {error}") from error
    if recipe.task != task:
        raise WrongUse(f"recipe {name} is for {recipe.task}", expected=f"one for {task}")
    return recipe


def parse(table: dict[str, Any], name: str) -> Recipe:
    """A recipe from the tables of a TOML file.

    Raises:
        WrongUse: an unknown key, a missing one, or a value that cannot be.
    """
    values = {"name": name, **table}
    if values.get("task") not in ("emotion", "keypoints"):
        raise WrongUse(
            f"recipe {name} has the task {values.get('task')!r}", expected="emotion or keypoints"
        )
    sets = values.get("sets")
    if not isinstance(sets, dict) or not sets:
        raise WrongUse(f"recipe {name} names no data", expected="at least one table [sets.NAME]")
    values["sets"] = {key: _build(DataSet, part, f"sets.{key}") for key, part in sets.items()}
    for key, kind in (("network", EdgeNetwork), ("fit", Fit), ("augment", Augmentation)):
        if key in values:
            values[key] = _build(kind, values[key], key)
    return _build(Recipe, values, name)


Table = TypeVar("Table")


def _build(kind: type[Table], values: Any, where: str) -> Table:
    if not isinstance(values, dict):
        raise WrongUse(f"{where} is {values!r}", expected="a table")
    known = {item.name: item for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = [key for key in values if key not in known]
    if unknown:
        raise WrongUse(
            f"{where} has an unknown key {', '.join(unknown)}",
            expected="some of " + ", ".join(known),
        )
    missing = [
        key
        for key, item in known.items()
        if key not in values
        and item.default is dataclasses.MISSING
        and item.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise WrongUse(f"{where} lacks {', '.join(missing)}")
    lists_as_tuples = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    try:
        return kind(**lists_as_tuples)
    except (TypeError, ValueError) as error:
        raise WrongUse(f"{where}: {error}") from error
