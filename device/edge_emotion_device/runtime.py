"""The TFLite runtime: ai-edge-litert, or tflite-runtime where only that is installed.

Nothing else knows which of the two it is.
"""

import importlib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.quiet import native_messages_hidden

_MODULES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


def _import_runtime() -> Any:
    reasons = []
    for name in _MODULES:
        try:
            return importlib.import_module(name)
        except ImportError as error:  # not installed, or a library it needs is not
            if isinstance(error.__cause__, KeyboardInterrupt):  # as native modules tell of Ctrl-C
                raise KeyboardInterrupt from error
            reasons.append(str(error))
    raise EdgeEmotionError(
        f"no TFLite runtime can be imported ({'. '.join(reasons)})",
        expected="ai-edge-litert (or its predecessor tflite-runtime)",
        remedy="install it with: pip install ai-edge-litert",
    )


_runtime = _import_runtime()

MODULE: str = _runtime.__name__
Interpreter = _runtime.Interpreter
load_delegate = _runtime.load_delegate
OpResolverType = _runtime.OpResolverType


def runtime_name() -> str:
    """The runtime's package and version, as `ai-edge-litert 2.3.0`."""
    package = MODULE.partition(".")[0].replace("_", "-")
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:  # built and put in place without pip
        return package


def open_interpreter(
    flatbuffer: bytes,
    *,
    threads: int = 1,
    delegates: Sequence[Any] = (),
    reference: bool = False,
    xnnpack: bool = True,
    keep_tensors: bool = False,
    allocate: bool = True,
) -> Any:
    """An interpreter of a model; the runtime's own messages are kept from the terminal.

    Args:
        flatbuffer: without the metadata behind it.
        threads: of the CPU.
        delegates: from `load_delegate`; none for the CPU's usual kernels.
        reference: whether to take TFLite's reference kernels in place of the fast ones.
        xnnpack: whether XNNPACK may take over what it can from the fast kernels.
        keep_tensors: whether the tensors between the operators can be read after a run.
        allocate: whether to set its tensors up, without which it can be read but not run.

    Raises:
        ValueError, RuntimeError: it is no TFLite model, has an operator that is not to be had, or
            a delegate refuses it.
    """
    resolver = OpResolverType.AUTO
    if reference:
        resolver = OpResolverType.BUILTIN_REF
    elif not xnnpack:
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with native_messages_hidden():
        interpreter = Interpreter(
            model_content=flatbuffer,
            num_threads=threads,
            experimental_delegates=list(delegates),
            experimental_op_resolver_type=resolver,
            experimental_preserve_all_tensors=keep_tensors,
        )
        if allocate:
            interpreter.allocate_tensors()
    return interpreter
