"""Processes that train together: what becomes of the others when one is lost."""

import os
import socket
import time

import pytest

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion_train.cluster import Cluster, run_joined

pytest.importorskip("jax")
pytestmark = pytest.mark.slow


def raise_wrong_use() -> None:
    """Work that ends with an error of ours."""
    raise WrongUse("no such set")


def abort() -> None:
    """Work that JAX ends from C++, as it does when another process is lost."""
    os.abort()


@pytest.fixture
def alone() -> Cluster:
    """A cluster of one, whose only process need not wait."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Cluster(f"127.0.0.1:{free.getsockname()[1]}", 1, 0, join_timeout_s=20)


def test_an_error_of_the_work_is_raised_here(alone: Cluster):
    with pytest.raises(WrongUse, match="no such set"):
        run_joined(alone, raise_wrong_use)


def test_a_lost_process_is_told_with_the_way_on(alone: Cluster):
    with pytest.raises(EdgeEmotionError, match=r"was lost; start all .* last whole epoch"):
        run_joined(alone, abort)


def test_work_is_done_and_waited_for(alone: Cluster):
    start = time.monotonic()
    run_joined(alone, time.sleep, 1)
    assert time.monotonic() - start > 1
