"""A recipe: everything that decides what a training makes, read from one TOML file."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from edge_emotion.errors import WrongUse
from edge_emotion.labels import EMOTIONS
from edge_emotion.modelfile import Task
from edge_emotion.toml import NotToml, loads
from edge_emotion_train import tables
from edge_emotion_train.architectures import Network, read_network_table
from edge_emotion_train.augment import Augmentation
from edge_emotion_train.detection_augment import DetectionAugmentation


@dataclass(frozen=True)
class DataSet:
    """One set of a recipe; its paths are relative to the data folder.

    Attributes:
        reader: fer2013, fer2013_others (its fear and neutral rows, to be undecided on),
            class_folders, kaggle_keypoints or keypoint_folder; for the detector detection_folder,
            wider_face, or keypoint_closeups (a keypoint folder's faces with boxes by their eyes);
            drawn_emotion, drawn_keypoints and drawn_detection draw faces and need no data.
        path: what the reader is given.
        ferplus: FER+'s votes for a fer2013 set.
        count: how many faces are drawn.
        exclude: a list of rows to leave out, made by `edge-emotion data clean`.
        weight: of each of its faces in the loss; for the detector how often each is drawn.
        split: own takes the split that a fer2013 set or class folders come with, if any; shares
            does as with all other sets.
        shares: of train, validation and test, dealt out by the recipe's seed; for the detector in
            whole percent, by the names alone (see `splits.split_by_name`).
        side_px: pictures of class folders are brought to this side.
        eye_distance, eye_midpoint_y: how the set frames its faces, in parts of the side, where that
            differs from `preprocess.EYE_DISTANCE` and `EYE_MIDPOINT`.
        convention: kaggle, or ibug for keypoints that need the correction of `datasets`.
        mirror_incomplete: whether faces with missing points may be mirrored; not where another
            source labelled them to one side, which mirroring would average away.
    """

    reader: str
    path: str = ""
    ferplus: str = ""
    count: int = 0
    exclude: str = ""
    weight: float = 1.0
    split: Literal["own", "shares"] = "own"
    shares: tuple[float, float, float] = (0.6, 0.2, 0.2)
    side_px: int = 48
    eye_distance: float = 0.0
    eye_midpoint_y: float = 0.0
    convention: str = "kaggle"
    mirror_incomplete: bool = True

    def __post_init__(self) -> None:
        if self.drawn and self.count < 1:
            raise ValueError(f"the reader {self.reader} needs a count")
        if not self.drawn and not self.path:
            raise ValueError(f"the reader {self.reader} needs a path")
        if not self.weight > 0:
            raise ValueError(f"weight is {self.weight}; expected more than 0")

    @property
    def drawn(self) -> bool:
        """Whether its faces are drawn, so that it needs no data."""
        return self.reader in ("drawn_emotion", "drawn_keypoints", "drawn_detection")


@dataclass(frozen=True)
class Fit:
    """How the weights are found.

    Attributes:
        epochs, batch_size: of the training; without epochs the network stays what `start` says.
        optimizer: adamw (Loshchilov and Hutter 2019), adam, or sgd with momentum.
        learning_rate: the highest, reached after `warmup_epochs`.
        schedule: after the warm-up the rate falls to 0 as a cosine, or stays constant.
        weight_decay: of adamw and sgd; adam has none.
        momentum, nesterov: of sgd.
        clip_norm: the norm that all gradients together are shortened to; 0 leaves any length.
        ema: momentum of the weights' moving average, which becomes the model; 0 keeps none.
        quantization_aware_epochs: after the others, at a tenth of the rate (see that module).
        range_penalty: in those, on the squared range of each tensor, beside the loss.
        patience: end after this many epochs without a lower validation loss; 0 never does.  Without
            a moving average the weights of the best epoch become the model then.
        precision: a Keras dtype policy; the saved model is float32 in any case.
        loss: of keypoints wing, mse or huber; of emotion cross_entropy; auto is the first of these.
        label_smoothing: share of the cross-entropy's targets spread evenly over the classes.
        label_share: share of the label in the target of a face that has FER+ votes.
        class_balance: 0 leaves classes as frequent as they are, 1 gives each the same weight.
        class_weights: factors on that by the emotion's name, 1 for those not named.
        wing_width_px, wing_curvature_px: of the wing loss.
        huber_px: error from which Huber's loss is linear.
        distillation: share of the loss that follows the recipe's teachers, where it names any.
        teachers_see: the `changed` face of each batch, as the student does, or once each face as it
            is (`plain`), whose answer then holds for it however it is changed: in the dark too.
        temperature: softens emotions' probabilities while they are compared with the teachers'.
        xla: whether XLA compiles the training step; auto does so on a GPU.
        start: .keras files whose weights, averaged, the training begins with, of the recipe's own
            network; relative paths are taken from the folder that training is started in.
        start_sha256: of each; a run records them, and a recipe that has them takes no other file.
        pictures_per_epoch: of the detector, whose pictures are drawn anew each time; 0 is as many
            as there are photographs and close-ups.
    """

    epochs: int
    batch_size: int = 128
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: float = 2e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_epochs: int = 3
    weight_decay: float = 0.01
    momentum: float = 0.9
    nesterov: bool = False
    clip_norm: float = 0.0
    ema: float = 0.999
    patience: int = 0
    quantization_aware_epochs: int = 0
    range_penalty: float = 1e-4
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "mixed_bfloat16"
    loss: Literal["auto", "wing", "mse", "huber", "cross_entropy"] = "auto"
    label_smoothing: float = 0.0
    label_share: float = 0.6
    class_balance: float = 0.0
    class_weights: dict[str, float] = field(default_factory=dict)
    wing_width_px: float = 5.0
    wing_curvature_px: float = 1.5
    huber_px: float = 4.0
    distillation: float = 0.5
    teachers_see: Literal["changed", "plain"] = "changed"
    temperature: float = 2.0
    xla: Literal[True, False, "auto"] = "auto"
    start: tuple[str, ...] = ()
    start_sha256: tuple[str, ...] = ()
    pictures_per_epoch: int = 0

    def __post_init__(self) -> None:
        for name in (
            "batch_size",
            "learning_rate",
            "wing_width_px",
            "wing_curvature_px",
            "huber_px",
            "temperature",
        ):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected more than 0")
        for name in (
            "epochs",
            "warmup_epochs",
            "quantization_aware_epochs",
            "range_penalty",
            "weight_decay",
            "patience",
            "class_balance",
            "clip_norm",
            "pictures_per_epoch",
        ):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 or more")
        if not (self.epochs or self.start):
            raise ValueError("epochs is 0 without a start; expected more than 0")
        if not all(self.start):
            raise ValueError("start names an empty path; expected .keras files")
        if len(self.start_sha256) not in (0, len(self.start)):
            raise ValueError(
                f"start_sha256 lists {len(self.start_sha256)}; expected {len(self.start)}, one for "
                "each file of start"
            )
        for name in ("ema", "momentum", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected from 0 to below 1")
        for name in ("label_share", "distillation"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected from 0 to 1")
        for name, factor in self.class_weights.items():
            if name not in EMOTIONS:
                names = ", ".join(EMOTIONS)
                raise ValueError(f"class_weights names {name}; expected some of {names}")
            if not factor > 0:
                raise ValueError(f"class_weights.{name} is {factor}; expected more than 0")


@dataclass(frozen=True)
class Teacher:
    """A trained network whose answers the student learns beside the labels (see `distillation`).

    Attributes:
        path: a finished run's folder, or for emotion any .keras file; relative paths are taken from
            the folder that training is started in.
        weight: of its answers in the average of all teachers.
        mirror: whether it answers with the mean over the face and the mirrored face.
        sha256: of its .keras file; a run records it, and a recipe that has it takes no other file.
    """

    path: str
    weight: float = 1.0
    mirror: bool = False
    sha256: str = ""

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise ValueError(f"weight is {self.weight}; expected more than 0")


@dataclass(frozen=True)
class Recipe:
    """A whole training: task, network, data, augmentation, fit, teachers and seed."""

    name: str
    task: Task
    seed: int
    network: Network
    fit: Fit
    sets: dict[str, DataSet]
    augment: Augmentation | DetectionAugmentation = field(default_factory=Augmentation)
    teachers: dict[str, Teacher] = field(default_factory=dict)

    def __post_init__(self) -> None:
        losses = {
            "emotion": ("auto", "cross_entropy"),
            "keypoints": ("auto", "wing", "mse", "huber"),
            "detector": ("auto",),
        }
        if self.fit.loss not in losses[self.task]:
            raise ValueError(
                f"fit.loss is {self.fit.loss}; expected {', '.join(losses[self.task])} "
                f"for {self.task}"
            )
        if self.task == "keypoints" and (mixup := getattr(self.augment, "mixup", 0)):
            raise ValueError(
                f"augment.mixup is {mixup} for keypoints; expected 0, because a blend of two faces "
                "has two of every point"
            )
        if self.teachers and self.task == "detector":
            raise ValueError("teachers for the detector; expected none")
        if self.fit.pictures_per_epoch and self.task != "detector":
            raise ValueError(f"fit.pictures_per_epoch for {self.task}; expected it for detector")

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


def load_recipe(task: Task, name: str, settings: Sequence[str] = ()) -> Recipe:
    """Read a recipe by the name it is shipped under, or from a TOML file.

    Args:
        task: emotion, keypoints or detector.
        name: of the recipe, or a file.
        settings: KEY=VALUE that take the place of what the recipe says (see `tables.override`).

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
        table = loads(text)
    except NotToml as error:
        raise WrongUse(f"recipe {name} is not TOML: {error}") from error
    if any(setting.startswith("network.name=") for setting in settings):
        table["network"] = {}  # another network does not know this one's keys
    recipe = parse(tables.override(table, settings), Path(name).stem)
    if recipe.task != task:
        raise WrongUse(f"recipe {name} is for {recipe.task}", expected=f"one for {task}")
    return recipe


def parse(table: dict[str, Any], name: str) -> Recipe:
    """A recipe from the tables of a TOML file.

    Raises:
        WrongUse: an unknown key, a missing one, or a value that cannot be.
    """
    values = {"name": name, **table}
    task: Any = values.get("task")
    if task not in get_args(Task):
        raise WrongUse(f"recipe {name} has the task {task!r}", expected=" or ".join(get_args(Task)))
    sets = values.get("sets")
    if not isinstance(sets, dict) or not sets:
        raise WrongUse(f"recipe {name} names no data", expected="at least one table [sets.NAME]")
    values["sets"] = {key: tables.build(DataSet, part, f"sets.{key}") for key, part in sets.items()}
    teachers = values.get("teachers", {})
    if not isinstance(teachers, dict):
        raise WrongUse(f"teachers is {teachers!r}", expected="tables [teachers.NAME]")
    values["teachers"] = {
        key: tables.build(Teacher, part, f"teachers.{key}") for key, part in teachers.items()
    }
    if "network" in values:
        values["network"] = read_network_table(task, values["network"])
    if "fit" in values:
        values["fit"] = tables.build(Fit, values["fit"], "fit")
    changes = DetectionAugmentation if task == "detector" else Augmentation
    values["augment"] = tables.build(changes, values.get("augment", {}), "augment")
    return tables.build(Recipe, values, name)
