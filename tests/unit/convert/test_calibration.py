import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion_convert.calibration import balanced, samples
from edge_emotion_convert.rows import Rows


def rows_of(images, strata):
    names = np.arange(len(images)).astype(str)
    truth = np.zeros(len(images), np.int64)
    return Rows(np.array(images, np.uint8), truth, np.array(strata), names)


def faces(count, low=40, high=200):
    return np.random.default_rng(0).integers(low, high, (count, 4, 4)).astype(np.uint8)


@pytest.mark.parametrize(
    ("strata", "count", "chosen"),
    [
        ("aaaabbbbcccc", 6, {"a": 2, "b": 2, "c": 2}),
        ("aaaaaaaaaabc", 6, {"a": 4, "b": 1, "c": 1}),  # the rare ones give what they have
        ("aaaaaabbbbbb", 4, {"a": 2, "b": 2}),
        ("aab", 500, {"a": 2, "b": 1}),
    ],
)
def test_every_stratum_gives_as_many_rows_as_it_can(strata, count, chosen):
    names = np.array(list(strata))
    rows = balanced(names, count, seed=3)
    assert len(set(rows.tolist())) == len(rows)
    assert dict(zip(*np.unique(names[rows], return_counts=True), strict=True)) == chosen


def test_rows_and_their_order_follow_from_the_seed_alone():
    names = np.array(["a", "b", "c", "d"] * 50)
    assert balanced(names, 40, seed=1).tolist() == balanced(names, 40, seed=1).tolist()
    assert balanced(names, 40, seed=1).tolist() != balanced(names, 40, seed=2).tolist()


def test_fewer_samples_are_the_first_of_more():
    names = np.array(["a", "b", "c"] * 30)
    assert balanced(names, 60, seed=1)[:20].tolist() == balanced(names, 20, seed=1).tolist()


def test_samples_are_float_faces_that_touch_both_ends():
    chosen = samples(rows_of(faces(20), list("ab" * 10)), count=10, seed=0)
    assert (chosen.shape, chosen.dtype) == ((10, 4, 4, 1), np.float32)
    assert (chosen.min(), chosen.max()) == (0.0, 1.0)


def test_only_one_sample_is_stretched_and_none_where_both_ends_occur():
    images = faces(6)
    chosen = samples(rows_of(images, list("ababab")), count=6, seed=0)
    touching = (chosen.min(axis=(1, 2, 3)) == 0) | (chosen.max(axis=(1, 2, 3)) == 1)
    assert touching.sum() == 1

    images[2, 0, 0], images[3, 0, 0] = 0, 255
    chosen = samples(rows_of(images, list("ababab")), count=6, seed=0)
    unchanged = np.rint(chosen[..., 0] * 255).astype(np.uint8)
    assert sorted(map(bytes, unchanged)) == sorted(map(bytes, images))


@pytest.mark.parametrize(
    ("images", "strata", "count", "message"),
    [
        (faces(0), [], 5, "the training rows are empty"),
        (faces(4), list("aaaa"), 5, "the training rows are all a"),
        (np.full((4, 4, 4), 77), list("abab"), 4, "every representative face is blank"),
    ],
)
def test_data_that_represents_nothing_is_refused(images, strata, count, message):
    with pytest.raises(EdgeEmotionError, match=message):
        samples(rows_of(images, np.array(strata, np.str_)), count, seed=0)


def test_no_samples_at_all_cannot_be_asked_for():
    with pytest.raises(WrongUse, match="0 representative samples; expected at least 1"):
        samples(rows_of(faces(4), list("abab")), count=0, seed=0)
