"""A .tflite that ends earlier: the same graph cut off after some of its operators.

The runtimes for Python tell no times of single operators, so graphs of growing length are timed.  A
cut changes three vectors of the flatbuffer, in place, and copies no weights.  Numbers of fields are
their places in the tables of TensorFlow's `schema.fbs` (`Model`, `SubGraph`, `Operator`).
"""

import struct
from collections.abc import Sequence

_SUBGRAPHS, _SIGNATURES = 2, 7  # of a Model
_OUTPUTS, _OPERATORS = 2, 3  # of a SubGraph
_ALIGNED_BYTES = 4


def cut_after(flatbuffer: bytes, count: int, outputs: Sequence[int]) -> bytes:
    """The first operators of a model's graph.

    Args:
        flatbuffer: of one subgraph, without metadata behind it.
        count: operators that stay, at least 1.
        outputs: tensors that the shorter graph answers: those that no operator of it consumes, or
            the runtime might leave out who makes them.

    Raises:
        ValueError: it is no such flatbuffer.
    """
    content = bytearray(flatbuffer)
    content += bytes(-len(content) % _ALIGNED_BYTES)
    try:
        model = _follow(content, 0)
        graphs = _follow(content, _field(content, model, _SUBGRAPHS))
        graph = _follow(content, graphs + 4)
        operators = _follow(content, _field(content, graph, _OPERATORS))
        if _uint32(content, graphs) != 1 or not 1 <= count <= _uint32(content, operators):
            raise ValueError(f"no graph with {count} operators")
        struct.pack_into("<I", content, operators, count)
        place = _field(content, graph, _OUTPUTS)
        struct.pack_into("<I", content, place, len(content) - place)
        signatures = _field_or_none(content, model, _SIGNATURES)
        if signatures is not None:  # they name the former outputs
            struct.pack_into("<I", content, _follow(content, signatures), 0)
    except struct.error as error:
        raise ValueError(f"no flatbuffer: {error}") from error
    content += struct.pack(f"<I{len(outputs)}i", len(outputs), *outputs)
    return bytes(content)


def _field(content: bytearray, table: int, number: int) -> int:
    place = _field_or_none(content, table, number)
    if place is None:
        raise ValueError(f"field {number} of a table is missing")
    return place


def _field_or_none(content: bytearray, table: int, number: int) -> int | None:
    """Where a table keeps a field; https://flatbuffers.dev/internals, "Tables"."""
    (back,) = struct.unpack_from("<i", content, table)
    (size,) = struct.unpack_from("<H", content, table - back)
    entry = 4 + 2 * number
    if entry >= size:
        return None
    (offset,) = struct.unpack_from("<H", content, table - back + entry)
    return table + offset if offset else None


def _follow(content: bytearray, place: int) -> int:
    return place + _uint32(content, place)


def _uint32(content: bytearray, place: int) -> int:
    value: int = struct.unpack_from("<I", content, place)[0]
    return value
