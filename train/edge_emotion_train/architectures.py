"""The networks that a recipe may name, each with its keys; `networks` builds them."""

from dataclasses import dataclass, field
from typing import Any, Literal

from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import Task
from edge_emotion_train import tables


@dataclass(frozen=True)
class EdgeNetwork:
    """A `resblock-edge` network (see `networks.edge`).

    Attributes:
        widths: channels of each stage.
        blocks: residual blocks of each stage.
        dropout: share of the features dropped before the last layer, when training.
    """

    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    dropout: float = 0.0
    name: Literal["resblock-edge"] = "resblock-edge"

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.blocks):
            raise ValueError(f"{len(self.widths)} widths and {len(self.blocks)} block counts")
        _check_channels(self.widths)


@dataclass(frozen=True)
class ReferenceNetwork:
    """A `resblock-reference` network (see `networks.reference`).

    Attributes:
        stages: the width of each stage; its blocks are `[width, width, 4 * width]`.
        pool: side of the average pooling's windows.
        dense: widths of the dense layers before the answer.
        dropout: share dropped after each of them, when training.
    """

    stages: tuple[int, ...] = (64, 128)
    pool: int = 4
    dense: tuple[int, ...] = ()
    dropout: tuple[float, ...] = ()
    name: Literal["resblock-reference"] = "resblock-reference"

    def __post_init__(self) -> None:
        if len(self.dense) != len(self.dropout):
            raise ValueError(f"{len(self.dense)} dense widths and {len(self.dropout)} dropouts")


@dataclass(frozen=True)
class DetectorNetwork:
    """A `resblock-detector` network (see `networks.detector`).

    Attributes:
        widths: channels of the stem, then of the maps of 4, 8, 16 and 32 px a cell.
        head: channels of what joins these maps and answers.
    """

    widths: tuple[int, ...]
    head: int
    name: Literal["resblock-detector"] = "resblock-detector"

    def __post_init__(self) -> None:
        if len(self.widths) != 5:
            raise ValueError(f"{len(self.widths)} widths; expected 5, the stem's and four stages'")
        _check_channels((*self.widths, self.head))


@dataclass(frozen=True)
class OwnNetwork:
    """A network of your own.

    Attributes:
        name: MODULE:FUNCTION, a function of the task and the options that returns a `keras.Model`.
        options: whatever the function wants to be told.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)


def _check_channels(counts: tuple[int, ...]) -> None:
    if min(counts, default=1) < 1:
        raise ValueError(f"a width of {min(counts)} channels; expected at least 1")


Network = EdgeNetwork | ReferenceNetwork | DetectorNetwork | OwnNetwork

_KINDS: dict[Task, dict[str, type[Network]]] = {
    "emotion": {"resblock-edge": EdgeNetwork, "resblock-reference": ReferenceNetwork},
    "keypoints": {"resblock-edge": EdgeNetwork, "resblock-reference": ReferenceNetwork},
    "detector": {"resblock-detector": DetectorNetwork},
}


def read_network_table(task: Task, table: Any) -> Network:
    """What a recipe's table [network] says; without a name it is the first of its task's.

    Raises:
        WrongUse: no network of the task, an unknown or missing key, or a value that cannot be.
    """
    kinds = _KINDS[task]
    name = table.get("name", next(iter(kinds))) if isinstance(table, dict) else next(iter(kinds))
    if isinstance(name, str) and ":" in name:
        return tables.build(OwnNetwork, table, "network")
    if name not in kinds:
        expected = ", ".join(kinds) + " or MODULE:FUNCTION"
        raise WrongUse(f"network: name is {name!r}", expected=expected)
    return tables.build(kinds[name], table, "network")
