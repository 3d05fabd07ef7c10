"""Frames and readings as the analyzer gives them, without a picture in them."""

import numpy as np

from edge_emotion.labels import EMOTIONS
from edge_emotion.types import Frame, Reading


def frame_at(time_s: float, source: str | None = None) -> Frame:
    """A frame of a camera with 25 frames/s."""
    return Frame(np.zeros((4, 4), np.uint8), round(25 * time_s), time_s, source)


def reading_at(
    time_s: float, track_id: int = 1, label: str | None = "Happy", side_px: float = 100
) -> Reading:
    """A reading of a face of that size, quite certain of its label."""
    probabilities = np.full(5, 0.05 if label else 0.2, np.float32)
    if label:
        probabilities[EMOTIONS.index(label)] = 0.8
    points = np.full((15, 2), 50, np.float32)
    box = (10.0, 20.0, 10.0 + side_px, 20.0 + side_px)
    ms = {"detect": 0.0, "keypoints": 1.0, "emotion": 0.5}
    return Reading(
        round(25 * time_s), time_s, track_id, box, points, points, probabilities, probabilities,
        label, ms,
    )  # fmt: skip
