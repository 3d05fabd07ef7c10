import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion.data.splits import split_by_name, split_groups

groups = st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=60).map(np.array)
seeds = st.integers(0, 2**32)
shares = st.sampled_from([(0.6, 0.2, 0.2), (0.8, 0.0, 0.2), (1.0, 0.0, 0.0), (0.85, 0.05, 0.10)])


@given(groups, shares, seeds)
def test_every_row_is_in_exactly_one_part(
    groups: np.ndarray, shares: tuple[float, float, float], seed: int
):
    parts = split_groups(groups, shares, seed)
    assert sorted(np.concatenate(parts)) == list(range(len(groups)))
    assert all((np.diff(part) > 0).all() for part in parts)


@given(groups, shares, seeds)
def test_a_group_is_never_in_two_parts(
    groups: np.ndarray, shares: tuple[float, float, float], seed: int
):
    train, validation, test = (set(groups[part]) for part in split_groups(groups, shares, seed))
    assert not (train & validation or train & test or validation & test)


@given(groups, seeds, st.floats(0, 0.8))
def test_the_test_rows_stay_when_the_validation_share_changes(
    groups: np.ndarray, seed: int, validation: float
):
    before = split_groups(groups, (0.6, 0.2, 0.2), seed)[2]
    after = split_groups(groups, (0.8 - validation, validation, 0.2), seed)[2]
    assert (before.tolist()) == after.tolist()


@given(seeds, st.integers(20, 200))
def test_single_rows_are_split_by_the_shares(seed: int, rows: int):
    parts = split_groups(np.arange(rows).astype(str), (0.5, 0.3, 0.2), seed)
    for part, share in zip(parts, (0.5, 0.3, 0.2), strict=True):
        assert abs(len(part) - share * rows) <= 1


@given(groups, seeds)
def test_a_share_of_zero_is_an_empty_part(groups: np.ndarray, seed: int):
    train, validation, test = split_groups(groups, (1.0, 0.0, 0.0), seed)
    assert (len(train), len(validation), len(test)) == (len(groups), 0, 0)


def test_the_seed_decides_alone():
    rows = np.arange(100).astype(str)
    first, again, other = (split_groups(rows, (0.6, 0.2, 0.2), seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert first[2].tolist() != other[2].tolist()


@pytest.mark.parametrize("shares", [(0.5, 0.2, 0.2), (0.9, 0.3, -0.2), (60, 20, 20)])
def test_shares_that_are_no_shares_are_refused(shares: tuple[float, float, float]):
    with pytest.raises(ValueError, match="add up to 1"):
        split_groups(np.array(["a"]), shares, 0)
    with pytest.raises(ValueError, match="add up to 1"):
        split_by_name(np.array(["a"]), shares)


@given(groups, shares)
def test_by_name_every_row_is_in_one_part_and_no_group_in_two(
    groups: np.ndarray, shares: tuple[float, float, float]
):
    parts = split_by_name(groups, shares)
    assert sorted(np.concatenate(parts)) == list(range(len(groups)))
    names = [set(groups[part]) for part in parts]
    assert not (names[0] & names[1] or names[0] & names[2] or names[1] & names[2])


def test_by_name_a_row_stays_whatever_else_is_there():
    names = np.array([f"photo_{row}.jpg" for row in range(300)])
    few, many = (split_by_name(some, (0.85, 0.05, 0.1)) for some in (names[:40], names))
    for part, among in zip(few, many, strict=True):
        assert set(part) == {row for row in among if row < 40}


@pytest.mark.parametrize(
    ("name", "place"),
    # `md5sum` of the name, modulo 100
    [("wt_13_Interview_Interview_Sequences_13_188.jpg", 90), ("a.jpg", 91), ("nc_1.jpg", 37)],
)
def test_by_name_is_by_the_md5_modulo_a_hundred(name: str, place: int):
    below, above = place / 100, (place + 1) / 100
    assert len(split_by_name(np.array([name]), (1 - below, 0, below))[0]) == 1
    assert len(split_by_name(np.array([name]), (1 - above, 0, above))[2]) == 1


def test_by_name_the_parts_have_about_their_shares():
    parts = split_by_name(np.arange(5000).astype(str), (0.7, 0.1, 0.2))
    assert [len(part) / 5000 for part in parts] == pytest.approx([0.7, 0.1, 0.2], abs=0.02)
