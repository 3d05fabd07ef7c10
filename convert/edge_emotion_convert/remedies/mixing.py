"""One .tflite that is 8 bits throughout but for some tensors, which have 16.

TFLite's converter (2.21) gives all activations one width, and its selective quantization
(`denylisted_nodes`) can only leave layers in float.  But its runtime turns int8 into int16 and back
by a QUANTIZE operator, and both conversions of a network have the same operators in the same order.
So the operators around a coarse tensor are taken from the 16-bit file and put into the 8-bit one.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from edge_emotion.types import Floats
from edge_emotion_convert import flatbuffer
from edge_emotion_convert.flatbuffer import QUANTIZE, SAME_GRID

_FACES = 16
_TO_INT16 = 3  # the version of QUANTIZE that takes int8 to int16


def mixed(int8: bytes, int16: bytes, samples: Floats, count: int) -> bytes:
    """The 8-bit file with its `count` coarsest tensors in 16 bits.

    Args:
        int8, int16: of the same network, full integer.
        samples: `(N, S, S, 1)`, on some of which coarseness is measured.
        count: of tensors.

    Raises:
        ValueError: the two files do not have the same operators.
    """
    narrow, wide = _File(int8), _File(int16)
    if narrow.names != wide.names:
        raise ValueError("its 8-bit and 16-bit files have different operators")
    coarse = _coarseness(narrow, wide, int16, samples[:_FACES])
    worst = sorted(coarse, key=lambda place: -coarse[place])[:count]
    return _Mixture(narrow, wide, worst).flatbuffer()


class _File:
    """A .tflite with the operators that compute, so without those that only change the format.

    Attributes:
        model: its object tree.
        graph: the only subgraph.
        operators: those that compute, in order; each is told by its place among them.
        names: what they are called.
    """

    def __init__(self, content: bytes) -> None:
        self.model = flatbuffer.read(content)
        self.graph = self.model.subgraphs[0]
        self.operators = [
            operator
            for operator in self.graph.operators
            if flatbuffer.code_of(self.model, operator) != QUANTIZE
        ]
        self.names = [flatbuffer.name_of(self.model, operator) for operator in self.operators]

    def readers(self, place: int) -> set[int]:
        """Places of the operators that read what the one at `place` answers."""
        answer = self.operators[place].outputs[0]
        return {at for at, operator in enumerate(self.operators) if answer in operator.inputs}


def _coarseness(narrow: _File, wide: _File, int16: bytes, samples: Floats) -> dict[int, float]:
    """How coarse the 8-bit grid of each operator's answer is, from 0 to 1, by the operator's place.

    It is the noise of rounding, scale / √12, against the root mean square of a channel, or of that
    of a sum it goes into (what cancels out leaves its noise behind), at most 1; averaged over the
    channels that are not silent.  The last answer is left out: its grid is given.
    """
    loudness = _loudness(wide, int16, samples)
    coarse = {}
    for place, operator in enumerate(narrow.operators[:-1]):
        if narrow.names[place] in SAME_GRID:
            continue
        sums = [reader for reader in narrow.readers(place) if narrow.names[reader] == "ADD"]
        channels = np.min([loudness[at] for at in (place, *sums)], axis=0)
        noise = narrow.graph.tensors[operator.outputs[0]].quantization.scale[0] / np.sqrt(12)
        if channels.any():
            coarse[place] = float(np.minimum(noise / channels[channels > 0], 1).mean())
    return coarse


def _loudness(wide: _File, int16: bytes, samples: Floats) -> list[Floats]:
    """For each operator the root mean square of every channel, the last axis, of its answer."""
    answers = [int(operator.outputs[0]) for operator in wide.operators]
    squares = [
        np.square(tensors[index]).reshape(-1, tensors[index].shape[-1]).mean(axis=0)
        for tensors in flatbuffer.tensors_of(int16, samples)
        for index in answers
    ]
    return [np.sqrt(np.mean(squares[at :: len(answers)], axis=0)) for at in range(len(answers))]


class _Mixture:
    """The narrow file while operators of the wide one are put into it."""

    def __init__(self, narrow: _File, wide: _File, places: Iterable[int]) -> None:
        self._narrow, self._wide = narrow, wide
        self._widened: set[int] = set()
        for place in places:
            self._widen_around(place)
        self._constants = {
            index
            for index, tensor in enumerate(wide.graph.tensors)
            if wide.model.buffers[tensor.buffer].data is not None
        }
        self._codes = len(narrow.model.operatorCodes)
        self._buffers = len(narrow.model.buffers)
        narrow.model.operatorCodes += wide.model.operatorCodes
        narrow.model.buffers += wide.model.buffers
        self._to_int16 = len(narrow.model.operatorCodes)
        narrow.model.operatorCodes.append(_quantize_code())
        self._copies: dict[int, int] = {}  # tensors of the wide file
        self._in_16_bits: dict[int, int] = {}  # tensors of the narrow file, in 16 bits

    def _widen_around(self, place: int) -> None:
        """An operator with those that read it; and so on behind one that only passes on."""
        self._widened.add(place)
        for reader in self._narrow.readers(place):
            self._widened.add(reader)
            if self._narrow.names[reader] in SAME_GRID:
                self._widen_around(reader)

    def flatbuffer(self) -> bytes:
        """The mixed file."""
        graph = self._narrow.graph
        places = {id(operator): at for at, operator in enumerate(self._narrow.operators)}
        operators: list[Any] = []
        for operator in graph.operators:
            place = places.get(id(operator))
            if place in self._widened:
                operators += self._widen(operator, self._wide.operators[place])
            else:
                operators.append(operator)
        graph.operators = operators
        _drop_unused(self._narrow.model)
        return flatbuffer.write(self._narrow.model)

    def _widen(self, operator: Any, other: Any) -> Iterator[Any]:
        """The operator in 16 bits, and what turns its inputs into 16 bits and its answer back."""
        inputs = []
        for given, wide in zip(operator.inputs, other.inputs, strict=True):
            if wide < 0 or wide in self._constants:  # -1 stands for an input that is left out
                inputs.append(self._copy(wide))
                continue
            if given not in self._in_16_bits:
                self._in_16_bits[given] = self._copy(wide)
                yield self._quantize(given, self._in_16_bits[given])
            inputs.append(self._in_16_bits[given])
        [answer], [wide_answer] = operator.outputs, other.outputs
        self._in_16_bits[answer] = self._copy(wide_answer)
        other.opcodeIndex += self._codes
        other.inputs = np.array(inputs, np.int32)
        other.outputs = np.array([self._in_16_bits[answer]], np.int32)
        yield other
        yield self._quantize(self._in_16_bits[answer], answer)  # dropped where nothing reads it

    def _copy(self, tensor: int) -> int:
        """The index in the mixed file of a tensor of the wide one."""
        if tensor >= 0 and tensor not in self._copies:
            copied = self._wide.graph.tensors[tensor]
            copied.buffer += self._buffers
            self._copies[tensor] = len(self._narrow.graph.tensors)
            self._narrow.graph.tensors.append(copied)
        return self._copies.get(tensor, tensor)

    def _quantize(self, given: int, answer: int) -> Any:
        operator = schema.OperatorT()
        operator.opcodeIndex = self._to_int16
        operator.inputs = np.array([given], np.int32)
        operator.outputs = np.array([answer], np.int32)
        return operator


def _quantize_code() -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = QUANTIZE
    code.version = _TO_INT16
    return code


def _drop_unused(model: Any) -> None:
    """Remove operators whose answers nobody reads, then unused tensors and buffers."""
    [graph] = model.subgraphs
    read = {int(tensor) for operator in graph.operators for tensor in operator.inputs}
    read |= {int(tensor) for tensor in graph.outputs}
    graph.operators = [op for op in graph.operators if read & {int(one) for one in op.outputs}]
    used = {int(i) for op in graph.operators for i in (*op.inputs, *op.outputs) if i >= 0}
    used |= {int(i) for i in (*graph.inputs, *graph.outputs)}
    place = {old: new for new, old in enumerate(sorted(used))} | {-1: -1}
    graph.tensors = [graph.tensors[old] for old in sorted(used)]
    for part in (graph, *graph.operators):
        part.inputs = np.array([place[int(i)] for i in part.inputs], np.int32)
        part.outputs = np.array([place[int(i)] for i in part.outputs], np.int32)
    for signature in model.signatureDefs or []:
        for tensor in (*signature.inputs, *signature.outputs):
            tensor.tensorIndex = place[int(tensor.tensorIndex)]
    _drop_unused_buffers(model)


def _drop_unused_buffers(model: Any) -> None:
    holders = [*model.subgraphs[0].tensors, *(model.metadata or [])]
    used = sorted({0, *(holder.buffer for holder in holders)})  # the first is empty by definition
    place = {old: new for new, old in enumerate(used)}
    model.buffers = [model.buffers[old] for old in used]
    for holder in holders:
        holder.buffer = place[holder.buffer]
