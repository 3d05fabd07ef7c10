import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_emotion.labels import LEFT_EYE
from edge_emotion.preprocess import (
    EMOTION_SIDE_PX,
    KEYPOINT_SIDE_PX,
    SquareCrop,
    crop_for_keypoints,
    cut,
    face_inputs,
    halve,
    reduce_gray,
    resize_square,
    to_gray,
)
from edge_emotion.types import Floats, Image
from helpers.drawn_faces import draw_face, drawn_frame

crops = st.builds(SquareCrop, st.integers(-200, 800), st.integers(-200, 600), st.integers(40, 500))
turned_crops = st.builds(replace, crops, turn_deg=st.integers(-180, 180))
centers = st.floats(0, 1000)


def _noise(height: int, width: int, channels: int = 1) -> Image:
    """The same bytes with every NumPy: the raw stream of a generator, no distribution."""
    raw = np.random.PCG64(7).random_raw(height * width * channels)
    return (raw >> np.uint64(32)).astype(np.uint8).reshape(height, width, channels).squeeze()


def _mean_face() -> Floats:
    rng = np.random.default_rng(0)
    return np.mean([draw_face(label, rng)[1] for label in range(5)], axis=0).astype(np.float32)


@given(turned_crops, st.integers(24, 192), st.floats(-50, 250), st.floats(-50, 250))
def test_to_frame_and_from_frame_undo_each_other(crop: SquareCrop, size: int, x: float, y: float):
    points = np.array([(x, y)], np.float32)
    there_and_back = crop.from_frame(crop.to_frame(points, size), size)
    assert np.allclose(there_and_back, points, atol=0.01)


@pytest.mark.parametrize(
    ("point", "in_frame"),
    [
        ((-0.5, -0.5), (9.5, 19.5)),  # the crop's outer corner
        ((95.5, 95.5), (57.5, 67.5)),  # and the one across
        ((0, 0), (9.75, 19.75)),  # the first of two pixels on each frame pixel
        ((47.5, 47.5), (33.5, 43.5)),
    ],
)
def test_points_are_at_the_centres_of_pixels(point: tuple[float, float], in_frame: list[float]):
    crop = SquareCrop(10, 20, 48)
    assert crop.to_frame(np.array(point, np.float32), 96).tolist() == pytest.approx(in_frame)


@given(centers, centers, st.floats(2, 400))
def test_a_crop_is_the_nearest_one_of_whole_pixels(x: float, y: float, side: float):
    crop = SquareCrop.around(x, y, side)
    assert abs(crop.side - side) <= 0.5
    assert abs(crop.x + (crop.side - 1) / 2 - x) <= 0.5 + 1e-9
    assert abs(crop.y + (crop.side - 1) / 2 - y) <= 0.5 + 1e-9


def test_a_crop_without_area_is_refused():
    with pytest.raises(ValueError, match="at least 2 px"):
        SquareCrop(0, 0, 1)


@pytest.mark.parametrize("shape", [(2, 2), (4, 6), (96, 96), (334, 334), (200, 1000)])
def test_a_half_is_made_of_2x2_means_rounded_half_up(shape: tuple[int, int]):
    image = _noise(*shape)
    blocks = image.astype(int).reshape(shape[0] // 2, 2, shape[1] // 2, 2)
    assert (halve(image) == (blocks.sum(axis=(1, 3)) + 2) // 4).all()


@pytest.mark.parametrize("sum_of_block", range(12))
def test_ties_of_a_half_go_up(sum_of_block: int):
    first = min(sum_of_block, 3)
    block = np.array([[first, 0], [0, sum_of_block - first]], np.uint8)
    assert halve(block).item() == (sum_of_block + 2) // 4


@pytest.mark.parametrize("size", [48, 96])
def test_a_power_of_two_is_reduced_by_halves_only(size: int):
    image = _noise(4 * size, 4 * size)
    assert (resize_square(image, size) == halve(halve(image))).all()


@pytest.mark.parametrize("side", [20, 47, 48, 49, 95, 96, 97, 191, 193, 385, 501])
def test_any_side_becomes_the_size_asked_for_and_keeps_its_range(side: int):
    assert resize_square(_noise(side, side), 48).shape == (48, 48)
    assert (resize_square(np.full((side, side), 200, np.uint8), 48) == 200).all()


def test_strong_reduction_skips_no_pixel():
    for column in range(480):
        line = np.zeros((480, 480), np.uint8)
        line[:, column] = 255  # a resize without a pyramid meets it or misses it
        assert resize_square(line, 48).max() >= 10


def test_a_picture_of_the_right_size_is_not_copied():
    image = _noise(96, 96)
    assert resize_square(image, 96) is image


@pytest.mark.parametrize(
    ("shape", "reduced"),
    [
        ((480, 640), (75, 100)),
        ((67, 101), (66, 100)),  # 66.3
        ((101, 130), (78, 100)),  # 77.7
        ((3, 200), (1, 100)),  # halved without its odd row
        ((1, 900), (1, 100)),  # a line cannot be halved
    ],
)
def test_a_picture_is_reduced_to_its_longest_side_in_proportion(
    shape: tuple[int, int], reduced: tuple[int, int]
):
    image = _noise(*shape).reshape(shape)
    assert reduce_gray(image, 100).shape == reduced
    assert reduce_gray(image.T.copy(), 100).shape == reduced[::-1]


@pytest.mark.parametrize("shape", [(100, 60), (99, 99), (60, 100)])
def test_a_picture_no_longer_than_asked_for_is_left_as_it_is(shape: tuple[int, int]):
    image = _noise(*shape)
    assert reduce_gray(image, 100) is image


def test_a_picture_is_halved_without_its_odd_row_and_column():
    image = _noise(401, 246)
    halved_twice = halve(halve(image[:400])[:, :122])
    assert (reduce_gray(image, 100) == halved_twice).all()


@pytest.mark.parametrize("width", [2, 40, 400])
def test_strong_reduction_of_any_shape_skips_no_row(width: int):
    for row in range(400):
        line = np.zeros((400, width), np.uint8)
        line[row] = 255
        assert reduce_gray(line, 100).max() >= 60


def test_gray_is_not_converted_again():
    image = _noise(10, 10)
    assert to_gray(image) is image
    assert to_gray(np.dstack([image] * 3)).shape == (10, 10)


def test_inside_a_gray_frame_a_cut_is_a_view():
    frame = _noise(50, 60)
    part = cut(frame, SquareCrop(5, 7, 20))
    assert np.shares_memory(part, frame)
    assert (part == frame[7:27, 5:25]).all()


def test_a_cut_of_a_colour_frame_is_the_cut_of_its_gray():
    frame = _noise(50, 60, 3)
    crop = SquareCrop(-3, 40, 20)
    assert (cut(frame, crop) == cut(to_gray(frame), crop)).all()


@settings(max_examples=50)
@given(st.integers(-30, 59), st.integers(-30, 49), st.integers(31, 150), st.booleans())
def test_beyond_the_frame_its_edge_repeats(x: int, y: int, side: int, color: bool):
    frame = _noise(50, 60, 3 if color else 1)
    gray = to_gray(frame)
    rows = np.clip(np.arange(y, y + side), 0, 49)
    columns = np.clip(np.arange(x, x + side), 0, 59)
    assert (cut(frame, SquareCrop(x, y, side)) == gray[np.ix_(rows, columns)]).all()


@pytest.mark.parametrize(("x", "y"), [(60, 0), (0, 50), (-20, 0), (0, -20)])
def test_a_crop_that_misses_the_frame_is_refused(x: int, y: int):
    with pytest.raises(ValueError, match="lies outside a frame of 60x50 px"):
        cut(_noise(50, 60), SquareCrop(x, y, 20))


def test_both_networks_see_the_same_face():
    keypoint_face, emotion_face = face_inputs(_noise(480, 640, 3), SquareCrop(100, 50, 333))
    assert keypoint_face.shape == (KEYPOINT_SIDE_PX, KEYPOINT_SIDE_PX) == (96, 96)
    assert emotion_face.shape == (EMOTION_SIDE_PX, EMOTION_SIDE_PX) == (48, 48)
    assert (emotion_face == halve(keypoint_face)).all()


# Made on x86 with OpenCV 4.14; tests/arm64 runs this file to show that ARM gives the same bytes.
@pytest.mark.parametrize(
    ("crop", "digest"),
    [
        (SquareCrop(100, 50, 96), "b3b7cdaf4fba91c3"),
        (SquareCrop(100, 50, 70), "23d8e5c9179c7a7b"),
        (SquareCrop(100, 50, 333), "082fb3d46a729ead"),
        (SquareCrop(-40, 200, 400), "556e86df99195e24"),
        (SquareCrop(100, 50, 96, 20), "91fd5047d20c6949"),
        (SquareCrop(100, 50, 70, -33), "fa3981a8f6a28f72"),
        (SquareCrop(-40, 200, 400, 45), "45370b64fff37918"),
    ],
)
def test_the_inputs_are_the_same_to_the_byte_on_every_machine(crop: SquareCrop, digest: str):
    keypoint_face, emotion_face = face_inputs(_noise(480, 640, 3), crop)
    found = hashlib.sha256(keypoint_face.tobytes() + emotion_face.tobytes()).hexdigest()
    assert found[:16] == digest


@given(crops)
def test_a_known_crop_is_found_again_from_its_keypoints(crop: SquareCrop):
    mean_face = _mean_face()
    assert crop_for_keypoints(crop.to_frame(mean_face, KEYPOINT_SIDE_PX), mean_face) == crop


@given(turned_crops)
def test_a_known_turned_crop_is_found_again_but_for_a_pixel(crop: SquareCrop):
    mean_face = _mean_face()
    points = crop.to_frame(mean_face, KEYPOINT_SIDE_PX)
    found = crop_for_keypoints(points, mean_face, crop.turn_deg)
    assert (found.side, found.turn_deg) == (crop.side, crop.turn_deg)
    assert max(abs(found.x - crop.x), abs(found.y - crop.y)) <= 1


@pytest.mark.parametrize("turn_deg", [-60, -15, 11, 40])
def test_a_turned_crop_of_a_turned_frame_shows_what_the_frame_showed(turn_deg: int):
    frame = cv2.GaussianBlur(_noise(301, 301), (0, 0), 5) * np.uint8(3)
    matrix = cv2.getRotationMatrix2D((150, 150), -turn_deg, 1)  # OpenCV counts the other way
    tilted = cv2.warpAffine(frame, matrix, (301, 301))
    upright, _ = face_inputs(frame, SquareCrop(101, 101, 99))
    turned, _ = face_inputs(tilted, SquareCrop(101, 101, 99, turn_deg))
    assert np.abs(turned.astype(int) - upright).mean() < 0.05 * upright.std()


def test_a_turn_is_clockwise_in_the_picture():
    crop = SquareCrop(0, 0, 96, 90)
    top = np.array([47.5, 0], np.float32)
    assert crop.to_frame(top, 96).tolist() == pytest.approx([95, 47.5], abs=1e-4)


def test_a_turned_head_keeps_its_size():
    mean_face = _mean_face()
    center = mean_face.mean(axis=0)
    turned = center + (mean_face - center) * (0.75, 1.0)  # the eyes come closer together
    by_all = crop_for_keypoints(turned.astype(np.float32), mean_face).side
    assert by_all > 0.85 * KEYPOINT_SIDE_PX


def test_points_in_one_place_still_give_a_crop():
    assert crop_for_keypoints(np.full((15, 2), 50, np.float32), _mean_face()).side == 2


def test_the_points_of_a_face_on_a_frame_are_where_the_crop_shows_them():
    drawn = drawn_frame(np.random.default_rng(3))
    face, _ = face_inputs(drawn.image, drawn.crop)
    x, y = drawn.crop.from_frame(drawn.keypoints, KEYPOINT_SIDE_PX)[LEFT_EYE]
    iris = cv2.getRectSubPix(face, (3, 3), (float(x), float(y)))
    assert iris.mean() < 0.5 * np.median(face)
