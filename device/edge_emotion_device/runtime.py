"""The TFLite runtime: ai-edge-litert, or tflite-runtime where only that is installed.

Nothing else in this package knows which of the two it is.
"""

import importlib
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
