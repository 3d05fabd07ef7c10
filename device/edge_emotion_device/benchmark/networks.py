"""The networks alone: every model × delegate × threads."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from time import monotonic, perf_counter_ns
from typing import Any

import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.quantization import TensorSpec
from edge_emotion_device.benchmark.fresh import FirstRun, run_first
from edge_emotion_device.benchmark.options import BenchmarkOptions, Turns
from edge_emotion_device.benchmark.rounds import (
    Durations,
    Round,
    Timing,
    rounded,
    take_turns,
    timings,
)
from edge_emotion_device.benchmark.subjects import Subject, delegates_for
from edge_emotion_device.delegates.opening import OpenedModel

Say = Callable[[str], object]


@dataclass(frozen=True)
class Contender:
    """One model in one way of running it."""

    subject: Subject
    delegate: str
    threads: int

    def as_dict(self) -> dict[str, Any]:
        """What names it in the benchmark file."""
        return {"model": self.subject.id, "delegate": self.delegate, "threads": self.threads}


class Runner:
    """A contender that is open: runs on drawn faces, the copy into its tensor not timed."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self._opened: OpenedModel = contender.subject.open(contender.delegate, contender.threads)
        given = self._opened.interpreter.get_input_details()[0]
        self._place: int = given["index"]
        self._faces = contender.subject.inputs(TensorSpec.of(given))

    def run(self, count: int) -> Durations:
        """`(count,)` milliseconds.

        Raises:
            ValueError, RuntimeError: the delegate fails.
        """
        interpreter, place, faces = self._opened.interpreter, self._place, self._faces
        durations = np.empty(count)
        for number in range(count):
            interpreter.set_tensor(place, faces[number % len(faces)])
            start = perf_counter_ns()
            interpreter.invoke()
            durations[number] = perf_counter_ns() - start
        return durations / 1e6

    def warm_up(self, count: int, most_s: float) -> float:
        """Run up to `count` times, once at least; returns the median of a run in milliseconds."""
        durations, end_s = [self.run(1)], monotonic() + most_s
        while len(durations) < count and monotonic() < end_s:
            durations.append(self.run(1))
        return float(np.median(durations))

    def round_of(self, turns: Turns) -> Callable[[], Durations]:
        """A round of timed runs."""

        def one_round() -> Durations:
            self.run(turns.again)
            return self.run(turns.runs)

        return one_round

    @property
    def operators(self) -> dict[str, int] | None:
        """Where its operators run, as in the benchmark file."""
        placed = self._opened.operators
        if placed is None:
            return None
        total = placed.delegated + placed.on_cpu
        return {"total": total, "delegated": placed.delegated, "partitions": placed.partitions}


def contenders_of(subjects: Sequence[Subject], options: BenchmarkOptions) -> list[Contender]:
    """Every way of running every model that it is made for."""
    return [
        Contender(subject, delegate, threads)
        for subject in subjects
        for delegate in delegates_for(subject, options.delegates)
        for threads in options.threads
    ]


def time_networks(
    contenders: Sequence[Contender], options: BenchmarkOptions, say: Say
) -> list[dict[str, Any]]:
    """Measure them: a row of the benchmark file for each."""
    rows: list[dict[str, Any]] = [contender.as_dict() for contender in contenders]
    ready: dict[int, tuple[Runner, FirstRun]] = {}
    rounds: list[Round] = []
    turns: list[int] = []
    for place, contender in enumerate(contenders):
        say(f"opening {place + 1} of {len(contenders)}: {contender.subject.path.name}")
        with failing(rows[place]):
            first = run_first(contender.subject, contender.delegate, contender.threads)
            runner = Runner(contender)
            its_turns = options.turns(runner.warm_up(options.warmup_runs, options.warm_up_s))
            rounds.append(runner.round_of(its_turns))
            turns.append(its_turns.rounds)
            ready[place] = runner, first
    found = take_turns(
        rounds,
        turns,
        lambda number: say(f"timing the networks, round {number} of {max(turns)}"),
    )
    for (place, (runner, first)), timing in zip(ready.items(), timings(found), strict=True):
        write_timing(rows[place], timing)
        opened = {name: rounded(value) for name, value in asdict(first).items()}
        rows[place] |= {**opened, "operators": runner.operators}
    return rows


@contextmanager
def failing(row: dict[str, Any]) -> Iterator[None]:
    """Write into a row why what is tried in the block failed, and go on behind it."""
    try:
        yield
    except (EdgeEmotionError, ValueError, RuntimeError) as error:
        row |= {"status": "failed", "error": " ".join(str(error).split())}


def write_timing(row: dict[str, Any], timing: Timing | str) -> None:
    """Write into a row what was measured, or why it was not."""
    if isinstance(timing, str):
        row |= {"status": "failed", "error": timing}
    else:
        row |= {"status": "ok", **timing.as_dict()}
