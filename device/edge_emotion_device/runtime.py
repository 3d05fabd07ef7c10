"""The TFLite runtime: ai-edge-litert, or tflite-runtime where only that is installed.

Nothing else in this package knows which of the two it is.
"""

import importlib
from typing import Any

from edge_emotion.errors import EdgeEmotionError

_MODULES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


def _import_runtime() -> Any:
    reasons = []
    for name in _MODULES:
        try:
            return importlib.import_module(name)
        except ImportError as error:  # not installed, or a library it needs is not
            reasons.append(str(error))
    raise EdgeEmotionError(
        f"no TFLite runtime can be imported ({'. '.join(reasons)})",
        expected="ai-edge-litert (or its predecessor tflite-runtime)",
        remedy="install it with: pip install ai-edge-litert",
    )


_runtime = _import_runtime()

Interpreter = _runtime.Interpreter
load_delegate = _runtime.load_delegate
OpResolverType = _runtime.OpResolverType
