"""Timing contenders in rounds that take turns, and what the rounds say.

A machine's clock, heat and other programs change from second to second.  So every contender runs a
little in each of many rounds, in an order shuffled anew, and what changes hits all alike.
"""

import gc
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Durations = npt.NDArray[np.float64]  # milliseconds
Round = Callable[[], Durations]  # a round of one contender: the durations of its runs

_OUTLIER = 3.0  # times the p50
_POLISHES, _SETTLED = 20, 1e-4
_FEWEST_ROUNDS = 5  # that tell how far they are apart
_RESAMPLES = 200


@dataclass(frozen=True)
class Timing:
    """What the rounds of one contender say.

    Attributes:
        mean_ms, min_ms, p90_ms, p99_ms: over the runs of all rounds, disturbed or not.
        p50_ms: of a run in a typical round, as `typical_ms` says.
        p50_interval_ms: of `p50_ms`, 95 %, by a bootstrap over the rounds; None of fewer than five.
        per_s: runs a second, by the mean.
        outliers: share of the runs that took more than three times `p50_ms`.
        noise: how far apart the rounds' medians are: their interquartile range over their median;
            None of fewer than five.
        runs: how many there were.
        rounds_p50_ms: the median of each round.
    """

    mean_ms: float
    min_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p50_interval_ms: tuple[float, float] | None
    per_s: float
    outliers: float
    noise: float | None
    runs: int
    rounds_p50_ms: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """As in the benchmark file."""
        return {name: rounded(value) for name, value in asdict(self).items()}


def timings(found: Sequence[list[Durations] | str]) -> list[Timing | str]:
    """What the rounds of `take_turns` say, or why a contender failed."""
    whole = [rounds for rounds in found if not isinstance(rounds, str)]
    if not whole:
        return [rounds for rounds in found if isinstance(rounds, str)]
    medians = np.array(
        [[np.median(runs) if len(runs) else np.nan for runs in rounds] for rounds in whole]
    )
    medians = medians[:, ~np.isnan(medians).all(axis=0)]  # not those of one that failed, alone
    draws = np.random.default_rng(0).integers(0, medians.shape[1], (_RESAMPLES, medians.shape[1]))
    drawn = np.array([typical_ms(medians[:, draw]) for draw in draws])
    intervals = np.nanpercentile(drawn, (2.5, 97.5), axis=0).T
    told = iter(map(_timing, whole, medians, typical_ms(medians), intervals))
    return [rounds if isinstance(rounds, str) else next(told) for rounds in found]


def typical_ms(medians: Durations) -> Durations:
    """Of each contender the median of a typical round: `(C, R)` to `(C,)`; NaN where it sat out.

    What a round slows down, it slows down for all; so each median is taken for the product of its
    contender's speed and its round's, and the two are told apart by Tukey's median polish
    (Exploratory Data Analysis, 1977) of the logarithms.  On a machine whose two cores other
    programs kept busy, ratios of two runs differed by up to 6 % so, and by up to 19 % with the
    median over the rounds of each contender alone.
    """
    rest = np.log(medians)
    contenders, rounds = np.zeros(len(rest)), np.zeros(rest.shape[1])
    for _ in range(_POLISHES):
        step = _median(rest, 1)
        contenders, rest = contenders + step, rest - step[:, None]
        step = _median(rest, 0)
        rounds, rest = rounds + step, rest - step
        if np.nanmax(np.abs(step)) < _SETTLED:
            break
    typical: Durations = np.exp(contenders + _median(rounds, 0))
    return typical


def _median(values: Durations, axis: int) -> Durations:
    """As NumPy's `nanmedian`, which is far slower where there are any NaN."""
    ranked = np.sort(values, axis)  # NaN come last
    count = np.count_nonzero(~np.isnan(values), axis, keepdims=True)
    low, high = (np.take_along_axis(ranked, at, axis) for at in ((count - 1) // 2, count // 2))
    middle: Durations = np.squeeze((low + high) / 2, axis)
    return middle


def _timing(
    rounds: list[Durations], medians: Durations, p50_ms: float, interval_ms: Durations
) -> Timing:
    runs, medians = np.concatenate(rounds), medians[~np.isnan(medians)]
    enough = len(medians) >= _FEWEST_ROUNDS
    first, middle, third = np.percentile(medians, (25, 50, 75))
    p90, p99 = np.percentile(runs, (90, 99))
    return Timing(
        mean_ms=float(runs.mean()),
        min_ms=float(runs.min()),
        p50_ms=float(p50_ms),
        p90_ms=float(p90),
        p99_ms=float(p99),
        p50_interval_ms=(float(interval_ms[0]), float(interval_ms[1])) if enough else None,
        per_s=1000 / float(runs.mean()),
        outliers=float((runs > _OUTLIER * p50_ms).mean()),
        noise=float((third - first) / middle) if enough else None,
        runs=len(runs),
        rounds_p50_ms=tuple(medians.tolist()),
    )


def rounded(value: Any) -> Any:
    """A number, or a list of them, to five digits: no clock tells more."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    return [rounded(one) for one in value] if isinstance(value, tuple | list) else value


def take_turns(
    contenders: Sequence[Round], turns: Sequence[int], told: Callable[[int], object]
) -> list[list[Durations] | str]:
    """Run the rounds of all contenders.

    Args:
        contenders: one round of each.
        turns: how many each has; one with fewer than others sits out some rounds in between.
        told: called with the number of each round, from 1.

    Returns:
        The durations of each one's rounds, empty where it sat out, or why it failed; the others go
        on.
    """
    rounds = max(turns, default=0)
    found: list[list[Durations] | str] = [[] for _ in contenders]
    order, rng = list(range(len(contenders))), random.Random(0)
    with undisturbed():
        for number in range(1, rounds + 1):
            told(number)
            rng.shuffle(order)
            for place in order:
                rows = found[place]
                if isinstance(rows, str):
                    continue
                count = turns[place]
                sits_out = number * count // rounds == (number - 1) * count // rounds
                try:
                    rows.append(np.empty(0) if sits_out else contenders[place]())
                except (ValueError, RuntimeError) as error:  # a delegate that gives up
                    found[place] = " ".join(str(error).split())
    return found


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without Python's garbage collector or OpenCV's threads in between."""
    threads, collects = cv2.getNumThreads(), gc.isenabled()
    gc.collect()
    gc.disable()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        if collects:
            gc.enable()
