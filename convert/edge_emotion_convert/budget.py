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

[detector]
average_precision_drop_points = 0.5
recall_drop_points = 2.0              # at each rate of false boxes, or a table { "0.09" = 2.0 }
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import Task
from edge_emotion.toml import loads
from edge_emotion_convert.tasks.table import KINDS

# A limit in its measure's unit for the name of each measure that has one.
Limits = Mapping[str, float]


def read_limits(budget: Path | None, max_drop: float | None) -> dict[Task, Limits]:
    """The limits of every task.

    Args:
        budget: a TOML file; what it does not name keeps its default.
        max_drop: of the headline (accuracy and average precision in points, RMSE in pixels), before
            the file and default.

    Raises:
        WrongUse: the file cannot be read, has an unknown key, or a limit that is no number or
            below 0.
    """
    table = _read(budget) if budget else {}
    unknown = [name for name in table if name not in KINDS]
    if unknown:
        raise WrongUse(
            f"budget {budget} has {', '.join(unknown)}",
            expected="the tables " + ", ".join(f"[{task}]" for task in KINDS),
        )
    limits: dict[Task, Limits] = {}
    for task, kind in KINDS.items():
        limits[task] = {**kind.limits, **dict(_limits(task, table.get(task, {}), budget))}
        if max_drop is not None:
            limits[task] = {**limits[task], kind.measures[0].name: _number("--max-drop", max_drop)}
    return limits


def _read(budget: Path) -> dict[str, Any]:
    try:
        return loads(budget.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongUse(
            f"budget {budget} cannot be read: {error}", expected="a TOML file"
        ) from error


def _limits(task: Task, table: Any, budget: Path | None) -> Iterator[tuple[str, float]]:
    keys, measures = KINDS[task].budget, KINDS[task].measures
    if not isinstance(table, dict) or not table.keys() <= keys.keys():
        extra = ", ".join(sorted(table.keys() - keys)) if isinstance(table, dict) else repr(table)
        raise WrongUse(
            f"budget {budget} has {extra} in [{task}]", expected="some of " + ", ".join(keys)
        )
    for key, given in table.items():
        names = [m.name for m in measures if m.name.partition(".")[0] == keys[key]]
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
