"""Several processes, one a machine, that train one network together.

Only Keras's JAX backend can do this: TensorFlow's MultiWorkerMirroredStrategy fails inside Keras
3's `fit`.  Every process is started with the same command but for its rank.  All of them read the
data and the run's folder, so these are on storage that they share.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.quiet import only_python_speaks


@dataclass(frozen=True)
class Cluster:
    """Where a process belongs.

    Attributes:
        coordinator: HOST:PORT on which the first process listens.
        processes: how many there are.
        rank: which one this is; the first is 0.
        join_timeout_s: how long to wait for the others at the start; a queue may start the machines
            of one job minutes apart.
        heartbeat_timeout_s: after how long a silent process counts as lost.

    Raises:
        WrongUse: an address or a rank that cannot be, or a backend that cannot do this.
    """

    coordinator: str
    processes: int
    rank: int
    join_timeout_s: int = 300
    heartbeat_timeout_s: int = 60

    def __post_init__(self) -> None:
        host, _, port = self.coordinator.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise WrongUse(f"coordinator {self.coordinator!r}", expected="HOST:PORT")
        if not 0 <= self.rank < self.processes:
            raise WrongUse(
                f"rank {self.rank} of {self.processes} processes",
                expected=f"a rank from 0 to {self.processes - 1}",
            )
        backend = os.environ.get("KERAS_BACKEND", "jax")
        if backend != "jax":
            raise WrongUse(
                f"several processes with KERAS_BACKEND={backend}",
                expected="jax, the only backend that trains on several machines",
            )


def run_joined(cluster: Cluster, work: Callable[..., None], *arguments: Any) -> None:
    """Call `work(*arguments)` in a process that belongs to the cluster.

    JAX ends a process from C++ where no `except` reaches when another one does not come or is lost.
    So the work is done in a child, and this process tells what became of it.

    Args:
        cluster: which process this is to be.
        work: a function of a module, called once all processes are there.
        arguments: what can be pickled.

    Raises:
        EdgeEmotionError: a process did not come in time, or was lost; or what `work` raises.
    """
    os.environ["KERAS_BACKEND"] = "jax"
    context = multiprocessing.get_context("spawn")
    news, teller = context.Pipe(duplex=False)
    # A daemon: ended with this process, whatever ends it.
    child = context.Process(
        target=_join_and_work, args=(teller, cluster, work, arguments), daemon=True
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    child.start()
    teller.close()
    everyone_came = False
    while True:
        try:
            message = news.recv()
        except EOFError:  # the child was ended without a word
            raise _loss(cluster, everyone_came) from None
        if isinstance(message, BaseException):
            raise message
        if message == "done":
            child.join()
            return
        everyone_came = True


def _loss(cluster: Cluster, everyone_came: bool) -> EdgeEmotionError:
    if everyone_came:
        return EdgeEmotionError(
            f"another of the {cluster.processes} processes was lost",
            remedy="start all of them again with the same command: the run goes on after its last "
            "whole epoch",
        )
    return EdgeEmotionError(
        f"not all {cluster.processes} processes came to {cluster.coordinator} within "
        f"{cluster.join_timeout_s} s",
        expected=f"ranks 0 to {cluster.processes - 1}, each started with this coordinator",
        remedy="start all of them again, and check that the first one's port can be reached",
    )


def _join_and_work(
    teller: Connection, cluster: Cluster, work: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    with _one_voice(cluster):
        try:
            _join(cluster)
            teller.send("everyone came")
            work(*arguments)
            teller.send("done")
        except BaseException as error:  # whatever it is, the parent tells it
            teller.send(error)


@contextmanager
def _one_voice(cluster: Cluster) -> Iterator[None]:
    """Let only the first process speak, and none of them in C++, as JAX's last words are."""
    with only_python_speaks(), Path(os.devnull).open("w") as nothing:
        if cluster.rank == 0:
            yield
        else:
            with redirect_stdout(nothing), redirect_stderr(nothing):
                yield


def _join(cluster: Cluster) -> None:
    import jax

    jax.distributed.initialize(
        cluster.coordinator,
        cluster.processes,
        cluster.rank,
        initialization_timeout=cluster.join_timeout_s,
        heartbeat_timeout_seconds=cluster.heartbeat_timeout_s,
    )
