"""Trying cases in a process of their own, which may crash, hang or swell, and telling which did.

A case is drawn from `random.Random(f"{seed}:{target}:{number}")`, so that each can be had again.
"""

import contextlib
import json
import os
import random
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError

Try = Callable[[random.Random], object]
LIMIT_S = 20.0  # of a case, on a machine that may be busy
START_S = 180.0  # of a target: some load TensorFlow
GROWN_MB = 600  # a picture of 100 million pixels takes 480
LONGEST_MESSAGE = 2500  # characters; a line is for people
_MOST_FINDINGS = 20  # of a target, then it is left
_FINE = "fine"


class Refused(Exception):
    """A case ended as it may, in another way than by an EdgeEmotionError; its text is the kind."""


@dataclass(frozen=True)
class Target:
    """A parser, and how cases for it are drawn.

    Attributes:
        name: of the target.
        opened: gives, for a scratch folder, what draws and tries one case.
        weight: cases of it, among those of all targets.
    """

    name: str
    opened: Callable[[Path], AbstractContextManager[Try]]
    weight: float


@dataclass(frozen=True)
class Finding:
    """A case that ended as none may.

    Attributes:
        target, number: which case.
        what: happened.
    """

    target: str
    number: int
    what: str


@dataclass
class Outcome:
    """What became of a target's cases.

    Attributes:
        cases: that came to their end.
        kinds: how they ended, and how often.
        findings: those that ended as none may.
        slowest_ms, slowest: of a case, in CPU time, and its number.
        grown_mb: memory at its largest, beyond what it was at the start.
        seconds: that all took.
    """

    target: str
    cases: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest_ms: float = 0.0
    slowest: int = 0
    grown_mb: float = 0.0
    seconds: float = 0.0


def fuzz(target: Target, cases: int, seed: int, until_s: float = float("inf")) -> Outcome:
    """Try a target's cases, from the first on, until the time (of `time.monotonic`) is over."""
    outcome, started_s, first = Outcome(target.name), time.monotonic(), 0
    while first < cases and len(outcome.findings) < _MOST_FINDINGS and time.monotonic() < until_s:
        first = _in_child(target, range(first, cases), seed, until_s, outcome)
    outcome.seconds = time.monotonic() - started_s
    return outcome


def try_one(target: Target, number: int, seed: int) -> str:
    """Try one case here; returns how it ended, or raises what it ended with."""
    with tempfile.TemporaryDirectory() as scratch, target.opened(Path(scratch)) as attempt:
        return _ended(attempt, _draw(target, number, seed))


def _draw(target: Target, number: int, seed: int) -> random.Random:
    return random.Random(f"{seed}:{target.name}:{number}")


def _ended(attempt: Try, draw: random.Random) -> str:
    """How a case ended; what may not be is raised."""
    try:
        attempt(draw)
    except EdgeEmotionError as error:
        message = str(error)
        assert "\n" not in message, "a message of several lines"
        assert len(message) <= LONGEST_MESSAGE, f"a message of {len(message)} characters"
        message.encode()  # can be printed
        return type(error).__name__
    except Refused as refused:
        return str(refused)
    return _FINE


def _in_child(target: Target, numbers: range, seed: int, until_s: float, outcome: Outcome) -> int:
    """Try cases in a child until one of them ends it; returns the number to go on with."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_child(target, numbers, seed, until_s, writing)
    os.close(writing)
    at, limit_s, hung, received = numbers.start, START_S, False, b""
    while True:
        if not select.select([reading], [], [], limit_s)[0]:
            hung = True
            os.kill(child, signal.SIGKILL)
            break
        if not (piece := os.read(reading, 1 << 16)):
            break
        limit_s = LIMIT_S
        *lines, received = (received + piece).split(b"\n")
        for line in lines:
            report: dict[str, Any] = json.loads(line)
            at = report["next"]
            _note(outcome, report)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return numbers.stop if at == numbers.stop or time.monotonic() < until_s else at
    what = f"hangs: no end after {limit_s:g} s" if hung else f"the process ended with {code}"
    if code < 0 and not hung:
        what = f"crash: {signal.Signals(-code).name}"
    outcome.findings.append(Finding(target.name, at, what))
    return at + 1


def _note(outcome: Outcome, report: dict[str, Any]) -> None:
    if "kind" not in report:  # it is ready
        return
    number = report["next"] - 1
    outcome.cases += 1
    outcome.kinds[report["kind"]] += 1
    outcome.grown_mb = max(outcome.grown_mb, report["grown_mb"])
    if report["ms"] > outcome.slowest_ms:
        outcome.slowest_ms, outcome.slowest = report["ms"], number
    if report["found"]:
        outcome.findings.append(Finding(outcome.target, number, report["found"]))


# In the child.


def _be_child(target: Target, numbers: range, seed: int, until_s: float, writing: int) -> None:
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with (
            tempfile.TemporaryDirectory(dir=_memory()) as scratch,
            os.fdopen(writing, "wb") as told,
        ):
            _quiet()
            with target.opened(Path(scratch)) as attempt:
                _try_all(target, attempt, numbers, seed, until_s, told)
            told.flush()
            code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _try_all(
    target: Target, attempt: Try, numbers: range, seed: int, until_s: float, told: Any
) -> None:
    def tell(**report: Any) -> None:
        told.write(json.dumps(report).encode() + b"\n")
        told.flush()

    tell(next=numbers.start)
    at_start_mb, bound_mb, findings = _peak_mb(), GROWN_MB, 0
    for number in numbers:
        draw, before_s, found = _draw(target, number, seed), time.process_time(), ""
        try:
            kind = _ended(attempt, draw)
        except BaseException as error:
            kind, found = type(error).__name__, _told(error)
        grown_mb = _peak_mb() - at_start_mb
        if grown_mb > bound_mb:
            found = found or f"memory has grown by {grown_mb:.0f} MB"
            bound_mb = 2 * int(grown_mb)
        ms = 1000 * (time.process_time() - before_s)
        tell(next=number + 1, kind=kind, ms=ms, grown_mb=grown_mb, found=found)
        findings += bool(found)
        if time.monotonic() > until_s or findings == _MOST_FINDINGS:
            return


def _told(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = next((one for one in reversed(frames) if "edge_emotion" in one.filename), frames[-1])
    message = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {message} ({Path(where.filename).name}:{where.lineno})"


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _memory() -> str | None:
    """A folder in memory, for files that live for a case."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _quiet() -> None:
    """Warnings of ours and of native libraries belong to the cases."""
    with contextlib.suppress(OSError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        if not os.environ.get("FUZZ_STDERR"):
            os.dup2(nothing, 2)
    sys.setrecursionlimit(1000)
