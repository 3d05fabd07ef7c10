"""The detector's picture, its cells, and boxes from what it answers."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_emotion.detection import (
    BASES_PX,
    CELLS,
    DETECTOR_SIDE_PX,
    SHIFT_LIMIT,
    SIZE_LIMIT,
    STRIDES_PX,
    VALUES_A_CELL,
    decode,
    faces,
    iou,
    letterbox,
    suppress,
)

ANSWERS = arrays(np.int8, (len(CELLS), VALUES_A_CELL)).map(lambda steps: np.float32(steps) / 128)
SIDES = st.integers(1, 700)


def answers(*cells: tuple[int, float], least: float = -1.0) -> np.ndarray:
    """Answers of a network that is sure of some cells, by their index and answered logit."""
    found = np.zeros((len(CELLS), VALUES_A_CELL), np.float32)
    found[:, 0] = least
    for cell, logit in cells:
        found[cell, 0] = logit
    return found


# The picture


@settings(deadline=None)
@given(SIDES, SIDES, st.booleans(), st.integers(0, 255))
def test_a_frame_of_any_shape_fills_one_side_of_the_picture(height, width, colour, gray):
    frame = np.full((height, width, 3) if colour else (height, width), gray, np.uint8)
    picture, scale = letterbox(frame)

    assert (picture.shape, picture.dtype) == ((192, 192), np.uint8)
    assert scale == max(height, width) / DETECTOR_SIDE_PX
    shown = max(1, round(height / scale)), max(1, round(width / scale))
    assert DETECTOR_SIDE_PX in shown
    inside = picture[: shown[0] - 1, : shown[1] - 1]
    assert (inside == gray).all()
    assert not picture[shown[0] + 1 :].any() and not picture[:, shown[1] + 1 :].any()


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ((480, 640), (144, 192)),
        ((1, 900), (1, 192)),
        ((60, 100), (115, 192)),  # 115.2
        ((67, 100), (129, 192)),  # 128.6
        ((1, 190), (1, 192)),
    ],
)
def test_a_frame_is_shown_in_proportion_and_black_beside_it(shape, shown):
    frame = np.full(shape, 255, np.uint8)
    for turned, height, width in ((frame, *shown), (frame.T.copy(), *shown[::-1])):
        expected = np.zeros((192, 192), np.uint8)
        expected[:height, :width] = 255
        np.testing.assert_array_equal(letterbox(turned)[0], expected)


@settings(deadline=None)
@given(SIDES, SIDES)
def test_a_picture_that_is_used_again_is_the_same_as_a_new_one(height, width):
    frame = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    used = np.full((DETECTOR_SIDE_PX, DETECTOR_SIDE_PX), 77, np.uint8)
    picture, scale = letterbox(frame, used)

    assert picture is used
    new, same_scale = letterbox(frame)
    np.testing.assert_array_equal(picture, new)
    assert scale == same_scale


@pytest.mark.parametrize("shape", [(480, 640), (720, 1280), (1080, 1920), (192, 192), (100, 60)])
def test_a_place_in_the_picture_is_one_in_the_frame(shape):
    frame = np.zeros(shape, np.uint8)
    x, y, radius = shape[1] // 2, shape[0] // 3, max(shape) // 20
    cv2.circle(frame, (x, y), radius, 255, -1)
    picture, scale = letterbox(frame)
    moments = cv2.moments(picture)
    middle = np.array([moments["m10"], moments["m01"]]) / moments["m00"]

    np.testing.assert_allclose((middle + 0.5) * scale, (x + 0.5, y + 0.5), atol=scale)


# Cells and boxes


def test_the_cells_are_those_of_three_grids_row_by_row():
    assert len(CELLS) == sum((DETECTOR_SIDE_PX // stride) ** 2 for stride in STRIDES_PX) == 756
    assert CELLS.centers[:2].tolist() == [[4, 4], [12, 4]]
    assert CELLS.centers[576].tolist() == [8, 8] and CELLS.centers[-1].tolist() == [176, 176]
    assert dict(zip(CELLS.strides.tolist(), CELLS.bases.tolist(), strict=True)) == dict(
        zip(STRIDES_PX, BASES_PX, strict=True)
    )


@pytest.mark.parametrize(
    ("cell", "values", "box"),
    [
        (0, (0, 0, 0, 0), (-8, -8, 16, 16)),  # at (4, 4), of 24 px
        (25, (0.25, -0.5, 0, 0), (8, -16, 32, 8)),  # at (12, 12), moved by 8 and -16 px
        (576, (0, 0, np.log(2) / 1.5, 0), (-56, -24, 72, 40)),  # at (8, 8), twice 64 px wide
        (755, (0, 0, 0, -1), (104, 160, 248, 192)),
    ],
)
def test_an_answer_is_a_box_in_strides_and_bases_of_its_grid(cell, values, box):
    found = answers((cell, 0.5))
    found[cell, 1:] = values
    boxes, scores = decode(found, 0.5)

    np.testing.assert_allclose(boxes, [box], atol=0.1)
    assert scores.tolist() == pytest.approx([1 / (1 + np.exp(-4))])


@settings(deadline=None)
@given(ANSWERS, st.floats(0, 0.99))
def test_boxes_come_sure_enough_and_surest_first(found, least_score):
    boxes, scores = decode(found, least_score)

    assert boxes.dtype == scores.dtype == np.float32
    assert boxes.shape == (len(scores), 4) and len(scores) <= 256
    assert (scores >= least_score - 1e-6).all() and (np.diff(scores) <= 0).all()
    sides, middles = boxes[:, 2:] - boxes[:, :2], (boxes[:, 2:] + boxes[:, :2]) / 2
    largest = max(BASES_PX) * np.exp(SIZE_LIMIT)
    assert (sides > 0).all() and (sides <= largest * 1.001).all()
    reach = SHIFT_LIMIT * max(STRIDES_PX)
    assert (middles > -reach).all() and (middles < DETECTOR_SIDE_PX + reach).all()
    sure = 1 / (1 + np.exp(-8.0 * found[:, 0].astype(np.float64)))
    assert len(scores) >= min(256, int((sure > least_score + 1e-6).sum()))


def test_of_equally_sure_cells_the_first_comes_first():
    sure = np.arange(len(CELLS)) % 3 / 4  # int8 answers often tie
    boxes, _ = decode(answers(*enumerate(sure)), 0.5)
    thirds = [np.flatnonzero(sure == level) for level in (0.5, 0.25)]

    middles = (boxes[:, 2:] + boxes[:, :2]) / 2
    np.testing.assert_array_equal(middles, CELLS.centers[np.concatenate(thirds)[:256]])


@settings(deadline=None)
@given(ANSWERS)
def test_of_the_faces_no_two_overlap_much_and_each_dropped_box_does(found):
    boxes, scores = decode(found, 0.3)
    kept = suppress(boxes)
    overlaps = iou(boxes, boxes)

    assert (np.diff(kept) > 0).all()
    among = overlaps[np.ix_(kept, kept)] - np.eye(len(kept))
    assert (among <= 0.4).all()
    dropped = np.setdiff1d(np.arange(len(boxes)), kept)
    assert all((overlaps[index, kept[kept < index]] > 0.4).any() for index in dropped)
    one, its_scores = faces(found, 0.3)
    np.testing.assert_array_equal(one, boxes[kept])
    np.testing.assert_array_equal(its_scores, scores[kept])


def test_nothing_sure_is_no_face():
    boxes, scores = faces(answers(), 0.5)
    assert (boxes.shape, scores.shape) == ((0, 4), (0,))


@pytest.mark.parametrize("least_score", [1.0, 1.5, float("inf")])
def test_nothing_is_as_sure_as_one(least_score):
    boxes, scores = faces(answers(least=1.0), least_score)
    assert (boxes.shape, scores.shape) == ((0, 4), (0,))


def test_every_cell_sure_is_bounded():
    boxes, _ = decode(answers(least=1.0), 0.5)
    assert len(boxes) == 256


BOXES = arrays(np.float32, (6, 4), elements=st.floats(-200, 400, width=32)).map(
    lambda found: np.concatenate([np.sort(found[:, ::2]), np.sort(found[:, 1::2])], axis=1)[
        :, [0, 2, 1, 3]
    ]
)


@settings(deadline=None)
@given(BOXES, BOXES)
def test_the_overlap_of_two_boxes_is_a_share_and_the_same_both_ways(one, other):
    overlaps = iou(one, other)

    assert overlaps.shape == (6, 6)
    assert (overlaps >= 0).all() and (overlaps <= 1 + 1e-5).all()
    np.testing.assert_array_equal(overlaps, iou(other, one).T)
    large = (one[:, 2:] - one[:, :2]).min(axis=1) > 1
    np.testing.assert_allclose(np.diag(iou(one, one))[large], 1, rtol=1e-4)
