"""Graphs with a change in them, and graphs as the Edge TPU's compiler leaves them."""

from collections.abc import Callable
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

CODES = vars(schema.BuiltinOperator)


def edited(flatbuffer: bytes, change: Callable[[Any], object]) -> bytes:
    """The same model after `change` of its schema object."""
    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    change(model)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operator(model: Any, name: str, which: int = 0) -> Any:
    """The `which`-th operator of a name."""
    found = [o for o in model.subgraphs[0].operators if code_of(model, o) == CODES[name]]
    return found[which]


def code_of(model: Any, operator: Any) -> int:
    """An operator's number."""
    return model.operatorCodes[operator.opcodeIndex].builtinCode


def compiled(flatbuffer: bytes) -> bytes:
    """The graph as one operator that only the Edge TPU has."""

    def compile_(model: Any) -> None:
        graph = model.subgraphs[0]
        custom = schema.OperatorCodeT()
        custom.builtinCode, custom.deprecatedBuiltinCode = CODES["CUSTOM"], CODES["CUSTOM"]
        custom.customCode = b"edgetpu-custom-op"
        model.operatorCodes = [custom]
        one = schema.OperatorT()
        one.inputs, one.outputs = list(graph.inputs), list(graph.outputs)
        graph.operators = [one]

    return edited(flatbuffer, compile_)
