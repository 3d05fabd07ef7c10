"""Which models are worth a choice: those that no other is better than in both respects."""

from collections.abc import Sequence


def front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the points that no other dominates, from the cheapest to the best.

    One point dominates another if it costs no more and is worth no less, and differs in one of the
    two.  Equal points do not dominate each other.

    Args:
        points: each `(cost, worth)`; the less cost and the more worth, the better.
    """
    order = sorted(range(len(points)), key=lambda at: (points[at][0], -points[at][1]))
    kept: list[int] = []
    for at in order:
        cost, worth = points[at]
        best = points[kept[-1]] if kept else None
        if best is None or worth > best[1] or (cost, worth) == best:
            kept.append(at)
    return kept
