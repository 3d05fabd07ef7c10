"""What one look at a crop says: where the face is next, and whether it is one."""

import math

import numpy as np
import pytest

from edge_emotion.preprocess import SquareCrop, crop_for_keypoints
from edge_emotion_device.sighting import (
    can_follow,
    face_box,
    hold,
    look_of,
    looks_same,
    next_crop,
    nudged,
    overlap,
)
from helpers.drawn_faces import draw_face


@pytest.fixture(scope="module")
def mean_face() -> np.ndarray:
    rng = np.random.default_rng(0)
    faces = [draw_face(label, rng)[1] for label in range(5)]
    points = np.mean(faces, axis=0).astype(np.float32)
    points[:2, 1] = points[:2, 1].mean()  # the eyes are level
    return points


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (SquareCrop(0, 0, 10), SquareCrop(0, 0, 10), 1.0),
        (SquareCrop(0, 0, 10), SquareCrop(5, 0, 10), 50 / 150),
        (SquareCrop(0, 0, 10), SquareCrop(0, 0, 20), 100 / 400),
        (SquareCrop(0, 0, 10), SquareCrop(10, 0, 10), 0.0),
        (SquareCrop(0, 0, 10), SquareCrop(30, 30, 10), 0.0),
    ],
)
def test_overlap_is_intersection_over_union(one, other, expected):
    assert overlap(one, other) == pytest.approx(expected)
    assert overlap(other, one) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("crop", "followed"),
    [
        (SquareCrop(100, 100, 100), True),
        (SquareCrop(-40, -40, 100), True),  # its centre is still inside
        (SquareCrop(-60, 100, 100), False),
        (SquareCrop(589, 100, 100), True),
        (SquareCrop(590, 100, 100), False),
        (SquareCrop(100, 100, 15), False),
        (SquareCrop(0, 0, 1281), False),
    ],
)
def test_a_crop_is_followed_while_it_is_inside_and_of_a_sensible_size(crop, followed):
    assert can_follow(crop, height=480, width=640) == followed


@pytest.mark.parametrize(
    ("tilt_deg", "turn_deg"),
    [(0, 0), (4, 0), (-10, 0), (12, 12), (-33, -33), (40, 40), (90, 90)],
)
def test_the_next_crop_turns_with_the_eyes_beyond_ten_degrees(mean_face, tilt_deg, turn_deg):
    points = SquareCrop(200, 100, 120, tilt_deg).to_frame(mean_face, 96)
    crop = next_crop(points, mean_face)

    assert crop == crop_for_keypoints(points, mean_face, turn_deg)
    assert crop.turn_deg == turn_deg


def test_the_face_box_lies_around_the_middle_of_the_crop():
    x1, y1, x2, y2 = face_box(SquareCrop(100, 200, 100))

    assert (x1, y1, x2, y2) == pytest.approx((109, 193.5, 191, 307))


@pytest.mark.parametrize(
    ("turn_deg", "box"),
    [
        (90, (93 - 0.0, 209, 206.5, 291)),  # the chin is on the left, 107 % of the side from above
        (180, (109, 193, 191, 306.5)),
    ],
)
def test_the_box_of_a_turned_face_turns_with_it(turn_deg, box):
    assert face_box(SquareCrop(100, 200, 100, turn_deg)) == pytest.approx(box, abs=0.01)


def test_the_box_of_a_tilted_face_reaches_as_far_as_the_ellipse_in_it():
    width, height = 0.82 * 100 / 2, 1.135 * 100 / 2
    x1, _, x2, _ = face_box(SquareCrop(0, 0, 100, 45))
    assert (x2 - x1) / 2 == pytest.approx(math.hypot(width, height) / math.sqrt(2))


@pytest.mark.parametrize(
    ("strays", "followed", "holds"),
    [
        ((0, 0), False, True),
        ((3.4, 3.4), False, True),
        ((3.6, 3.6), False, False),
        ((2, 4.9), False, True),  # on average
        ((4.9, 4.9), True, True),
        ((5.1, 5.1), True, False),
    ],
)
def test_points_hold_that_are_found_again_where_they_were(strays, followed, holds):
    points, way = np.full((15, 2), 100, np.float32), np.array([0.6, 0.8], np.float32)
    again = [points + way * np.float32(stray) for stray in strays]
    assert hold(points, again, 100, followed) == holds


def test_nudged_crops_are_moved_both_ways_and_wider_and_turned_alike():
    down, up = nudged(SquareCrop(100, 200, 100, 20))
    for crop, middle in ((down, (158, 258)), (up, (142, 242))):
        assert (crop.side, crop.turn_deg) == (110, 20)
        assert (crop.x + crop.side / 2, crop.y + crop.side / 2) == pytest.approx(middle, abs=0.5)


def test_the_same_picture_looks_alike_and_another_does_not():
    rng = np.random.default_rng(0)
    face = np.repeat(np.repeat(rng.integers(0, 200, (12, 12)), 4, 0), 4, 1).astype(np.uint8)
    brighter, other = face + 40, np.ascontiguousarray(face[::-1])

    assert look_of(face) @ look_of(brighter) > 0.95
    assert looks_same(look_of(face), look_of(brighter))
    assert not looks_same(look_of(face), look_of(other))
    assert np.isfinite(look_of(np.zeros((48, 48), np.uint8))).all()
