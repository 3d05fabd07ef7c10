"""Which operators of a model a delegate took over, and which it left to the CPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_DELEGATE = "DELEGATE"


@dataclass(frozen=True)
class OperatorsPlaced:
    """Where the operators of a model run.

    Attributes:
        delegated: how many the accelerator's delegate took.
        on_cpu: how many it left to the CPU (XNNPACK, which runs them there, does not count).
        partitions: in how many pieces it took them; between two of them the data goes to the CPU
            and back.
    """

    delegated: int
    on_cpu: int
    partitions: int

    def __str__(self) -> str:
        """As the summary tells it."""
        if not self.delegated:
            return f"{self.on_cpu} operators"
        pieces = f" in {self.partitions} pieces" if self.partitions > 1 else ""
        return f"{self.delegated} of {self.delegated + self.on_cpu} operators{pieces}"


def operators_placed(interpreter: Any) -> OperatorsPlaced | None:
    """What the delegates took that an interpreter was made with; None where it cannot be told.

    Args:
        interpreter: before its tensors are allocated, which is when XNNPACK takes its part.
    """
    try:  # private, in tflite-runtime 2.14 and LiteRT 2.3
        listed = interpreter._get_ops_details()
    except AttributeError:
        return None
    # The list keeps the operators that were replaced; one DELEGATE a partition comes behind them.
    partitions = [operator for operator in listed if operator["op_name"] == _DELEGATE]
    operators = [operator for operator in listed if operator["op_name"] != _DELEGATE]
    makers = {int(place): operator for operator in operators for place in operator["outputs"]}
    taken: set[int] = set()
    for partition in partitions:
        inputs = {int(place) for place in partition["inputs"]}
        taken |= _between(inputs, [int(place) for place in partition["outputs"]], makers)
    return OperatorsPlaced(len(taken), len(operators) - len(taken), len(partitions))


def _between(inputs: set[int], outputs: Sequence[int], makers: dict[int, Any]) -> set[int]:
    """The operators on the way from a partition's input tensors to its outputs."""
    found: set[int] = set()
    tensors = list(outputs)
    while tensors:
        operator = makers.get(tensors.pop())
        if operator is not None and operator["index"] not in found:
            found.add(operator["index"])
            tensors += [int(place) for place in operator["inputs"] if int(place) not in inputs]
    return found
