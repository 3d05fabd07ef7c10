"""The TFLite runtime: ai-edge-litert, or tflite-runtime where only that is installed.

Nothing else in this package knows which of the two it is.
"""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError

_MODULES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


def _import_runtime() -> Any:
    for name in _MODULES:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise EdgeEmotionError(
        "no TFLite runtime is installed",
        expected="ai-edge-litert (or its predecessor tflite-runtime)",
        remedy="install it with: pip install ai-edge-litert",
    )


_runtime = _import_runtime()

Interpreter = _runtime.Interpreter
load_delegate = _runtime.load_delegate
NAME: str = _runtime.__name__.split(".")[0]


@contextmanager
def native_messages_hidden() -> Iterator[None]:
    """Keep what the runtime's C++ side tells on every start (INFO: Created ...) from stderr."""
    stderr, kept = 2, os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), stderr)
            yield
    finally:
        os.dup2(kept, stderr)
        os.close(kept)
