"""What a benchmark is asked for."""

import math
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import shipped_tasks
from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.delegates.choice import parse_delegate

_MOST_THREADS = 64
# Rather many short rounds: of the same runs in 40, the ratios of two benchmarks on a busy machine
# differed by up to 4 %, in 160 by up to 3 %.
_MOST_ROUNDS = 160
_AGAIN, _AGAIN_MS = 3, 5.0  # at most so many runs, and so long
_WARM_UP_SHARE = 0.1  # of max_s


@dataclass(frozen=True)
class Turns:
    """How the runs of one network are spread.

    Attributes:
        rounds: in which it takes its turn.
        runs: timed ones in each.
        again: runs before these that do not count: another's data are in the caches, which is
            nothing to a run that takes long.
    """

    rounds: int
    runs: int
    again: int


@dataclass(frozen=True)
class BenchmarkOptions:
    """The options of `edge-emotion benchmark`.

    Attributes:
        models: .tflite files, folders of them, adapters of peers (.toml), or emotion, keypoints
            and detector for the shipped models.
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

    models: tuple[str, ...] = field(default_factory=shipped_tasks)
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
        """Rounds that the timed runs are spread over, as long as that is not too slow."""
        return min(_MOST_ROUNDS, self.num_runs)

    @property
    def warm_up_s(self) -> float:
        """What `warmup_runs` may take: there are fewer where they take more, but one at least."""
        return _WARM_UP_SHARE * self.max_s

    def turns(self, run_ms: float) -> Turns:
        """Those of a network, one run of which takes about `run_ms`, within `max_s`."""
        run_ms = max(run_ms, 1e-6)
        most = 1000 * self.max_s / run_ms
        again = min(_AGAIN, int(_AGAIN_MS / run_ms))
        rounds = max(1, min(self.rounds, int(most / (again + 1))))
        wanted = max(self.num_runs, 1000 * self.min_s / run_ms)
        runs = min(math.ceil(wanted / rounds), int(most / rounds) - again)
        return Turns(rounds, max(1, runs), again)


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
