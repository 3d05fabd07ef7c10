"""Timings that may be compared: contenders take turns, so that a drift of the machine hits all."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

import numpy as np

from edge_emotion.types import Floats

Call = Callable[[], object]


def in_turns(contenders: Mapping[str, Sequence[Call]], rounds: int) -> dict[str, Floats]:
    """Time all calls of each contender, one contender after the other, `rounds` times over.

    Returns:
        `(rounds, calls)` milliseconds of each contender.
    """
    rows: dict[str, list[list[float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, calls in contenders.items():
            rows[name].append([_duration_ms(call) for call in calls])
    return {name: np.asarray(row, np.float32) for name, row in rows.items()}


def median_ratio(durations: Floats, others: Floats) -> float:
    """How many times as long as `others`: the median over the rounds of the medians' ratio."""
    return float(np.median(np.median(durations, axis=1) / np.median(others, axis=1)))


def _duration_ms(call: Call) -> float:
    start = perf_counter()
    call()
    return 1000 * (perf_counter() - start)
