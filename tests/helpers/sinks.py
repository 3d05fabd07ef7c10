"""What sinks are given, and what is read of what they left."""

import json
from pathlib import Path

import numpy as np

from edge_emotion.types import Frame, Reading
from edge_emotion_device.cameras import open_camera


def frame(index: int, source: str | None = None, size: tuple[int, int] = (240, 320)) -> Frame:
    return Frame(np.full((*size, 3), 120, np.uint8), index, index / 25, source)


def reading(index: int, track_id: int = 1) -> Reading:
    even = np.full(5, 0.2, np.float32)
    points = np.full((15, 2), 100, np.float32)
    box = (60.0, 60.0, 140.0, 150.0)
    ms = {"detect": 1.0}
    return Reading(index, index / 25, track_id, box, points, points, even, even, None, ms)


def frames_in(path: Path) -> list[int]:
    lines = map(json.loads, path.read_text().splitlines())
    return [line["frame"] for line in lines if "run" not in line]


def frames_of(path: Path) -> list[Frame]:
    with open_camera(str(path)) as camera:
        return list(iter(camera.read, None))
