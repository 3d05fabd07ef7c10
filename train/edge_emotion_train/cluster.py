"""Several processes, one a machine, that train one network together.

Only Keras's JAX backend can do this: TensorFlow's MultiWorkerMirroredStrategy fails inside Keras
3's `fit`.  Every process is started with the same command but for its rank.  All of them read the
data and the run's folder, so these are on storage that they share.
"""

import inspect
import multiprocessing
import os
import pickle
import re
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.quiet import only_python_speaks

_AGAIN = "start all of them again with the same command: the run goes on after its last whole epoch"
_STDOUT = 1
# What the libraries that average the gradients say when the process at the other end is gone.
_LINK_LOST = re.compile("(Gloo|NCCL).*(by peer|Broken pipe|remote process)", re.DOTALL)


@dataclass(frozen=True)
class Cluster:
    """Where a process belongs.

    Attributes:
        coordinator: HOST:PORT on which the first process listens.
        processes: how many there are.
        rank: which one this is; the first is 0.
        join_timeout_s: how long to wait for the others at the start; a queue may start the machines
            of one job minutes apart.
        heartbeat_timeout_s: after how long a silent process counts as lost; JAX before 0.7 has
            100 s of its own.

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
    context = multiprocessing.get_context("spawn")
    news, teller = context.Pipe(duplex=False)
    # A daemon: ended with this process, whatever ends it.
    child = context.Process(
        target=_join_and_work, args=(teller, cluster, work, arguments), daemon=True
    )
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with _environment(KERAS_BACKEND="jax"):  # Keras reads it once
            child.start()
        teller.close()
        everyone_came = False
        while True:
            try:
                message = news.recv()
            except EOFError:  # the child was ended without a word
                child.join()
                raise _loss(cluster, everyone_came, child.exitcode or 0) from None
            if isinstance(message, _Failure):
                raise message.error from RuntimeError(message.traceback)
            if message == "done":
                child.join()
                return
            everyone_came = True
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Variables for a child that is started meanwhile; afterwards they are as before."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _loss(cluster: Cluster, everyone_came: bool, code: int) -> EdgeEmotionError:
    """Why the child was ended, by its exit code: JAX aborts it when another process is lost."""
    if code != -signal.SIGABRT or cluster.processes == 1:
        by = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        hint = ", as Linux does when memory runs out" if code == -signal.SIGKILL else ""
        found = f"rank {cluster.rank} itself was ended by {by}{hint}"
        return EdgeEmotionError(found, remedy=_AGAIN)
    if everyone_came:
        return _lost_another(cluster)
    return EdgeEmotionError(
        f"not all {cluster.processes} processes came to {cluster.coordinator} within "
        f"{cluster.join_timeout_s} s",
        expected=f"ranks 0 to {cluster.processes - 1}, each started with this coordinator",
        remedy="start all of them again, and check that the first one's port can be reached",
    )


def _lost_another(cluster: Cluster) -> EdgeEmotionError:
    return EdgeEmotionError(f"another of the {cluster.processes} processes was lost", remedy=_AGAIN)


def _join_and_work(
    teller: Connection, cluster: Cluster, work: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    with _one_voice(cluster):
        try:
            _join(cluster)
            teller.send("everyone came")
            work(*arguments)
            teller.send("done")
            _leave()
        except BaseException as error:  # whatever it is, the parent tells it
            told = _lost_another(cluster) if _LINK_LOST.search(str(error)) else _sendable(error)
            teller.send(_Failure(told, traceback.format_exc()))
            os._exit(1)  # JAX would wait at the end for the others, and then abort


@dataclass(frozen=True)
class _Failure:
    """An error on its way to the parent; pickling would leave its traceback behind."""

    error: BaseException
    traceback: str


def _sendable(error: BaseException) -> BaseException:
    """The error, or a plain one of its words where it cannot be made again from its pickle."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:
        if not isinstance(error, EdgeEmotionError):
            return RuntimeError(f"{type(error).__name__}: {error}")
        plain = EdgeEmotionError(str(error))
        plain.exit_code = error.exit_code
        return plain
    return error


@contextmanager
def _one_voice(cluster: Cluster) -> Iterator[None]:
    """Let only the first process speak, and none of them in C++, as JAX and Gloo do."""
    with _only_python_prints(), only_python_speaks(), Path(os.devnull).open("w") as nothing:
        if cluster.rank == 0:
            yield
        else:
            with redirect_stdout(nothing), redirect_stderr(nothing):
                yield


@contextmanager
def _only_python_prints() -> Iterator[None]:
    """Drop what native code writes to stdout, from now until this process ends."""
    try:
        kept = os.dup(_STDOUT)
    except OSError:  # closed, as by `>&-`: nothing to hide
        yield
        return
    with os.fdopen(kept, "w", buffering=1) as ours, Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), _STDOUT)
        with redirect_stdout(ours):
            yield


def _leave() -> None:
    """Wait until the others have done their work too, since the first process serves them."""
    import jax

    jax.distributed.shutdown()  # type: ignore[no-untyped-call]


def _join(cluster: Cluster) -> None:
    import jax

    if cluster.rank == 0:
        _check_port(cluster)
    options: dict[str, Any] = {"heartbeat_timeout_seconds": cluster.heartbeat_timeout_s}
    known = inspect.signature(jax.distributed.initialize).parameters  # JAX 0.6 has no such option
    jax.distributed.initialize(
        cluster.coordinator,
        cluster.processes,
        cluster.rank,
        initialization_timeout=cluster.join_timeout_s,
        **{name: value for name, value in options.items() if name in known},
    )


def _check_port(cluster: Cluster) -> None:
    """Find out before JAX does, which crashes or names no port."""
    port = int(cluster.coordinator.rpartition(":")[2])
    try:
        socket.create_server(("", port)).close()
    except OSError as error:
        raise EdgeEmotionError(
            f"rank 0 cannot listen on port {port}: {error.strerror}",
            remedy="name another port in the --coordinator of all processes",
        ) from error
