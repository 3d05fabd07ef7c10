"""The gate: whether a quantized model may take the float one's place.

A pure function of two measurements.  What was not measured never passes.
"""

import math
from dataclasses import dataclass

from edge_emotion.modelfile import Task
from edge_emotion_convert.measure import EmotionFigures, Figures, KeypointFigures

# Percentage points of accuracy, pixels of RMSE.
DEFAULT_MAX_DROP: dict[Task, float] = {"emotion": 0.5, "keypoints": 0.15}


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Attributes:
        passed: whether the drop was measured and is at most `max_drop`.
        measure: accuracy or rmse_px.
        unit: of the drop: points (percentage points) or px.
        before, after: the float model's figure and the quantized one's.
        drop: how much worse the quantized one is, in `unit`; negative if it is better.
        max_drop: the limit, in `unit`.
        reason: one sentence.
    """

    passed: bool
    measure: str
    unit: str
    before: float
    after: float
    drop: float
    max_drop: float
    reason: str


def judge(before: Figures, after: Figures, max_drop: float | None = None) -> Verdict:
    """Compare a float model's figures with those of the quantized one on the same rows.

    Args:
        before, after: measured on the float and on the quantized model.
        max_drop: in percentage points of accuracy, or pixels of RMSE; None takes the default.
    """
    if isinstance(before, EmotionFigures) and isinstance(after, EmotionFigures):
        measure, unit, default = "accuracy", "points", DEFAULT_MAX_DROP["emotion"]
        first, second = before.accuracy, after.accuracy
        drop = 100 * (first - second)
    elif isinstance(before, KeypointFigures) and isinstance(after, KeypointFigures):
        measure, unit, default = "rmse_px", "px", DEFAULT_MAX_DROP["keypoints"]
        first, second = before.rmse_px, after.rmse_px
        drop = second - first
    else:
        raise TypeError(f"{type(before).__name__} against {type(after).__name__}")
    limit = default if max_drop is None else max_drop
    drop = round(drop, 9)  # 80.0 % to 79.5 % is a drop of 0.5 points, not of 0.50000000000000044
    if before.rows != after.rows or before.rows == 0:
        passed, reason = False, f"not measured: {before.rows} and {after.rows} rows"
    elif not (math.isfinite(drop) and math.isfinite(limit)):
        passed, reason = False, f"not measured: {measure} {first} and {second}, limit {limit}"
    else:
        passed = drop <= limit
        reason = (
            f"{measure} {first:.4f} in float, {second:.4f} quantized: a drop of {drop:.3f} {unit}, "
            f"{'at most' if passed else 'more than the'} {limit:g} allowed"
        )
    return Verdict(passed, measure, unit, first, second, drop, limit, reason)
