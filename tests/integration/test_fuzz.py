"""A few thousand cases of the fuzzer (`make fuzz` has many more), and what it makes of findings."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_emotion.errors import EdgeEmotionError

TESTS = Path(__file__).parents[1]
QUICK = ("CSV", "WIDER", "pictures", "MJPEG", "readings", "addresses", "model meta", "MQTT")


def test_some_thousand_cases_end_as_they_may() -> None:
    pytest.importorskip("paho.mqtt", reason="the extra mqtt is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", "--cases", "3000", "--seed", "1", "--only", *QUICK],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "fuzz --seed 1" in done.stdout


# What it finds.  These are tried in a process of their own, for it forks.


def _fine(draw: random.Random) -> None:
    if draw.random() < 0.5:
        raise EdgeEmotionError("a.csv is empty")


def _defect(draw: random.Random) -> None:
    raise KeyError("a defect")


def _long(draw: random.Random) -> None:
    raise EdgeEmotionError("x" * 900, expected="y" * 900, remedy="z" * 900)


def _crash(draw: random.Random) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _hang(draw: random.Random) -> None:
    time.sleep(60)


def _swell(draw: random.Random) -> None:
    bytearray(80 << 20)[:: 1 << 10] = b"x" * (80 << 10)


CASES: dict[str, tuple[Callable[[random.Random], None], str]] = {
    "fine": (_fine, ""),
    "defect": (_defect, "KeyError: 'a defect'"),
    "long": (_long, "a message of 2"),
    "crash": (_crash, "crash: SIGSEGV"),
    "hang": (_hang, "hangs: no end after 0.5 s"),
    "swell": (_swell, "memory has grown by"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_may_not_be_is_found_with_the_number_of_its_case(name: str) -> None:
    done = subprocess.run(
        [sys.executable, __file__, name],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    _, told = CASES[name]
    assert bool(found) == bool(told)
    for number, what in found[:2]:
        assert told in what
        assert number in (0, 1)


def _find(name: str) -> None:
    from fuzz import engine

    engine.LIMIT_S, engine.GROWN_MB = 0.5, 40

    @contextmanager
    def opened(folder: Path) -> Iterator[engine.Try]:
        yield CASES[name][0]

    outcome = engine.fuzz(engine.Target(name, opened, 1), 2, seed=1)
    print(json.dumps([(finding.number, finding.what) for finding in outcome.findings]))


if __name__ == "__main__":
    _find(sys.argv[1])
