"""What an evaluation found, for those who print, draw or write it."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_emotion.metrics import Interval
from edge_emotion.modelfile import Task
from edge_emotion.types import Floats
from edge_emotion_convert.measure import EmotionFigures, Figures, as_table
from edge_emotion_convert.rows import Rows


@dataclass(frozen=True)
class Part:
    """Figures of one group of rows.

    Attributes:
        name: which rows.
        figures: measured on them.
        interval: of the accuracy or the RMSE in pixels, 95 %, by a bootstrap over the rows.
    """

    name: str
    figures: Figures
    interval: Interval


@dataclass(frozen=True)
class Evaluation:
    """A model's figures on every set it was evaluated on.

    Attributes:
        model: what was asked for: a file, a run's folder or a peer's adapter.
        task: emotion or keypoints.
        parts: the sets.
        name: of the run, the file or the peer.
        file: of the network itself, where that is one file.
        peer: whether it is somebody else's.
        flatbuffer_sha256: of that file without its metadata; empty where it has none.
    """

    model: Path
    task: Task
    parts: tuple[Part, ...]
    name: str = ""
    file: Path | None = None
    peer: bool = False
    flatbuffer_sha256: str = ""

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
            "bytes": None if content is None else len(content),
            "parts": [
                {
                    "rows_of": part.name,
                    **as_table(part.figures),
                    "interval_95": [
                        None if math.isnan(end) else round(end, 5)
                        for end in (part.interval.low, part.interval.high)
                    ],
                }
                for part in self.parts
            ],
        }


@dataclass(frozen=True)
class Measured:
    """A part with what it was measured on.

    Attributes:
        part: the figures.
        rows: the faces.
        answers: to them, `(N, 5)` or `(N, 15, 2)`.
        narrowed: whether faces with near twins were left out; another part has them.
    """

    part: Part
    rows: Rows
    answers: Floats
    narrowed: bool


def summary(parts: Sequence[Part], task: Task) -> tuple[list[str], list[list[str]]]:
    """Headings and a row for each part: its name, its faces and the figures that sum it up."""
    headings = {
        "emotion": ["rows of", "faces", "accuracy", "95 %", "balanced", "ECE"],
        "keypoints": ["rows of", "faces", "RMSE px", "95 %", "NME", "NME > 10 %"],
    }
    return headings[task], [_summed(part) for part in parts]


def _summed(part: Part) -> list[str]:
    found, low, high = part.figures, part.interval.low, part.interval.high
    counted = [part.name, str(found.rows)]
    if isinstance(found, EmotionFigures):
        shares = [f"{found.accuracy:.1%}", f"{low:.1%} to {high:.1%}"]
        return (
            counted + shares + [f"{found.balanced_accuracy:.1%}", f"{found.calibration_error:.1%}"]
        )
    errors = [f"{found.rmse_px:.3f}", f"{low:.3f} to {high:.3f}"]
    return counted + errors + [f"{found.nme:.2%}", f"{found.failure_rate:.1%}"]
