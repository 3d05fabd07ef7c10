"""The gate: whether a converted model may take the float one's place.

A pure function of two measurements and their limits.  What was not measured never passes.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edge_emotion_convert.budget import Limits
from edge_emotion_convert.gate_measures import Measure, value
from edge_emotion_convert.measure import plain
from edge_emotion_convert.paired import McNemar
from edge_emotion_convert.tasks.table import KINDS, Figures


@dataclass(frozen=True)
class Comparison:
    """One measure of both models.

    Attributes:
        measure, unit: its name, and the unit of `drop`: points (percentage points) or px.
        before, after: the float model's figure and the converted one's.
        drop: how much worse the converted one is, in `unit`; below 0 if it is better.
        interval: of `drop`, 95 %, by a paired bootstrap over the rows; None if not known.
        max_drop: the limit, in `unit`; None where there is none.
        passed: whether the drop was measured and is at most the limit, or there is none.
    """

    measure: str
    unit: str
    before: float
    after: float
    drop: float
    interval: tuple[float, float] | None
    max_drop: float | None
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Attributes:
        passed: whether every limit is kept by what was measured.
        reason: one sentence, about what broke a limit or, if nothing did, about the headline.
        comparisons: of every measure, the headline first.
        mcnemar: for emotion, whether the difference may be chance.
    """

    passed: bool
    reason: str
    comparisons: tuple[Comparison, ...]
    mcnemar: McNemar | None = None

    @property
    def headline(self) -> Comparison:
        """Accuracy, RMSE or average precision."""
        return self.comparisons[0]

    @property
    def measured(self) -> bool:
        """Whether the headline and everything that is limited came to a figure."""
        judged = [one for one in self.comparisons[1:] if one.max_drop is not None]
        return all(math.isfinite(one.drop) for one in (self.headline, *judged))

    def as_dict(self) -> dict[str, Any]:
        """The headline with the verdict, then everything else; what is NaN becomes None."""
        headline = plain(asdict(self.headline))
        return {
            **headline,
            "passed": self.passed,
            "reason": self.reason,
            "mcnemar": asdict(self.mcnemar) if self.mcnemar else None,
            "measures": [plain(asdict(comparison)) for comparison in self.comparisons],
        }


def judge(
    before: Figures,
    after: Figures,
    limits: Limits | None = None,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    mcnemar: McNemar | None = None,
) -> Verdict:
    """Compare a float model's figures with those of the converted one on the same rows.

    Args:
        before, after: measured on the float and on the converted model.
        limits: for names of measures, in their units; None takes the default.
        intervals: of the drops, by `paired.loss_intervals`.
        mcnemar: by `paired.mcnemar`.
    """
    if before.task != after.task:
        raise TypeError(f"{type(before).__name__} against {type(after).__name__}")
    kind = KINDS[before.task]
    limits = kind.limits if limits is None else limits
    same_rows = before.rows == after.rows > 0
    comparisons = []
    for measure in kind.measures:
        first, second = value(before, measure), value(after, measure)
        drop, limit = measure.loss(first, second), limits.get(measure.name)
        kept = limit is None or (same_rows and math.isfinite(limit) and drop <= limit)
        interval = (intervals or {}).get(measure.name)
        comparisons.append(
            Comparison(measure.name, measure.unit, first, second, drop, interval, limit, kept)
        )
    told = [pair for pair in zip(kind.measures, comparisons, strict=True) if not pair[1].passed]
    passed = not told and math.isfinite(comparisons[0].drop)
    if same_rows:
        told = told or [(kind.measures[0], comparisons[0])]
        reason = "; ".join(_sentence(*pair) for pair in told)
    else:
        passed, reason = False, f"not measured: {before.rows} and {after.rows} rows"
    return Verdict(passed, reason, tuple(comparisons), mcnemar)


def _sentence(measure: Measure, found: Comparison) -> str:
    figures = f"{measure.title} {found.before:.4f} in float, {found.after:.4f} converted"
    limit = found.max_drop
    if not math.isfinite(found.drop if limit is None else found.drop + limit):
        return f"not measured: {figures}" + ("" if limit is None else f", limit {limit}")
    sentence = f"{figures}: {measure.words(found.drop)}"
    if not found.passed:
        return f"{sentence}, more than the {limit:g} allowed"
    return f"{sentence} of the {limit:g} allowed" if limit and found.drop > 0 else sentence
