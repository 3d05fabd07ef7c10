from dataclasses import replace

import numpy as np
import pytest

from edge_emotion.data import duplicates
from edge_emotion.data.duplicates import (
    disagree,
    first_of_identical,
    has_near_twin,
    identical_groups,
)
from edge_emotion.types import Image
from helpers.drawn_faces import emotion_faces, keypoint_faces

FACES = emotion_faces(8, seed=1).images
NOBODY = np.empty((0, 48, 48), np.uint8)


def _lit_otherwise(image: Image) -> Image:
    return (image * 0.7 + 20).astype(np.uint8)


def _shifted(image: Image) -> Image:
    return np.roll(image, 1, axis=1)


def test_every_image_names_the_first_with_its_pixels():
    a, b, c = FACES[:3]
    assert first_of_identical(np.stack([a, b, a, c, b, a])).tolist() == [0, 1, 0, 3, 1, 0]


def test_one_gray_value_makes_a_difference():
    other = FACES[0].copy()
    other[20, 20] ^= 1
    assert first_of_identical(np.stack([FACES[0], other])).tolist() == [0, 1]


@pytest.mark.parametrize("change", [_lit_otherwise, _shifted])
def test_the_same_photograph_is_a_twin_however_it_was_cut_and_lit(change):
    assert has_near_twin(np.stack([change(FACES[0])]), FACES).all()


def test_different_faces_are_no_twins():
    assert not has_near_twin(FACES, FACES).any()


def test_within_one_set_both_twins_are_found_and_nobody_is_their_own():
    faces = np.stack([*FACES, _lit_otherwise(FACES[3])])
    assert np.flatnonzero(has_near_twin(faces, faces)).tolist() == [3, 8]


def test_twins_are_found_across_blocks_of_rows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(duplicates, "_BLOCK_ROWS", 3)
    faces = np.stack([*FACES, _lit_otherwise(FACES[1])])
    assert np.flatnonzero(has_near_twin(faces, faces)).tolist() == [1, 8]


def test_an_even_picture_is_nobodys_twin():
    even = np.full((2, 48, 48), 100, np.uint8)
    assert not has_near_twin(even, even).any()


def test_among_nobody_there_is_no_twin():
    assert not has_near_twin(FACES, NOBODY).any()
    assert has_near_twin(NOBODY, FACES).shape == (0,)


def test_rows_of_one_picture_are_grouped():
    a, b, c = FACES[:3]
    groups = identical_groups(np.stack([a, b, a, c, b, a]))
    assert [rows.tolist() for rows in groups] == [[0, 2, 5], [1, 4]]
    assert identical_groups(FACES) == []
    many = (np.arange(150) % 3).astype(np.uint8).reshape(-1, 1, 1)
    groups = identical_groups(many)
    assert [rows.tolist() for rows in groups] == [list(range(n, 150, 3)) for n in range(3)]


@pytest.mark.parametrize(
    ("labels", "conflict"), [((0, 0, 0), False), ((0, 0, 3), True), ((2, 0, 0), True)]
)
def test_emotions_of_one_picture_must_be_the_same(labels: tuple[int, ...], conflict: bool):
    faces = replace(emotion_faces(3, seed=1), labels=np.array(labels))
    assert disagree(faces, np.arange(3)) is conflict


@pytest.mark.parametrize(
    ("shift_px", "missing", "conflict"),
    [(2, 0, False), (5, 0, False), (6, 0, True), (6, 15, False), (2, 14, False), (6, 14, True)],
    ids=["near", "just", "far", "nothing in common", "near where known", "far where known"],
)
def test_points_of_one_picture_may_differ_a_little(shift_px: int, missing: int, conflict: bool):
    faces = keypoint_faces(2, seed=1)
    faces.keypoints[0] = np.arange(30).reshape(15, 2)
    faces.keypoints[1] = faces.keypoints[0] + (shift_px, 0)
    faces.keypoints[1, :missing] = np.nan
    assert disagree(faces, np.arange(2)) is conflict


def test_one_of_several_that_has_its_points_elsewhere_is_enough():
    faces = keypoint_faces(3, seed=1)
    faces.keypoints[1:] = faces.keypoints[0] + np.float32([3, 0])
    assert not disagree(faces, np.arange(3))
    faces.keypoints[2] += (3, 0)
    assert disagree(faces, np.arange(3))
