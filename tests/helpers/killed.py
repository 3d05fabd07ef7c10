"""Writers that are killed at every step, as a power cut would, and what is left of their files.

This is a program too: `python -m helpers.killed MODULE:SCENARIO FOLDER` prints `outcomes`.
Each trial is a fork, so that only one interpreter starts, and is killed

* in front of its n-th step: a file opened for writing, renamed, removed, cut, synced, given rights;
* or in the middle of a write, by the kernel, when a file has grown to a size (RLIMIT_FSIZE).
"""

import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR
_STEPS = ("os.rename", "os.remove", "os.truncate", "os.mkdir", "os.rmdir", "os.chmod", "os.link")
_KILLED = 137
_TORN_AT = (0, 1, 7, 64, 500, 1_500, 2_500, 4_000, 20_000, 100_000, 1_000_000)  # bytes


@dataclass(frozen=True)
class Scenario:
    """Something that is written.

    Attributes:
        prepare: puts the old state into an empty folder.
        write: makes the new state of it; again after the power is back, which mends everything.
        read: what a user finds there, as parts of which each is to be old or new.
        tidy: whether another try also removes what was half written.
    """

    prepare: Callable[[Path], object]
    write: Callable[[Path], object]
    read: Callable[[Path], Mapping[str, Any]]
    tidy: bool = False


def outcomes(scenario: Scenario, folder: Path) -> dict[str, int]:
    """Kill the writer at each of its steps and in the middle of its writes.

    Returns:
        How often the old and the new state were found, and how many steps there were.

    Raises:
        AssertionError: something else was found, after the kill or after another try.
    """
    old = _state(scenario, folder, "prepare")
    new = _state(scenario, folder, "write")
    found: Counter[str] = Counter()
    for how in _ways(scenario, folder):
        state = scenario.read(folder)
        for part in {*old, *state}:
            assert state.get(part) in (old.get(part), new.get(part)), f"{how}: half of {part}"
        found["new" if state == new else "old"] += 1
        scenario.write(folder)
        assert scenario.read(folder) == new, f"{how}: another try does not mend it"
        left = [file.name for file in folder.rglob(".*")]
        assert not (scenario.tidy and left), f"{how}: {left} stay for ever"
    return {**found, "steps": found.total()}


def killed(scenario: str, folder: Path) -> dict[str, int]:
    """`outcomes`, in a process of its own: it forks, and nothing else may run in it.

    Args:
        scenario: MODULE:NAME.
        folder: of its own.
    """
    places = os.pathsep.join(place for place in sys.path if place)
    done = subprocess.run(
        [sys.executable, "-m", "helpers.killed", scenario, str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": places, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def _state(scenario: Scenario, folder: Path, after: str) -> Mapping[str, Any]:
    _empty(folder)
    scenario.prepare(folder)
    if after == "write":
        scenario.write(folder)
    return scenario.read(folder)


def _ways(scenario: Scenario, folder: Path) -> Iterator[str]:
    """Prepare anew and kill, in each way; the writer came to its end in the last of each kind."""
    for number in count(1):
        if not _killed(scenario, folder, lambda number=number: _kill_at(number)):
            break
        yield f"killed at step {number}"
    for size in _TORN_AT:
        if _killed(scenario, folder, lambda size=size: _kill_when_larger(size)):
            yield f"killed when a file had {size} bytes"


def _killed(scenario: Scenario, folder: Path, arm: Callable[[], None]) -> bool:
    _empty(folder)
    scenario.prepare(folder)
    process = os.fork()
    if process == 0:
        try:
            arm()
            scenario.write(folder)
        except BaseException as error:
            sys.stderr.write(f"{error!r}\n")
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, _KILLED, -signal.SIGXFSZ), f"the writer ended with {code}"
    return code != 0


def _kill_at(number: int) -> None:
    """Kill this process in front of its n-th step, and where it renames what is not on the disk."""
    steps = count(1)
    synced: set[int] = set()
    sync = os.fsync

    def step() -> None:
        if next(steps) == number:
            os._exit(_KILLED)

    def fsync(descriptor: int) -> None:
        step()
        sync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            if not str(arguments[0]).startswith("/dev/"):
                step()
        elif event in _STEPS:
            step()
            if event == "os.rename" and Path(arguments[0]).name.count(".part"):
                assert Path(arguments[0]).stat().st_ino in synced, "it was not on the disk"

    os.fsync = fsync
    sys.addaudithook(hook)


def _kill_when_larger(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


@contextmanager
def _only_our_stdout() -> Iterator[Any]:
    """What is written to stdout meanwhile goes to stderr."""
    kept = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        yield kept
    finally:
        kept.flush()


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    with _only_our_stdout() as stdout:
        scenario = getattr(importlib.import_module(module), name)()
        print(json.dumps(outcomes(scenario, Path(sys.argv[2]))), file=stdout)
