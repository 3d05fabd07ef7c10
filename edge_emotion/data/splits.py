"""Which rows train, which choose, which are reported: seeded, and never apart from their group."""

import hashlib

import numpy as np

from edge_emotion.data.faces import Indices, Strings


def split_groups(groups: Strings, shares: tuple[float, float, float], seed: int) -> list[Indices]:
    """Split rows into train, validation and test so that no group is in two of them.

    Groups are shuffled by the seed and dealt out until each part has its share of the rows, the
    test part first, so a change of the validation share leaves the test rows as they are.

    Args:
        groups: `(N,)` names; rows of the same name stay together.  For a split row by row, pass
            names that are all different.
        shares: of train, validation and test; they add up to 1.
        seed: of the shuffle.

    Returns:
        Row indices of train, validation and test, each in ascending order.
    """
    _check(shares)
    names, members = np.unique(groups, return_inverse=True)
    sizes = np.bincount(members, minlength=len(names))
    order = np.random.default_rng(seed).permutation(len(names))
    dealt = np.cumsum(sizes[order]) - sizes[order] / 2
    test_end = shares[2] * len(groups)
    validation_end = test_end + shares[1] * len(groups)
    part_of_group = np.empty(len(names), np.intp)
    part_of_group[order] = np.where(dealt < test_end, 2, np.where(dealt < validation_end, 1, 0))
    return [np.flatnonzero(part_of_group[members] == part) for part in range(3)]


def split_by_name(groups: Strings, shares: tuple[float, float, float]) -> list[Indices]:
    """Split rows into train, validation and test by their groups' names alone.

    A row stays where it is whatever else the set holds, and whatever the seed.  The MD5 of the
    name, as a number modulo 100, is below the test's percentage for the test, below that and the
    validation's for validation, and trains otherwise.

    Args:
        groups: `(N,)` names; rows of the same name stay together.
        shares: of train, validation and test in whole percent; they add up to 1.

    Returns:
        Row indices of train, validation and test, each in ascending order.
    """
    _check(shares)
    digests = [hashlib.md5(str(name).encode(), usedforsecurity=False) for name in groups]
    places = np.array([int(digest.hexdigest(), 16) % 100 for digest in digests], np.intp)
    test_end = round(100 * shares[2])
    validation_end = test_end + round(100 * shares[1])
    parts = np.digitize(places, (test_end, validation_end))  # 0 test, 1 validation, 2 train
    return [np.flatnonzero(parts == part) for part in (2, 1, 0)]


def _check(shares: tuple[float, float, float]) -> None:
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"shares {shares}; expected three from 0 to 1 that add up to 1")
