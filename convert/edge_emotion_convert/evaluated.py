"""What an evaluation found, for those who print, draw or write it."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_emotion.metrics import Interval
from edge_emotion.modelfile import Task
from edge_emotion.types import Floats
from edge_emotion_convert.measure import as_table
from edge_emotion_convert.robustness import Robustness
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.tasks.table import Figures
from edge_emotion_convert.undecided import Selection


@dataclass(frozen=True)
class Part:
    """Figures of one group of rows.

    Attributes:
        name: which rows.
        figures: measured on them.
        intervals: 95 %, by a bootstrap over the rows, by the measure; the headline's first.
        narrowed: whether rows with near twins were left out; another part has them.
    """

    name: str
    figures: Figures
    intervals: Mapping[str, Interval]
    narrowed: bool = False

    @property
    def interval(self) -> Interval:
        """Of the accuracy, the RMSE in pixels or the average precision."""
        return next(iter(self.intervals.values()))


@dataclass(frozen=True)
class Evaluation:
    """A model's figures on every set it was evaluated on.

    Attributes:
        model: what was asked for: a file, a run's folder or a peer's adapter.
        task: emotion, keypoints or detector.
        parts: the sets.
        name: of the run, the file or the peer.
        file: of the network itself, where that is one file.
        peer: whether it is somebody else's.
        flatbuffer_sha256: of that file without its metadata; empty where it has none.
        adapter_sha256: of what a peer's adapter says; empty where there is none.
        beside: peers on the same rows, but for those narrowed, where some are installed.
        selection: what an emotion network leaves undecided; None for others.
        robustness: what is left on worse pictures; None if that was not asked for.
    """

    model: Path
    task: Task
    parts: tuple[Part, ...]
    name: str = ""
    file: Path | None = None
    peer: bool = False
    flatbuffer_sha256: str = ""
    adapter_sha256: str = ""
    beside: tuple["Evaluation", ...] = ()
    selection: Selection | None = None
    robustness: Robustness | None = None

    @property
    def whole(self) -> list[Part]:
        """The parts that are not narrowed."""
        return [part for part in self.parts if not part.narrowed]

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it; `sha256` and `bytes` are those of the network's one file."""
        content = self.file.read_bytes() if self.file is not None else None
        sha256 = None if content is None else hashlib.sha256(content).hexdigest()
        return {
            "model": str(self.model),
            "name": self.name,
            "task": self.task,
            "peer": self.peer,
            "sha256": sha256,
            "flatbuffer_sha256": self.flatbuffer_sha256 or sha256,
            "adapter_sha256": self.adapter_sha256 or None,
            "bytes": None if content is None else len(content),
            "parts": [
                {
                    "rows_of": part.name,
                    **as_table(part.figures),
                    "interval_95": _ends(part.interval),
                    **_further(part),
                }
                for part in self.parts
            ],
            **({"undecided": self.selection.as_dict()} if self.selection else {}),
            **({"robustness": self.robustness.as_list()} if self.robustness else {}),
            **({"beside": [peer.as_dict() for peer in self.beside]} if self.beside else {}),
        }


def _further(part: Part) -> dict[str, Any]:
    """Intervals of other measures than the headline, where there are some."""
    _, *further = part.intervals
    if not further:
        return {}
    return {"intervals_95": {name: _ends(part.intervals[name]) for name in further}}


def _ends(interval: Interval) -> list[float | None]:
    return [None if math.isnan(end) else round(end, 5) for end in (interval.low, interval.high)]


@dataclass(frozen=True)
class Measured:
    """A part with what it was measured on.

    Attributes:
        part: the figures.
        rows: the faces.
        answers: to them, `(N, 5)`, `(N, 15, 2)` or `(N, 756, 5)`.
    """

    part: Part
    rows: Rows
    answers: Floats
