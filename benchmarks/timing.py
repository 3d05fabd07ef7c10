"""Timings that may be compared: contenders take turns, so that a drift of the machine hits all."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import TypeVar

import numpy as np

from edge_emotion.types import Floats

Input = TypeVar("Input")


def in_turns(
    contenders: Mapping[str, Callable[[Input], object]], inputs: Sequence[Input], rounds: int
) -> dict[str, Floats]:
    """Time each contender on all inputs, one after the other, `rounds` times over.

    Returns:
        `(rounds, len(inputs))` milliseconds of each contender.
    """
    rows: dict[str, list[list[float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            rows[name].append([_duration_ms(call, value) for value in inputs])
    return {name: np.asarray(row, np.float32) for name, row in rows.items()}


def median_ratio(durations: Floats, others: Floats) -> float:
    """How many times as long as `others`: the median over the rounds of the medians' ratio."""
    return float(np.median(np.median(durations, axis=1) / np.median(others, axis=1)))


def _duration_ms(call: Callable[[Input], object], value: Input) -> float:
    start = perf_counter()
    call(value)
    return 1000 * (perf_counter() - start)
