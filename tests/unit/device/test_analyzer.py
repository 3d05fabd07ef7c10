"""Frames in, readings out: on a real photograph, moved, cut and emptied."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_emotion.labels import KEYPOINTS, LEFT_EYE, RIGHT_EYE
from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion.preprocess import SquareCrop, face_inputs
from edge_emotion.types import Frame
from edge_emotion_device import Analyzer, load_emotion
from helpers.photographs import astronaut
from helpers.refusals import refusal

# Where Eileen Collins' eyes are in the photograph, read off by eye.
LEFT_EYE_PX, RIGHT_EYE_PX = (247, 103), (204, 102)
EMPTY = np.full((512, 512, 3), 127, np.uint8)


@pytest.fixture
def analyzer():
    with Analyzer() as opened:
        yield opened


def frame(image: np.ndarray, index: int) -> Frame:
    return Frame(image, index, index / 25)


def moved(image: np.ndarray, x: int, y: int) -> np.ndarray:
    return np.roll(image, (y, x), axis=(0, 1))


def tilted(image: np.ndarray, turn_deg: float) -> tuple[np.ndarray, np.ndarray]:
    """The photograph turned clockwise about her nose, and by which matrix."""
    matrix = cv2.getRotationMatrix2D((225, 120), -turn_deg, 1)
    return cv2.warpAffine(image, matrix, (512, 512)), matrix


def noisy(image: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


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
    (colour,) = analyzer.analyze(astronaut())
    analyzer.reset()
    (gray,) = analyzer.analyze(cv2.cvtColor(astronaut(), cv2.COLOR_BGR2GRAY))

    np.testing.assert_array_equal(colour.keypoints, gray.keypoints)
    np.testing.assert_array_equal(colour.probabilities, gray.probabilities)


def test_a_moving_face_is_followed_without_the_detector():
    frames = [frame(moved(astronaut(), 4 * index, 2 * index), index) for index in range(9)]
    with Analyzer(detect_every=10) as analyzer:
        readings = [analyzer.analyze(one)[0] for one in frames]

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
    assert analyzer.analyze(frame(astronaut(), 0))

    assert analyzer.analyze(frame(EMPTY, 1)) == []
    assert analyzer.analyze(frame(EMPTY, 2)) == []


@pytest.mark.parametrize(("frames_away", "number"), [(20, 1), (40, 2)])
def test_a_face_that_comes_back_within_a_second_keeps_its_number(analyzer, frames_away, number):
    analyzer.analyze(frame(astronaut(), 0))
    for index in range(1, frames_away):
        assert analyzer.analyze(frame(EMPTY, index)) == []

    (reading,) = analyzer.analyze(frame(moved(astronaut(), 30, 20), frames_away))
    assert reading.track_id == number


def test_a_face_is_looked_for_each_frame_only_while_it_is_missing():
    with Analyzer(max_faces=1, detect_every=3) as analyzer:
        pictures = [astronaut()] * 7 + [EMPTY] * 3 + [astronaut()] * 7
        detected = []
        for index, image in enumerate(pictures):
            analyzer.analyze(frame(image, index))
            detected.append(analyzer.detect_ms > 0)

    assert detected == [True] + [False] * 6 + [True] * 4 + [False] * 6


def test_one_of_two_faces_is_looked_for_each_frame_while_it_is_missing():
    both = np.hstack([astronaut()[:300], astronaut()[:300, ::-1]])
    one = both.copy()
    one[:, 512:] = 127
    with Analyzer(max_faces=2, detect_every=1000) as analyzer:
        analyzer.analyze(frame(both, 0))
        detected = []
        for index in range(1, 36):
            assert len(analyzer.analyze(frame(one, index))) == 1
            detected.append(analyzer.detect_ms > 0)

    assert detected == [True] * 30 + [False] * 5  # 1.2 s at 25 frames/s


def test_room_for_another_face_is_filled_every_nth_frame():
    with Analyzer(max_faces=2, detect_every=3) as analyzer:
        detected = []
        for index in range(7):
            analyzer.analyze(frame(astronaut(), index))
            detected.append(analyzer.detect_ms > 0)

    assert detected == [True, False, False] * 2 + [True]


def test_a_tilted_face_is_followed_further_than_the_detector_finds_it(analyzer):
    for index in range(69):
        image, matrix = tilted(astronaut(), min(48.0, index))
        (reading,) = analyzer.analyze(frame(image, index))
        assert reading.track_id == 1, index
    eyes = np.array([LEFT_EYE_PX, RIGHT_EYE_PX]) @ matrix[:, :2].T + matrix[:, 2]
    analyzer.reset()

    np.testing.assert_allclose(reading.keypoints[[LEFT_EYE, RIGHT_EYE]], eyes, atol=5)
    assert reading.label == "Happy"
    assert analyzer.analyze(frame(image, 69)) == []


def test_what_the_detector_takes_for_a_face_is_read_only_if_it_is_one():
    class Anywhere:
        """Offers a face, and places where there is none."""

        shift, side, follows = (0.0, 0.0), 1.0, True
        name, every = "mine", 10

        def detect(self, image: np.ndarray) -> np.ndarray:
            return np.array(
                [[x, y, x + 100, y + 100] for x in (0, 175, 350) for y in (60, 250, 390)],
                np.float32,
            )

    with Analyzer(detector=Anywhere(), max_faces=8) as analyzer:
        (reading,) = analyzer.analyze(astronaut())

    np.testing.assert_allclose(reading.keypoints[LEFT_EYE], LEFT_EYE_PX, atol=4)


def test_a_face_that_is_offered_twice_is_one_face():
    class Twice:
        shift, side, follows = (0.0, 0.0), 1.0, True
        name, every = "mine", 10

        def detect(self, image: np.ndarray) -> np.ndarray:
            return np.array([[175, 60, 275, 160], [170, 55, 280, 165]], np.float32)

    with Analyzer(detector=Twice()) as analyzer:
        readings = [analyzer.analyze(frame(astronaut(), index)) for index in range(3)]

    assert [[reading.track_id for reading in found] for found in readings] == [[1], [1], [1]]
    assert analyzer.detect_ms == 0.0  # nobody is missing


def test_a_detector_of_pre_cropped_faces_may_find_none():
    class Nothing:
        shift, side, follows = (0.0, 0.0), 1.0, False
        name, every = "mine", 10

        def detect(self, image: np.ndarray) -> np.ndarray:
            return np.empty((0, 4), np.float32)

    with Analyzer(detector=Nothing()) as analyzer:
        assert analyzer.analyze(astronaut()) == []


def test_raw_values_are_always_there_and_the_smoothed_ones_if_asked_for():
    still = [frame(noisy(astronaut(), index), index) for index in range(9)]
    serious = astronaut()
    serious[132:162, 198:258] = serious[125, 225]  # her mouth is gone
    still.append(frame(serious, 9))
    with Analyzer() as smooth, Analyzer(smoothing=False) as raw:
        smoothed = [smooth.analyze(one)[0] for one in still]
        as_read = [raw.analyze(one)[0] for one in still]

    for one, other in zip(smoothed, as_read, strict=True):
        np.testing.assert_array_equal(one.raw_keypoints, other.raw_keypoints)
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
        np.testing.assert_array_equal(other.keypoints, other.raw_keypoints)
        np.testing.assert_array_equal(other.smoothed, other.probabilities)
    assert not np.array_equal(smoothed[-1].keypoints, smoothed[-1].raw_keypoints)
    assert not np.array_equal(smoothed[-1].smoothed, smoothed[-1].probabilities)


@pytest.mark.parametrize("smoothing", [True, False])
def test_a_face_below_the_models_own_threshold_stays_undecided(tmp_path, smoothing):
    shipped = read_model(shipped_model("emotion"))
    labels = []
    for below in (0.2, 0.9999):
        path = tmp_path / f"{below}.tflite"
        metadata = replace(shipped.metadata, undecided_below=below)
        write_model(path, shipped.flatbuffer, metadata)
        with Analyzer(emotion=path, smoothing=smoothing) as analyzer:
            labels.append(analyzer.analyze(astronaut())[0].label)
    assert labels == ["Happy", None]


def test_two_faces_get_two_numbers_that_they_keep(analyzer):
    both = np.hstack([astronaut()[:300], astronaut()[:300, ::-1]])
    ids = [[reading.track_id for reading in analyzer.analyze(frame(both, i))] for i in range(12)]

    assert ids == [[1, 2]] * 12


def test_at_most_max_faces_are_read():
    both = np.hstack([astronaut()[:300], astronaut()[:300, ::-1]])
    with Analyzer(max_faces=1) as analyzer:
        assert len(analyzer.analyze(both)) == 1


def test_a_black_frame_has_no_face(analyzer):
    assert analyzer.analyze(np.zeros((480, 640, 3), np.uint8)) == []


def test_the_face_in_a_panorama_is_found(analyzer):
    panorama = np.full((150, 4500, 3), 90, np.uint8)
    panorama[:, 2000:2190] = astronaut()[30:180, 130:320]

    (reading,) = analyzer.analyze(panorama)

    there = np.add(LEFT_EYE_PX, (2000 - 130, -30))
    np.testing.assert_allclose(reading.keypoints[LEFT_EYE], there, atol=4)


def test_the_face_in_20_megapixels_is_found_and_followed(analyzer):
    large = np.zeros((3648, 5472, 3), np.uint8)
    large[:3584, :3584] = cv2.resize(astronaut(), None, fx=7, fy=7)

    for index in range(3):
        (reading,) = analyzer.analyze(frame(large, index))
        np.testing.assert_allclose(
            reading.keypoints[LEFT_EYE], np.multiply(LEFT_EYE_PX, 7), atol=28
        )


@pytest.mark.parametrize(
    "step",
    [(7, 0), (-7, 0), (0, 5), (0, -7), (6, 5)],
    ids=["left", "right", "top", "chin", "corner"],
)
def test_a_face_is_followed_halfway_over_the_edge_of_the_frame(analyzer, step):
    start_x, start_y, side, steps = 125, 10, 200, 10
    padded = cv2.copyMakeBorder(astronaut(), 150, 150, 150, 150, cv2.BORDER_REFLECT)
    for index in range(steps + 1):
        x, y = start_x + index * step[0], start_y + index * step[1]
        view = padded[150 + y : 150 + y + side, 150 + x : 150 + x + side]
        (reading,) = analyzer.analyze(frame(view, index))
        assert reading.track_id == 1

    x1, y1, x2, y2 = reading.box
    assert min(x1, y1) < 0 or max(x2, y2) > side
    np.testing.assert_allclose(
        reading.raw_keypoints[LEFT_EYE], np.subtract(LEFT_EYE_PX, (x, y)), atol=6
    )


# The whole frame as one face


def test_a_face_that_is_cut_out_already_is_read_as_it_is():
    with Analyzer() as analyzer:
        analyzer.analyze(astronaut())
        crop = analyzer._tracker.tracks[0].crop
        face = np.ascontiguousarray(
            astronaut()[crop.y : crop.y + crop.side, crop.x : crop.x + crop.side]
        )
    with Analyzer(detector="whole") as analyzer, load_emotion() as emotion:
        readings = [analyzer.analyze(frame(face, index))[0] for index in range(3)]
        (expected,) = emotion.predict(face_inputs(face, SquareCrop(0, 0, len(face)))[1][None])

    there = np.subtract(LEFT_EYE_PX, (crop.x, crop.y))
    for reading in readings:
        np.testing.assert_array_equal(reading.probabilities, expected)
        np.testing.assert_allclose(reading.keypoints[LEFT_EYE], there, atol=4)
        assert reading.track_id == 1


def test_pre_cropped_pictures_of_any_size_take_turns(tmp_path):
    with Analyzer(detector="whole") as analyzer:
        for side in (48, 300, 20, 96):
            face = cv2.resize(astronaut()[50:180, 160:290], (side, side))
            (reading,) = analyzer.analyze(face)
            x1, y1, x2, y2 = reading.box
            assert -0.1 * side < min(x1, y1) < max(x2, y2) < 1.1 * side
            analyzer.reset()


# Wrong use


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"detector": "mtcnn"}, "unknown detector 'mtcnn'"),
        ({"detector": "yunet"}, "detector 'yunet' names no file; expected auto, net, net:FILE"),
        ({"detector": "net:"}, "detector 'net:' names no file"),
        ({"emotion_delegate": "gpu"}, "unknown delegate 'gpu'"),
        ({"max_faces": 0}, "max_faces is 0"),
        ({"detect_every": -1}, "detect_every is -1"),
    ],
)
def test_an_unknown_option_is_refused_in_one_line(options, found):
    assert found in refusal(lambda: Analyzer(**options))


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((10, 10), np.float32), np.zeros(10, np.uint8), np.zeros((4, 4, 4), np.uint8)],
    ids=["float", "one dimension", "four channels"],
)
def test_an_array_that_is_no_frame_is_refused(analyzer, wrong):
    with pytest.raises(ValueError, match="expected uint8"):
        analyzer.analyze(wrong)
