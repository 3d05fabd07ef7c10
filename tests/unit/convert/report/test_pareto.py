from hypothesis import given
from hypothesis import strategies as st

from edge_emotion_report.pareto import front

few = st.integers(0, 6)  # so that points often share a coordinate
points = st.lists(st.tuples(few, few), max_size=12)


def dominates(one, other):
    cheaper, worthier = one[0] <= other[0], one[1] >= other[1]
    return cheaper and worthier and one != other


@given(points)
def test_no_point_of_the_front_is_dominated_and_every_other_is(found):
    kept = set(front(found))

    for at, point in enumerate(found):
        assert (at in kept) == (not any(dominates(other, point) for other in found))


@given(points)
def test_the_front_goes_from_the_cheapest_to_the_best(found):
    kept = [found[at] for at in front(found)]

    assert kept == sorted(kept)
    if found:
        assert kept[0][0] == min(cost for cost, _ in found)
        assert kept[-1][1] == max(worth for _, worth in found)


def test_equal_points_are_both_on_it():
    assert sorted(front([(1, 1), (1, 1), (2, 0)])) == [0, 1]
