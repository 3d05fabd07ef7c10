"""Which face is which, when a face is followed, and when it is given up."""

import numpy as np
import pytest

from edge_emotion.preprocess import SquareCrop
from edge_emotion_device.detector import crop_for_box
from edge_emotion_device.tracking import Tracker, can_follow, face_box, look_of, overlap


def box(x: float, y: float, side: float) -> list[float]:
    return [x, y, x + side, y + side]


def boxes(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


LEFT, RIGHT = box(50, 50, 100), box(350, 60, 100)


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


def test_a_face_keeps_its_number_while_it_moves_a_little():
    tracker = Tracker(max_faces=4)
    tracker.take_detections(boxes(LEFT, RIGHT))
    tracker.take_detections(boxes(box(360, 65, 100), box(60, 55, 100)))

    assert [track.track_id for track in tracker.tracks] == [1, 2]


def test_a_matched_face_keeps_the_crop_that_came_from_its_points():
    tracker = Tracker(max_faces=4)
    tracker.take_detections(boxes(LEFT))
    tracker.tracks[0].crop = SquareCrop(52, 48, 104)
    tracker.take_detections(boxes(LEFT))

    assert tracker.tracks[0].crop == SquareCrop(52, 48, 104)


def test_a_doubtful_face_takes_the_detectors_crop_or_ends():
    tracker = Tracker(max_faces=4)
    tracker.take_detections(boxes(LEFT, RIGHT))
    for track in tracker.tracks:
        track.doubtful = True
    tracker.take_detections(boxes(box(70, 50, 100)))

    assert [track.track_id for track in tracker.tracks] == [1]
    assert tracker.tracks[0].crop == crop_for_box(np.array(box(70, 50, 100), np.float32))
    assert not tracker.tracks[0].doubtful


def test_a_face_may_be_missed_four_times_and_not_five():
    tracker = Tracker(max_faces=4)
    tracker.take_detections(boxes(LEFT))
    for _ in range(4):
        tracker.take_detections(boxes())
    assert len(tracker.tracks) == 1
    tracker.take_detections(boxes())
    assert tracker.tracks == []


def test_a_number_is_never_used_again():
    tracker = Tracker(max_faces=4)
    tracker.take_detections(boxes(LEFT))
    tracker.reset()
    tracker.take_detections(boxes(LEFT))

    assert tracker.tracks[0].track_id == 2


def test_no_more_faces_are_followed_than_allowed():
    tracker = Tracker(max_faces=1)
    tracker.take_detections(boxes(LEFT, RIGHT))

    assert len(tracker.tracks) == 1


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


def test_the_face_box_lies_around_the_middle_of_the_crop():
    x1, y1, x2, y2 = face_box(SquareCrop(100, 200, 100))

    assert (x1 + x2) / 2 == pytest.approx(150)
    assert 200 - 15 < y1 < y2 < 300 + 15


def test_the_same_picture_looks_alike_and_another_does_not():
    rng = np.random.default_rng(0)
    face = np.repeat(np.repeat(rng.integers(0, 200, (12, 12)), 4, 0), 4, 1).astype(np.uint8)
    brighter, other = face + 40, np.ascontiguousarray(face[::-1])

    assert look_of(face) @ look_of(brighter) > 0.95
    assert look_of(face) @ look_of(other) < 0.6
    assert np.isfinite(look_of(np.zeros((48, 48), np.uint8))).all()
