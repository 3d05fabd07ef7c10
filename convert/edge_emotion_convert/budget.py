"""What a conversion may cost: a limit for each measure, from a TOML file or the defaults.

[emotion]
accuracy_drop_points = 0.5
balanced_drop_points = 1.0
recall_drop_points = 3.0              # of every class, or a table { Disgust = 5.0, ... }

[keypoints]
rmse_increase_px = 0.15
nme_increase_points = 0.2
failure_increase_points = 1.0
point_increase_px = { nose_tip = 0.3 }     # or one number for every point
"""

import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import Task
from edge_emotion_convert.gate_measures import MEASURES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# A limit in its measure's unit for the name of each measure that has one.
Limits = Mapping[str, float]

DEFAULT_LIMITS: dict[Task, dict[str, float]] = {
    "emotion": {"accuracy": 0.5},
    "keypoints": {"rmse_px": 0.15},
}
_KEYS: dict[Task, dict[str, str]] = {
    "emotion": {
        "accuracy_drop_points": "accuracy",
        "balanced_drop_points": "balanced_accuracy",
        "recall_drop_points": "recall",
    },
    "keypoints": {
        "rmse_increase_px": "rmse_px",
        "nme_increase_points": "nme",
        "failure_increase_points": "failure_rate",
        "point_increase_px": "point_error_px",
    },
}


def read_limits(budget: Path | None, max_drop: float | None) -> dict[Task, Limits]:
    """The limits of both tasks.

    Args:
        budget: a TOML file; what it does not name keeps its default.
        max_drop: of the headline (accuracy in points, RMSE in pixels), before the file and default.

    Raises:
        EdgeEmotionError: the file cannot be read.
        WrongUse: an unknown key, or a limit that is no number or below 0.
    """
    table = _read(budget) if budget else {}
    unknown = [name for name in table if name not in MEASURES]
    if unknown:
        raise WrongUse(
            f"budget {budget} has {', '.join(unknown)}",
            expected="the tables [emotion] and [keypoints]",
        )
    limits: dict[Task, Limits] = {}
    for task, measures in MEASURES.items():
        limits[task] = {**DEFAULT_LIMITS[task], **dict(_limits(task, table.get(task, {}), budget))}
        if max_drop is not None:
            limits[task] = {**limits[task], measures[0].name: _number("--max-drop", max_drop)}
    return limits


def _read(budget: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(budget.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EdgeEmotionError(
            f"budget {budget} cannot be read: {error}", expected="a TOML file"
        ) from error


def _limits(task: Task, table: Any, budget: Path | None) -> Iterator[tuple[str, float]]:
    keys = _KEYS[task]
    if not isinstance(table, dict) or not table.keys() <= keys.keys():
        extra = ", ".join(sorted(table.keys() - keys)) if isinstance(table, dict) else repr(table)
        raise WrongUse(
            f"budget {budget} has {extra} in [{task}]", expected="some of " + ", ".join(keys)
        )
    for key, given in table.items():
        names = [m.name for m in MEASURES[task] if m.name.partition(".")[0] == keys[key]]
        parts = {name.partition(".")[2]: name for name in names}
        chosen = given if isinstance(given, dict) else dict.fromkeys(parts, given)
        if not chosen.keys() <= parts.keys():
            raise WrongUse(
                f"budget {budget}: {key} names {', '.join(sorted(chosen.keys() - parts))}",
                expected="some of " + ", ".join(filter(None, parts)) if any(parts) else "a number",
            )
        yield from ((parts[part], _number(key, limit)) for part, limit in chosen.items())


def _number(name: str, limit: Any) -> float:
    number = isinstance(limit, int | float) and not isinstance(limit, bool)
    if not number or not math.isfinite(limit) or limit < 0:
        raise WrongUse(f"{name} {limit}", expected="a number of points or pixels, 0 or more")
    return float(limit)
