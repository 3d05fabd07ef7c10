"""What each layer of a network takes, by timing graphs that are cut off after each operator."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import inf, prod
from random import Random
from time import perf_counter_ns
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_emotion_device.graph import macs_of
from edge_emotion_device.roofline.cut import cut_after
from edge_emotion_device.runtime import open_interpreter

_WARM_UP, _WARM_UP_NS = 20, 50_000_000
_FEWEST_ROUNDS = 5  # that tell how far they are apart


@dataclass(frozen=True)
class Layer:
    """One operator of a graph.

    Attributes:
        number: its place in the graph, from 1.
        operator: its kind, such as CONV_2D.
        output: the shape it answers, without the batch.
        macs: multiply-accumulates of one face.
        read_bytes, written_bytes: of its inputs, weights included, and outputs.
        us: microseconds that the graph takes longer with it than without, the median of all
            rounds; the first has the cost of the call in it.  Below a microsecond, or negative, it
            is noise, or the runtime joined it to its neighbour.
        us_interval: half of the rounds lay between these; None of fewer than five.
    """

    number: int
    operator: str
    output: tuple[int, ...]
    macs: int
    read_bytes: int
    written_bytes: int
    us: float
    us_interval: tuple[float, float] | None

    def as_dict(self) -> dict[str, Any]:
        """The layer as its JSON object."""
        return asdict(self)


def time_layers(
    flatbuffer: bytes, rounds: int = 40, runs: int = 20, max_s: float = inf
) -> list[Layer]:
    """Time graphs that end after the first operator, the second, ... up to the whole network.

    In each round all of them are timed once, in another order, and each layer is the difference of
    two neighbours of the same round.  A cut parts operators that the runtime would join, so the
    layers' sum may be somewhat more than the whole network.

    Args:
        flatbuffer: one subgraph of at least one operator, without metadata behind it.
        rounds: in which each graph takes its turn.
        runs: of a graph in one turn; the fastest half counts.
        max_s: what this may take, but for the warm-up; large networks get fewer runs, then fewer
            rounds.

    Raises:
        ValueError: it has no such form.
    """
    whole = open_interpreter(flatbuffer, allocate=False)
    operators = whole._get_ops_details()
    tensors = {tensor["index"]: tensor for tensor in whole.get_tensor_details()}
    graphs = [_ready(content) for content in _growing(flatbuffer, operators)]
    rounds, runs = _affordable(graphs, rounds, runs, max_s)
    taken_us = np.zeros((rounds, len(graphs) + 1))  # no graph takes nothing
    order, random = list(range(len(graphs))), Random(0)
    for turn in range(rounds):
        random.shuffle(order)
        for place in order:
            taken_us[turn, place + 1] = _run_us(graphs[place], runs)
    differences = np.diff(taken_us, axis=1)
    low, middle, high = np.percentile(differences, (25, 50, 75), axis=0)
    told = rounds >= _FEWEST_ROUNDS
    return [
        _layer(place, operator, tensors, middle[place], (low[place], high[place]) if told else None)
        for place, operator in enumerate(operators)
    ]


def _affordable(graphs: Sequence[Any], rounds: int, runs: int, max_s: float) -> tuple[int, int]:
    """As many rounds, and runs in each, as fit into the time."""
    times = max_s * 1e6 / sum(_run_us(graph, 1) for graph in graphs)
    if times < rounds:
        return max(1, int(times)), 1
    return rounds, int(min(runs, times / rounds))


def _growing(flatbuffer: bytes, operators: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    loose: list[int] = []  # made, and consumed by none so far
    for count, operator in enumerate(operators, 1):
        consumed = {int(index) for index in operator["inputs"]}
        loose = [index for index in loose if index not in consumed]
        loose += [int(index) for index in operator["outputs"]]
        yield cut_after(flatbuffer, count, loose)


def _ready(flatbuffer: bytes) -> Any:
    interpreter = open_interpreter(flatbuffer)
    given = interpreter.get_input_details()[0]
    interpreter.set_tensor(given["index"], _noise(given))
    started = perf_counter_ns()
    for _ in range(_WARM_UP):
        interpreter.invoke()
        if perf_counter_ns() - started > _WARM_UP_NS:
            break
    return interpreter


def _noise(given: dict[str, Any]) -> npt.NDArray[Any]:
    random, kind = np.random.default_rng(0), np.dtype(given["dtype"])
    if kind.kind == "f":
        return random.random(given["shape"], np.float32).astype(kind)
    limits = np.iinfo(kind)
    return random.integers(limits.min, limits.max, given["shape"], kind, endpoint=True)


def _run_us(interpreter: Any, runs: int) -> float:
    taken_ns = []
    for _ in range(runs):
        start = perf_counter_ns()
        interpreter.invoke()
        taken_ns.append(perf_counter_ns() - start)
    return float(np.median(sorted(taken_ns)[: max(1, runs // 2)])) / 1000


def _layer(
    place: int,
    operator: dict[str, Any],
    tensors: dict[int, dict[str, Any]],
    us: float,
    interval: tuple[float, float] | None,
) -> Layer:
    inputs = [tensors[int(index)] for index in operator["inputs"] if int(index) >= 0]
    outputs = [tensors[int(index)] for index in operator["outputs"]]
    return Layer(
        number=place + 1,
        operator=str(operator["op_name"]),
        output=tuple(map(int, outputs[0]["shape"][1:])),
        macs=macs_of(operator, tensors),
        read_bytes=sum(map(_bytes, inputs)),
        written_bytes=sum(map(_bytes, outputs)),
        us=round(float(us), 2),
        us_interval=interval and (round(float(interval[0]), 2), round(float(interval[1]), 2)),
    )


def _bytes(tensor: dict[str, Any]) -> int:
    return int(prod(tensor["shape"])) * int(np.dtype(tensor["dtype"]).itemsize)
