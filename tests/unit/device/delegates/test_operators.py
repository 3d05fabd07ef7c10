"""Which operators a partition of a delegate replaced, by the tensors at its ends."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from edge_emotion_device.delegates.operators import OperatorsPlaced, operators_placed


@dataclass
class Listing:
    """The list of operators of an interpreter."""

    operators: list[tuple[str, list[int], list[int]]] = field(default_factory=list)

    def _get_ops_details(self) -> list[dict[str, Any]]:
        return [
            {"index": place, "op_name": name, "inputs": inputs, "outputs": outputs}
            for place, (name, inputs, outputs) in enumerate(self.operators)
        ]


# 0 -> A -> 1 -> B -> 2, and 1 -> C -> 3; D joins them to 4.  10 and 11 are weights.
GRAPH = [("A", [0, 10], [1]), ("B", [1, 11], [2]), ("C", [1], [3]), ("D", [2, 3], [4])]


@pytest.mark.parametrize(
    ("partitions", "expected"),
    [
        ([], OperatorsPlaced(0, 4, 0)),
        ([([0, 10, 11], [4])], OperatorsPlaced(4, 0, 1)),
        ([([1, 11], [2])], OperatorsPlaced(1, 3, 1)),
        ([([0, 10], [1]), ([2, 3], [4])], OperatorsPlaced(2, 2, 2)),
        ([([0, 10, 11], [2, 3])], OperatorsPlaced(3, 1, 1)),
    ],
)
def test_operators_between_the_ends_are_counted(partitions, expected):
    listed = GRAPH + [("DELEGATE", inputs, outputs) for inputs, outputs in partitions]
    assert operators_placed(Listing(listed)) == expected


def test_a_runtime_that_lists_no_operators_tells_nothing():
    assert operators_placed(object()) is None


@pytest.mark.parametrize(
    ("placed", "told"),
    [
        (OperatorsPlaced(0, 23, 0), "23 operators"),
        (OperatorsPlaced(23, 0, 1), "23 of 23 operators"),
        (OperatorsPlaced(20, 3, 2), "20 of 23 operators in 2 pieces"),
    ],
)
def test_it_is_told_in_a_few_words(placed, told):
    assert str(placed) == told
