"""Opening a model and its first run, in a process of its own: only there they come first.

What crashes or hangs there is not tried in this process at all.
"""

import json
import signal
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.benchmark.subjects import Subject

_CHILD = Path(__file__).with_name("child.py")
_TIMES = 3
_LIMIT_S = 120.0


@dataclass(frozen=True)
class FirstRun:
    """Medians over a few processes.

    Attributes:
        load_ms: from the file on the disk to tensors that are ready.
        first_ms: the first run.
        memory_mb: what both added to the process; None where that is not told.
    """

    load_ms: float
    first_ms: float
    memory_mb: float | None


def run_first(subject: Subject, delegate: str, threads: int) -> FirstRun:
    """Open and run a model where nothing has been opened yet.

    Raises:
        EdgeEmotionError: it fails, crashes or hangs.
    """
    told = [_ask(subject, delegate, threads) for _ in range(_TIMES)]
    memory = [one["memory_mb"] for one in told if one["memory_mb"] is not None]
    return FirstRun(
        statistics.median(one["load_ms"] for one in told),
        statistics.median(one["first_ms"] for one in told),
        statistics.median(memory) if memory else None,
    )


def _ask(subject: Subject, delegate: str, threads: int) -> dict[str, Any]:
    request = {
        "path": str(subject.path.resolve()),
        "size": len(subject.flatbuffer),
        "delegate": delegate,
        "threads": threads,
        "sys_path": [str(place) for place in sys.path],
    }
    child = subprocess.Popen(  # noqa: S603  this Python and our own file
        [sys.executable, "-I", str(_CHILD)],  # -I: without our folder among the places of imports
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for this process; it ends the child as it leaves
    )
    where = f"{subject.path.name} with --delegate {delegate}"
    try:
        told, said = child.communicate(json.dumps(request) + "\n", _LIMIT_S)
    except subprocess.TimeoutExpired as late:
        raise EdgeEmotionError(f"{where} did not run within {_LIMIT_S:g} s") from late
    finally:
        child.kill()
        child.wait()
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        raise EdgeEmotionError(f"{where} crashed with {name} when it was first run")
    if not told:
        last_words = (said.splitlines() or ["it does not say why"])[-1]
        raise EdgeEmotionError(f"{where} cannot be run: {last_words}")
    found: dict[str, Any] = json.loads(told)
    if "error" in found:
        raise EdgeEmotionError(found["error"])
    return found
