"""Processes that train together: what becomes of the others when one is lost."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from edge_emotion.errors import EdgeEmotionError, ExitCode, MissingExtra, WrongUse
from edge_emotion_train.cluster import Cluster, _join, run_joined

pytest.importorskip("jax")
pytestmark = pytest.mark.slow


def raise_error(error: Exception) -> None:
    """Work that ends with an error."""
    raise error


def raise_missing_extra() -> None:
    """Work that ends with an error that cannot be made again from its message."""
    raise MissingExtra("training", "jax", "jax")


def print_a_line(of_python: str) -> None:
    """Work with an answer, in a process whose libraries talk too."""
    os.write(1, b"native\n")
    print(of_python)


def send_signal(number: int) -> None:
    """Work that something ends from outside."""
    os.kill(os.getpid(), number)


def stop_and_wait(group: int) -> None:
    """Work that goes on while another machine hangs."""
    os.killpg(group, signal.SIGSTOP)
    time.sleep(600)


@pytest.fixture
def alone() -> Cluster:
    """A cluster of one, whose only process need not wait."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Cluster(f"127.0.0.1:{free.getsockname()[1]}", 1, 0, join_timeout_s=20)


def print_backend() -> None:
    """Work that tells which backend it has."""
    print(os.environ["KERAS_BACKEND"])


@pytest.mark.parametrize("before", [None, "jax"])
def test_the_work_has_jax_and_what_is_started_later_the_backend_of_before(
    alone: Cluster,
    before: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if before:
        monkeypatch.setenv("KERAS_BACKEND", before)

    run_joined(alone, print_backend)

    assert "jax" in capfd.readouterr().out.splitlines()
    assert os.environ.get("KERAS_BACKEND") == before


def test_an_error_of_the_work_is_raised_here_and_caused_there(alone: Cluster):
    with pytest.raises(WrongUse, match="no such set") as raised:
        run_joined(alone, raise_error, WrongUse("no such set"))
    assert "in raise_error" in str(raised.value.__cause__)


def test_an_error_that_cannot_be_pickled_keeps_its_words_and_its_exit_code(alone: Cluster):
    with pytest.raises(EdgeEmotionError, match="training needs jax") as raised:
        run_joined(alone, raise_missing_extra)
    assert raised.value.exit_code == ExitCode.WRONG_USE


def test_a_broken_link_is_a_lost_process(alone: Cluster):
    broken = ValueError("Gloo AllGather failed: [pair.cc:547] Connection closed by peer [::1]:1")
    with pytest.raises(EdgeEmotionError, match=r"was lost; start all .* last whole epoch"):
        run_joined(alone, raise_error, broken)


def test_a_process_that_is_killed_says_that_it_was_itself(alone: Cluster):
    with pytest.raises(EdgeEmotionError, match=r"rank 0 itself was ended by SIGKILL, .*memory"):
        run_joined(alone, send_signal, signal.SIGKILL)


def test_work_is_done_and_waited_for(alone: Cluster):
    start = time.monotonic()
    run_joined(alone, time.sleep, 1)
    assert time.monotonic() - start > 1


def test_only_python_prints_and_signals_end_as_before(alone: Cluster, capfd):
    before = signal.getsignal(signal.SIGTERM)
    run_joined(alone, print_a_line, "ours")
    assert capfd.readouterr().out == "ours\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_jax_without_a_heartbeat_timeout_is_given_none(alone: Cluster, monkeypatch):
    joined = []

    def initialize(address: str, processes: int, rank: int, initialization_timeout: int) -> None:
        joined.append((address, processes, rank))

    monkeypatch.setattr("jax.distributed.initialize", initialize)
    _join(alone)
    assert joined == [(alone.coordinator, 1, 0)]


def test_a_port_in_use_is_named(alone: Cluster):
    port = int(alone.coordinator.rpartition(":")[2])
    told = pytest.raises(EdgeEmotionError, match=f"listen on port {port}: .*; name another port")
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True), told:
        run_joined(alone, time.sleep, 0)


OTHER = """
import time
from edge_emotion_train.cluster import Cluster, run_joined
run_joined(Cluster({address!r}, 2, 1), time.sleep, 600)
"""


def test_a_process_that_is_silent_is_told_as_lost(alone: Cluster):
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER.format(address=alone.coordinator)], start_new_session=True
    )
    first = replace(alone, processes=2, join_timeout_s=60, heartbeat_timeout_s=3)
    with pytest.raises(EdgeEmotionError, match=r"another of .* was lost; .* last whole epoch"):
        run_joined(first, stop_and_wait, other.pid)
    os.killpg(other.pid, signal.SIGKILL)
    other.wait()
