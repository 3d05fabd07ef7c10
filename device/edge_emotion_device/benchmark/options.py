"""What a benchmark is asked for."""

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

from edge_emotion.errors import WrongUse
from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.delegates.choice import parse_delegate

_MOST_THREADS = 64
_MOST_ROUNDS = 40


@dataclass(frozen=True)
class BenchmarkOptions:
    """The options of `edge-emotion benchmark`.

    Attributes:
        models: .tflite files, folders of them, adapters of peers (.toml), or emotion and keypoints
            for the shipped models.
        threads: numbers of CPU threads.
        delegates: as `edge-emotion run --delegate` has them, without auto.
        num_runs: timed runs of each network at least, over all rounds.
        warmup_runs: runs before, which do not count.
        min_s, max_s: seconds that they take at least, for which there are more of them, and at
            most, for which there are fewer; as in TFLite's benchmark_model.
        frame_path: whether the whole frame path is measured too.
        layers: whether the layers of each network are measured too.
        energy: whether energy is measured where there is a sensor.
        name: of the machine; empty for the board's own.
        command: what was typed.
    """

    models: tuple[str, ...] = ("emotion", "keypoints")
    threads: tuple[int, ...] = (1,)
    delegates: tuple[str, ...] = ("cpu",)
    num_runs: int = 1000
    warmup_runs: int = 50
    min_s: float = 1.0
    max_s: float = 10.0
    frame_path: bool = True
    layers: bool = False
    energy: bool = True
    name: str = ""
    command: str = ""

    @property
    def rounds(self) -> int:
        """Rounds that the timed runs are spread over."""
        return min(_MOST_ROUNDS, self.num_runs)

    def runs_a_round(self, run_ms: float) -> int:
        """Timed runs of a contender in each round, one of which takes about `run_ms`."""
        a_second = 1000 / max(run_ms, 1e-6)
        runs = min(max(self.num_runs, self.min_s * a_second), self.max_s * a_second)
        return max(1, math.ceil(runs / self.rounds))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def parse_threads(text: str | None) -> tuple[int, ...]:
    """`1,2,4`; without, one thread and as many as there are cores.

    Raises:
        WrongUse: something else than numbers from 1 on.
    """
    if text is None:
        return tuple(dict.fromkeys((1, min(cores(), _MOST_THREADS))))
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= _MOST_THREADS for part in parts):
        raise WrongUse(
            f"--threads {text!r}", expected=f"numbers from 1 to {_MOST_THREADS}, such as 1,2,4"
        )
    return tuple(dict.fromkeys(map(int, parts)))


def parse_delegates(text: str, sys: Path = Path("/sys")) -> tuple[str, ...]:
    """`cpu,edgetpu,...`; auto is the CPU and the Edge TPU where one is connected.

    Args:
        text: commas also stand between the options of external:LIBRARY.
        sys: where the kernel shows what is connected.

    Raises:
        WrongUse: an unknown delegate.
    """
    found: list[str] = []
    for name in re.split(r",(?=(?:auto|cpu|edgetpu|external)\b)", text):
        if name == "auto":
            found += ["cpu", "edgetpu"] if edgetpu.connected(sys) else ["cpu"]
        else:
            parse_delegate(name)
            found.append(name)
    return tuple(dict.fromkeys(found))
