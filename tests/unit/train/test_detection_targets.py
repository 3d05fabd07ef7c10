"""Targets of the detector's cells, against a reference that goes cell by cell and face by face."""

import numpy as np
import pytest

from edge_emotion.detection import (
    CELLS,
    LOGIT_LIMIT,
    SHIFT_LIMIT,
    SIZE_LIMIT,
    STRIDES_PX,
    faces,
    iou,
)
from edge_emotion_train.detection_augment import Boxes
from edge_emotion_train.detection_targets import encode_boxes

SIZES = {8: (0, 48), 16: (34, 104), 32: (76, np.inf)}


def _boxes(rows: list[tuple[float, ...]], learned: list[bool] | None = None) -> Boxes:
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    return Boxes(xyxy, np.array(learned if learned else [True] * len(xyxy), bool))


def _drawn(seed: int) -> Boxes:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 8))
    sizes = 8 * 24 ** rng.random((count, 2))
    middles = 192 * rng.random((count, 2))
    return _boxes(
        np.hstack([middles - sizes / 2, middles + sizes / 2]).tolist(),
        (rng.random(count) < 0.7).tolist(),
    )


def _reference(boxes: Boxes) -> np.ndarray:
    targets = np.zeros((len(CELLS), 6), np.float32)
    for cell, ((x, y), stride) in enumerate(zip(CELLS.centers, CELLS.strides, strict=True)):
        targets[cell, 1] = 1
        smallest = np.inf
        for (x1, y1, x2, y2), learned in zip(boxes.xyxy, boxes.learned, strict=True):
            if not learned and x1 - 2 < x < x2 + 2 and y1 - 2 < y < y2 + 2:
                targets[cell, 1] = 0
        for box, learned in zip(boxes.xyxy, boxes.learned, strict=True):
            x1, y1, x2, y2 = box
            area = (x2 - x1) * (y2 - y1)
            low, high = SIZES[int(stride)]
            away = max(abs(x - (x1 + x2) / 2), abs(y - (y1 + y2) / 2))
            reach = max(0.75 * stride, 0.18 * np.sqrt(area))
            if learned and low <= np.sqrt(area) < high and away <= reach and area < smallest:
                smallest = area
                targets[cell] = (1, 1, *box)
    return targets


def _ideal_answers(targets: np.ndarray) -> np.ndarray:
    """The answers that decode to exactly what is wanted."""
    found, boxes = targets[:, :1], targets[:, 2:]
    middles, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    shifts = (middles - CELLS.centers) / CELLS.strides[:, None] / SHIFT_LIMIT
    logarithms = np.log(np.maximum(sizes, 1e-3) / CELLS.bases[:, None]) / SIZE_LIMIT
    answers = np.hstack([np.where(found > 0, 5, -5) / LOGIT_LIMIT, shifts, logarithms])
    return np.where(found > 0, answers, answers * (1, 0, 0, 0, 0)).astype(np.float32)


@pytest.mark.parametrize("seed", range(6))
def test_targets_are_those_of_the_reference(seed: int):
    boxes = _drawn(seed)
    assert encode_boxes(boxes) == pytest.approx(_reference(boxes), abs=1e-3)


def test_a_picture_without_faces_asks_every_cell_for_none():
    targets = encode_boxes(_boxes([]))
    assert targets.shape == (756, 6)
    assert (targets[:, 1] == 1).all() and not targets[:, 0].any()


@pytest.mark.parametrize("side", [9, 20, 40, 47, 60, 90, 110, 150, 190])
def test_every_size_of_face_has_cells_whose_answers_can_say_where_it_is(side: float):
    for middle in ((96, 96), (side / 2 + 1, 96), (99.5, 192 - side / 2)):
        x, y = middle
        box = _boxes([(x - side / 2.4, y - side / 2, x + side / 2.4, y + side / 2)])
        targets = encode_boxes(box)
        answers = _ideal_answers(targets)
        assert np.abs(answers).max() <= 1
        found, _ = faces(answers, 0.5)
        assert len(found) == 1 and iou(found, box.xyxy)[0, 0] > 0.99


def test_a_size_between_two_grids_is_asked_of_both():
    found = encode_boxes(_boxes([(76, 76, 116, 116)]))[:, 0] > 0
    assert set(CELLS.strides[found]) == set(STRIDES_PX[:2])


def test_of_two_faces_the_smaller_gets_the_cell():
    large, small = (70, 60, 110, 110), (82, 80, 102, 100)
    targets = encode_boxes(_boxes([large, small]))
    at = np.abs(CELLS.centers - (92, 92)).max(axis=1) + CELLS.strides
    assert targets[at.argmin(), 2:].tolist() == list(small)


def test_in_a_doubtful_box_no_cell_counts_but_those_of_another_face():
    doubtful, face = (20, 20, 120, 120), (60, 60, 80, 84)
    targets = encode_boxes(_boxes([doubtful, face], [False, True]))
    inside = (np.abs(CELLS.centers - 70) < 52).all(axis=1)
    assert (targets[inside & (targets[:, 0] == 0), 1] == 0).all()
    assert (targets[~inside, 1] == 1).all()
    assert targets[targets[:, 0] > 0, 1].min() == 1
