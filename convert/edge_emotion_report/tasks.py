"""The tasks that a report knows: their main figure, its unit, and what counts as better."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Facts:
    """What the report has to know of a task.

    Attributes:
        measure: the key of its main figure in the files, a fraction or in px.
        figure: what that is called.
        is_error: whether smaller is better.
        unit: of the figure as it is shown: % or px, with `digits` decimals.
        lost_unit: of a change, with `lost_digits` decimals.
        tolerated: the loss, in `lost_unit`, with which a faster model may still be taken in the
            place of the most accurate one, with a word of it.
        beside: of a second figure: the table and the key in it, and its name; None without.
        rows: what it is measured on.
        once: what a run of the network is for.
        limit: what a goal calls a limit on the figure.
        by: what its losses are told by.
        option: of `edge-emotion run`, and what stands before the model's file there.
    """

    measure: str
    figure: str
    is_error: bool
    unit: Literal["%", "px"]
    digits: int
    lost_unit: Literal["points", "px"]
    lost_digits: int
    tolerated: float
    beside: tuple[str, str, str] | None
    rows: str
    once: str
    limit: str
    by: str
    option: tuple[str, str]

    @property
    def scale(self) -> float:
        """The figure as it is shown by the one in the files."""
        return 100.0 if self.unit == "%" else 1.0

    def behind(self, value: float, best: float) -> float:
        """By how much a figure is worse than another, in `lost_unit`."""
        worse = value - best if self.is_error else best - value
        return 100 * worse if self.lost_unit == "points" else worse


_EMOTION = Facts(
    measure="accuracy", figure="accuracy", is_error=False, unit="%", digits=1,
    lost_unit="points", lost_digits=2, tolerated=0.3, beside=None,
    rows="faces", once="a face", limit="accuracy", by="class", option=("--emotion", ""),
)  # fmt: skip
_KEYPOINTS = Facts(
    measure="rmse_px", figure="RMSE", is_error=True, unit="px", digits=2,
    lost_unit="px", lost_digits=3, tolerated=0.03, beside=None,
    rows="faces", once="a face", limit="rmse", by="point", option=("--keypoints", ""),
)  # fmt: skip
_DETECTOR = Facts(
    measure="average_precision", figure="average precision", is_error=False, unit="%", digits=1,
    lost_unit="points", lost_digits=2, tolerated=0.5,
    beside=("recall", "0.15", "recall at 0.15 false boxes a photograph"),
    rows="photographs", once="a picture", limit="ap", by="measure", option=("--detector", "net:"),
)  # fmt: skip
FACTS: Mapping[str, Facts] = {
    "emotion": _EMOTION,
    "keypoints": _KEYPOINTS,
    "detector": _DETECTOR,
}
TASKS = tuple(FACTS)
