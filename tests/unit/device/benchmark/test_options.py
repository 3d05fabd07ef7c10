"""What is asked for on the command line."""

import pytest

from edge_emotion.errors import WrongUse
from edge_emotion_device.benchmark import options
from edge_emotion_device.benchmark.options import (
    BenchmarkOptions,
    parse_delegates,
    parse_threads,
)
from helpers.boards import CORAL, build
from helpers.refusals import refusal


@pytest.mark.parametrize(
    ("text", "threads"),
    [("1", (1,)), ("1,2,4", (1, 2, 4)), ("4, 1", (4, 1)), ("2,2", (2,))],
)
def test_threads(text, threads):
    assert parse_threads(text) == threads


@pytest.mark.parametrize(("cores", "threads"), [(1, (1,)), (4, (1, 4)), (128, (1, 64))])
def test_without_threads_one_and_all_cores(monkeypatch, cores, threads):
    monkeypatch.setattr(options, "cores", lambda: cores)
    assert parse_threads(None) == threads


@pytest.mark.parametrize("text", ["0", "", "1,", "1,x", "-1", "1.5", "65", "²"])
def test_threads_that_are_no_numbers_from_1_on(text):
    assert "such as 1,2,4" in refusal(lambda: parse_threads(text))


@pytest.mark.parametrize(
    ("text", "files", "delegates"),
    [
        ("auto", {}, ("cpu",)),
        ("auto", CORAL, ("cpu", "edgetpu")),
        ("cpu,edgetpu:usb", {}, ("cpu", "edgetpu:usb")),
        ("cpu,auto", {}, ("cpu",)),
        ("external:a.so,x=1,y=2,cpu", {}, ("external:a.so,x=1,y=2", "cpu")),
        ("external:a.so,external:b.so", {}, ("external:a.so", "external:b.so")),
    ],
)
def test_delegates(tmp_path, text, files, delegates):
    assert parse_delegates(text, build(tmp_path, files) / "sys") == delegates


@pytest.mark.parametrize("text", ["gpu", "cpu,gpu", "cpu,,edgetpu", ""])
def test_an_unknown_delegate(text):
    with pytest.raises(WrongUse, match="unknown delegate"):
        parse_delegates(text)


@pytest.mark.parametrize(
    ("run_ms", "num_runs", "min_s", "max_s", "runs", "why"),
    [
        (1.0, 4000, 0, 10, 4000, "as asked for"),
        (0.125, 1000, 1, 10, 8000, "more, to take a second"),
        (100, 1000, 1, 8, 80, "fewer, to take eight"),
        (2000, 1000, 1, 10, 5, "one in each of fewer rounds"),
        (60_000, 1000, 1, 10, 1, "a single one"),
        (1.0, 5, 0, 10, 5, "fewer than rounds"),
    ],
)
def test_timed_runs(run_ms, num_runs, min_s, max_s, runs, why):
    asked = BenchmarkOptions(num_runs=num_runs, min_s=min_s, max_s=max_s)
    turns = asked.turns(run_ms)
    assert turns.runs * turns.rounds == runs, why


@pytest.mark.parametrize("max_s", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("run_ms", [0.01, 0.1, 1, 3, 10, 25, 90, 240, 700, 2000])
def test_all_runs_of_a_network_keep_to_max_secs_unless_a_single_one_does_not(run_ms, max_s):
    turns = BenchmarkOptions(max_s=max_s).turns(run_ms)
    taken_s = turns.rounds * (turns.again + turns.runs) * run_ms / 1000
    assert taken_s <= max(max_s, run_ms / 1000) + 1e-9
    assert 1 <= turns.rounds <= 160 and turns.runs >= 1
