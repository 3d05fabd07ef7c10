"""Frames in, readings out: on a real photograph, moved, cut and emptied."""

import numpy as np
import pytest

from edge_emotion.labels import KEYPOINTS, LEFT_EYE, RIGHT_EYE
from edge_emotion.types import Frame
from edge_emotion_device import Analyzer
from helpers.photographs import astronaut

# Where Eileen Collins' eyes are in the photograph, read off by eye.
LEFT_EYE_PX, RIGHT_EYE_PX = (247, 103), (204, 102)


@pytest.fixture
def analyzer():
    with Analyzer() as opened:
        yield opened


def frame(image: np.ndarray, index: int) -> Frame:
    return Frame(image, index, index / 25)


def moved(image: np.ndarray, x: int, y: int) -> np.ndarray:
    return np.roll(image, (y, x), axis=(0, 1))


def test_a_face_is_found_and_its_points_sit_on_the_features(analyzer):
    (reading,) = analyzer.analyze(astronaut())
    points = dict(zip(KEYPOINTS, reading.keypoints, strict=True))

    np.testing.assert_allclose(reading.keypoints[LEFT_EYE], LEFT_EYE_PX, atol=4)
    np.testing.assert_allclose(reading.keypoints[RIGHT_EYE], RIGHT_EYE_PX, atol=4)
    assert points["mouth_left_corner"][0] > points["mouth_right_corner"][0]
    assert reading.label == "Happy"
    x1, y1, x2, y2 = reading.box
    assert (x1 < reading.keypoints[:, 0]).all() and (reading.keypoints[:, 0] < x2).all()
    assert (y1 < reading.keypoints[:, 1]).all() and (reading.keypoints[:, 1] < y2).all()


def test_gray_and_colour_frames_read_alike(analyzer):
    import cv2

    (colour,) = analyzer.analyze(astronaut())
    analyzer.reset()
    (gray,) = analyzer.analyze(cv2.cvtColor(astronaut(), cv2.COLOR_BGR2GRAY))

    np.testing.assert_array_equal(colour.keypoints, gray.keypoints)
    np.testing.assert_array_equal(colour.probabilities, gray.probabilities)


def test_a_moving_face_is_followed_without_the_detector(analyzer):
    readings = [analyzer.analyze(frame(moved(astronaut(), 4 * i, 2 * i), i))[0] for i in range(9)]

    assert [reading.track_id for reading in readings] == [1] * 9
    assert [reading.ms["detect"] > 0 for reading in readings] == [True] + [False] * 8
    np.testing.assert_allclose(
        readings[-1].keypoints[LEFT_EYE], np.add(LEFT_EYE_PX, (32, 16)), atol=6
    )


def test_a_fast_move_on_a_detection_frame_keeps_its_number():
    with Analyzer(detect_every=2) as analyzer:
        for index in range(6):
            (reading,) = analyzer.analyze(frame(moved(astronaut(), 35 * index, 0), index))
            assert reading.track_id == 1, index


def test_a_cut_to_another_place_is_found_in_the_same_frame(analyzer):
    analyzer.analyze(frame(astronaut(), 0))
    analyzer.analyze(frame(astronaut(), 1))

    (after,) = analyzer.analyze(frame(moved(astronaut(), 200, 120), 2))

    np.testing.assert_allclose(after.keypoints[LEFT_EYE], np.add(LEFT_EYE_PX, (200, 120)), atol=6)
    assert after.ms["detect"] > 0


def test_a_face_that_vanishes_is_given_up_in_the_same_frame(analyzer):
    empty = np.full((512, 512, 3), 127, np.uint8)
    assert analyzer.analyze(frame(astronaut(), 0))

    assert analyzer.analyze(frame(empty, 1)) == []
    assert analyzer.analyze(frame(empty, 2)) == []
    assert analyzer.analyze(frame(astronaut(), 3))[0].track_id == 2


def test_two_faces_get_two_numbers_that_they_keep(analyzer):
    both = np.hstack([astronaut()[:300], astronaut()[:300, ::-1]])
    ids = [[reading.track_id for reading in analyzer.analyze(frame(both, i))] for i in range(12)]

    assert ids == [[1, 2]] * 12


def test_at_most_max_faces_are_read():
    both = np.hstack([astronaut()[:300], astronaut()[:300, ::-1]])
    with Analyzer(max_faces=1) as analyzer:
        assert len(analyzer.analyze(both)) == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (8, 2000), (2000, 8, 3)])
def test_a_frame_of_any_size_is_taken(analyzer, shape):
    assert analyzer.analyze(np.zeros(shape, np.uint8)) == []


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((10, 10), np.float32), np.zeros(10, np.uint8), np.zeros((4, 4, 4), np.uint8)],
    ids=["float", "one dimension", "four channels"],
)
def test_an_array_that_is_no_frame_is_refused(analyzer, wrong):
    with pytest.raises(ValueError, match="expected uint8"):
        analyzer.analyze(wrong)
