"""The networks alone, each first in a process of its own."""

import signal

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.benchmark import fresh
from edge_emotion_device.benchmark.child import added_mb
from edge_emotion_device.benchmark.fresh import run_first
from edge_emotion_device.benchmark.networks import Contender, Runner, contenders_of, time_networks
from edge_emotion_device.benchmark.options import BenchmarkOptions
from edge_emotion_device.benchmark.subjects import read_subjects

QUICK = BenchmarkOptions(threads=(1,), num_runs=6, warmup_runs=1, min_s=0)


@pytest.fixture(scope="module")
def emotion():
    (subject,) = read_subjects(["emotion"])
    return subject


def test_every_model_on_every_delegate_with_every_number_of_threads():
    subjects = read_subjects(["emotion", "keypoints"])
    options = BenchmarkOptions(threads=(1, 2), delegates=("cpu", "external:x.so"))
    found = contenders_of(subjects, options)
    assert len(found) == 8 and len({tuple(one.as_dict().values()) for one in found}) == 8


def test_one_that_fails_says_why_and_the_others_are_measured(emotion):
    contenders = [Contender(emotion, "external:/none.so", 1), Contender(emotion, "cpu", 1)]
    failed, whole = time_networks(contenders, QUICK, lambda text: None)

    assert failed == {
        **contenders[0].as_dict(),
        "status": "failed",
        "error": failed["error"],
    }
    assert "there is no such file" in failed["error"]
    assert whole["status"] == "ok" and whole["runs"] == 6
    for name in ("load_ms", "first_ms", "memory_mb", "min_ms"):
        assert whole[name] > 0
    assert whole["min_ms"] <= whole["p50_ms"] and whole["p90_ms"] <= whole["p99_ms"]
    low, high = whole["p50_interval_ms"]
    assert low <= whole["p50_ms"] <= high
    assert whole["operators"]["total"] == 21 and whole["operators"]["delegated"] == 0


def test_no_warm_up_is_possible(emotion):
    (row,) = time_networks(
        [Contender(emotion, "cpu", 1)],
        BenchmarkOptions(num_runs=2, warmup_runs=0, min_s=0),
        lambda text: None,
    )
    assert row["status"] == "ok"


def test_a_run_is_timed_without_the_copy_into_its_tensor(emotion):
    durations = Runner(Contender(emotion, "cpu", 1)).run(5)
    assert durations.shape == (5,) and (durations > 0).all()


@pytest.mark.parametrize(("count", "most_s", "runs"), [(6, 60, 6), (0, 60, 1), (50, 0, 1)])
def test_warming_up_ends_with_its_runs_or_its_time(emotion, monkeypatch, count, most_s, runs):
    runner, ran = Runner(Contender(emotion, "cpu", 1)), []
    monkeypatch.setattr(runner, "run", lambda number: ran.append(number) or np.array([3.0]))
    assert runner.warm_up(count, most_s) == 3
    assert sum(ran) == runs


def test_a_slow_network_keeps_to_the_time_and_the_others_to_their_rounds(emotion, monkeypatch):
    """As if a run took two seconds: five in place of forty rounds of four."""
    contenders = [Contender(emotion, "cpu", 1), Contender(emotion, "cpu", 2)]
    warm_up = Runner.warm_up

    def slow(runner, *given):
        return 2000.0 if runner.contender.threads == 2 else warm_up(runner, *given)

    monkeypatch.setattr(Runner, "warm_up", slow)
    options = BenchmarkOptions(num_runs=40, warmup_runs=1, min_s=0)
    quick, late = time_networks(contenders, options, lambda text: None)
    assert (len(quick["rounds_p50_ms"]), late["runs"], len(late["rounds_p50_ms"])) == (40, 5, 5)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [(10.0, 18.5, 8.5), (18.5, 10.0, 0.0), (None, 10.0, None), (10.0, None, None)],
)
def test_memory_that_a_model_adds_is_never_below_0(before, after, told):
    assert added_mb(before, after) == told


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})", "crashed with SIGSEGV"),
        ("import time; time.sleep(600)", "did not run within"),
        ("raise SystemExit('no room')", "cannot be run: no room"),
    ],
)
def test_a_crash_in_its_own_process_is_a_failure_like_any_other(
    emotion, tmp_path, monkeypatch, program, told
):
    child = tmp_path / "child.py"
    child.write_text(program)
    monkeypatch.setattr(fresh, "_CHILD", child)
    monkeypatch.setattr(fresh, "_LIMIT_S", 1.5 if "sleep" in program else 60.0)
    with pytest.raises(EdgeEmotionError, match=told):
        run_first(emotion, "cpu", 1)
