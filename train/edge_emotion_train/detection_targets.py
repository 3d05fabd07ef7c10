"""What the detector is to answer for each cell, as its loss takes it.

A face belongs to the grids that suit its size and there to the cells around its middle (as in
FCOS: Tian et al. 2019, "FCOS: Fully Convolutional One-Stage Object Detection", section 3, with
centre sampling); sizes between two grids belong to both.
"""

import numpy as np

from edge_emotion.detection import CELLS, STRIDES_PX
from edge_emotion.types import Floats
from edge_emotion_train.detection_augment import Boxes

# Roots of the areas of the faces that each grid finds, px: at least and below.
_SIZES_PX = {8: (0.0, 48.0), 16: (34.0, 104.0), 32: (76.0, np.inf)}
# How far a cell's middle may be from a face's, across and down: in strides, or parts of its size.
_REACH_STRIDES, _REACH_SIZES = 0.75, 0.18
_AROUND_UNLEARNED_PX = 2.0

_LIMITS = np.array([_SIZES_PX[int(stride)] for stride in CELLS.strides], np.float32)
VALUES = 6  # a cell: whether a face is there, whether that counts, and the face's box in px


def encode_boxes(boxes: Boxes) -> Floats:
    """`(C, 6) float32` of a picture's boxes: found (0 or 1), its weight (0 or 1), x1, y1, x2, y2.

    Cells inside a box that is not learned have no weight, unless they find another one.  Of two
    faces that want a cell the smaller one gets it.
    """
    targets = np.zeros((len(CELLS), VALUES), np.float32)
    targets[:, 1] = 1
    if not len(boxes):
        return targets
    doubtful = boxes.xyxy[~boxes.learned]
    reach = np.array([-1, -1, 1, 1], np.float32) * _AROUND_UNLEARNED_PX
    targets[_inside(doubtful + reach).any(axis=1), 1] = 0
    learned = Boxes(boxes.xyxy[boxes.learned], boxes.learned[boxes.learned])
    areas = learned.sizes.prod(axis=1)
    wanted = _wanted(learned, np.sqrt(areas))
    found = wanted.any(axis=1)
    if found.any():
        smallest = np.where(wanted, areas, np.inf).argmin(axis=1)[found]
        targets[found, :2] = 1
        targets[found, 2:] = learned.xyxy[smallest]
    return targets


def _inside(boxes: Floats) -> np.ndarray:
    """`(C, F)`: whether each cell's middle lies inside each box."""
    x, y = CELLS.centers[:, :1], CELLS.centers[:, 1:]
    return (x > boxes[:, 0]) & (x < boxes[:, 2]) & (y > boxes[:, 1]) & (y < boxes[:, 3])


def _wanted(boxes: Boxes, sizes: Floats) -> np.ndarray:
    """`(C, F)`: whether each cell is to find each face."""
    away = np.abs(CELLS.centers[:, None] - boxes.middles).max(axis=2)
    reach = np.maximum(_REACH_STRIDES * CELLS.strides[:, None], _REACH_SIZES * sizes)
    fits = (sizes >= _LIMITS[:, :1]) & (sizes < _LIMITS[:, 1:])
    wanted: np.ndarray = fits & (away <= reach)
    return wanted


assert tuple(_SIZES_PX) == STRIDES_PX
