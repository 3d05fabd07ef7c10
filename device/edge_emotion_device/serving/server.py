"""`edge-emotion serve`: from its options to a server that runs until a signal ends it."""

import gc
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn

from edge_emotion.errors import EdgeEmotionError, ExitCode, WrongUse, warn
from edge_emotion_device.http.listening import is_loopback, listening, url
from edge_emotion_device.http.uvicorn_config import uvicorn_config
from edge_emotion_device.serving.app import ServingApp
from edge_emotion_device.serving.handler import Handler
from edge_emotion_device.serving.registry import Registry
from edge_emotion_device.serving.versions import FILE, Source, models_in, shipped, versions_in
from edge_emotion_device.serving.workers import Workers

_MOST_WAITING = 64  # requests for each thread; at 0.5 ms each the last one waits 32 ms
_LISTS_OF_A_BODY = 50_000
_REMEDY = "choose another --host or --port, or stop what listens there"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class ServeOptions:
    """The options of `edge-emotion serve`, by their names; see its help."""

    host: str = "127.0.0.1"
    port: int = 8501
    models: Path | None = None
    model_name: str = "default"
    model_base_path: Path | None = None
    threads: int = 2
    poll: float = 1.0
    max_body: int = 4


def serve(options: ServeOptions) -> ExitCode:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        EdgeEmotionError: no model can be loaded, or the address is taken.
        WrongUse: options that do not go together.
    """
    source, where = _source(options)
    with listening(options.host, options.port, _REMEDY) as listener:
        registry = Registry(source, copies=options.threads, poll_s=options.poll)
        _load(registry, where, options.models is not None)
        workers = Workers(options.threads, options.threads * _MOST_WAITING)
        with registry, workers:
            _tell(listener)
            app = ServingApp(Handler(registry), workers, options.max_body << 20)
            return _run(app, listener)


def _load(registry: Registry, where: str, several: bool) -> None:
    try:
        registry.refresh()
    except OSError as error:
        raise EdgeEmotionError(
            f"cannot read the models in {where}: {error.strerror}", remedy="check the path"
        ) from error
    if not registry.served():
        layout = f"emotion_ai/1/{FILE}" if several else f"1/{FILE}"
        raise EdgeEmotionError(
            f"no model to serve in {where}", expected=f"a folder for each version, as {layout}"
        )
    # A body in JSON is thousands of lists, none in a cycle: looking for cycles took a fifth of the
    # time of an answer, and half of that of a large body.
    gc.freeze()
    gc.set_threshold(_LISTS_OF_A_BODY)


def _source(options: ServeOptions) -> tuple[Source, str]:
    """What there is to serve, and where it comes from."""
    base = options.model_base_path
    if options.models is not None and base is not None:
        raise WrongUse("--models and --model-base-path", expected="one of them")
    if options.model_name != ServeOptions.model_name and base is None:
        raise WrongUse("--model-name without its model", expected="--model-base-path DIR beside it")
    if options.models is not None:
        return partial(models_in, options.models), str(options.models)
    if base is not None:
        return lambda: {options.model_name: versions_in(base)}, str(base)
    return shipped, "the package"


def _tell(listener: socket.socket) -> None:
    warn(f"listening on {url(listener, '/v1/models')}")
    if not is_loopback(listener):
        warn("whoever reaches this address can ask: there is neither password nor encryption")


def _run(app: ServingApp, listener: socket.socket) -> ExitCode:
    server = _Server(uvicorn_config(app))
    server.run(sockets=[listener])
    return ExitCode.INTERRUPTED if server.ended_by == signal.SIGINT else ExitCode.DONE


class _Server(uvicorn.Server):
    """uvicorn's server, but for how it ends: it would raise the signal again and die of it."""

    ended_by: int | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.ended_by = self.ended_by or sig
        super().handle_exit(sig, frame)
