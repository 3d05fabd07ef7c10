"""The figures that a conversion is judged by, one by one: `accuracy`, `recall.Disgust`, ...

A measure's name is the way to it in a table of figures (`measure.as_table`).  How much worse one
model is than another counts upwards in the measure's unit, whether the figure itself is better
when it is large (accuracy) or when it is small (an error).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measure:
    """One figure.

    Attributes:
        name: accuracy, recall.Disgust, rmse_px, ...
        title: for people.
        unit: of a change: points (percentage points) or px.
        is_error: whether smaller is better.
    """

    name: str
    title: str
    unit: str
    is_error: bool

    def loss(self, before: float, after: float) -> float:
        """How much worse `after` is, in `unit`; below 0 if it is better."""
        change = after - before if self.is_error else before - after
        # 80.0 % to 79.5 % is a loss of 0.5 points, not of 0.50000000000000044.
        return round(self.in_unit(change), 9)

    def in_unit(self, change: float) -> float:
        """A change of the figure, which is a fraction or in pixels, in `unit`."""
        return 100 * change if self.unit == "points" else change

    def words(self, loss: float) -> str:
        """A loss as a reader would say it."""
        if not math.isfinite(loss):
            return "not measured"
        amount = f"{abs(loss):.{self.digits}f}"
        if float(amount) == 0:
            return "unchanged"
        worse, better = ("rose by", "fell by") if self.is_error else ("lost", "gained")
        return f"{worse if loss > 0 else better} {amount} {self.unit}"

    def change(self, loss: float, interval: Sequence[float] | None) -> str:
        """A loss as a change of the figure itself, and its interval: `+0.43 (-0.07 to +0.93)`."""
        if not math.isfinite(loss):
            return "not measured"
        sign = 1 if self.is_error else -1
        ends = sorted(sign * end for end in interval or (math.nan, math.nan))
        parts = [round(part, self.digits) + 0.0 for part in (sign * loss, *ends)]  # no -0.00
        change, low, high = (f"{part:+.{self.digits}f}" for part in parts)
        return f"{change} ({low} to {high})"

    @property
    def digits(self) -> int:
        """Decimals with which a loss is shown."""
        return 2 if self.unit == "points" else 3


def value(figures: Any, measure: Measure) -> float:
    """What a measure came to, NaN if it could not be measured."""
    group, _, part = measure.name.partition(".")
    found = getattr(figures, group)
    return float(found.get(part, math.nan) if part else found)
