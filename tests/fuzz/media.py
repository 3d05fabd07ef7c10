"""Video files: damaged, cut, and such as claim huge frames."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from edge_emotion_device.cameras.video_file import VideoFile
from fuzz.engine import Target, Try
from fuzz.mutate import mutated

_FORMATS = (("mp4", "mp4v"), ("avi", "MJPG"), ("avi", "XVID"), ("mkv", "mp4v"), ("webm", "VP80"))
_MOST_FRAMES = 40
_SIDES = (0, 1, 7, 4096, 16_384, 32_767, 65_535)
_WIDTH_PX, _HEIGHT_PX = 72, 52


@contextmanager
def videos(folder: Path) -> Iterator[Try]:
    """Every container and codec that OpenCV's FFmpeg writes."""
    right = []
    for suffix, fourcc in _FORMATS:
        path = folder / f"{fourcc}.{suffix}"
        size_px = (_WIDTH_PX, _HEIGHT_PX)
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), 20.0, size_px)
        for index in range(8):
            writer.write(np.full((_HEIGHT_PX, _WIDTH_PX, 3), 20 * index, np.uint8))
        writer.release()
        if path.exists() and path.stat().st_size:
            right.append((suffix, path.read_bytes()))

    def attempt(draw: random.Random) -> None:
        suffix, content = draw.choice(right)
        if draw.random() < 0.3:
            content = _of_other_size(draw, content)
        if draw.random() < 0.85:
            ends = (*range(min(200, len(content))), *range(len(content) - 800, len(content)))
            content = mutated(draw, content, at=ends)
        file = folder / f"video.{suffix}"
        file.write_bytes(content)
        with VideoFile(str(file)) as camera:
            for _ in range(_MOST_FRAMES):
                if camera.read() is None:
                    break

    yield attempt


def _of_other_size(draw: random.Random, content: bytes) -> bytes:
    """Its width and height, wherever they stand as a number, replaced."""
    new = content
    for side in (_WIDTH_PX, _HEIGHT_PX):
        other = draw.choice(_SIDES)
        for order, size in (("big", 2), ("little", 4), ("big", 4)):
            if draw.random() < 0.7:
                number = side.to_bytes(size, order)  # type: ignore[arg-type]
                new = new.replace(number, other.to_bytes(size, order))  # type: ignore[arg-type]
    return new


TARGETS = (Target("videos", videos, 2.5),)
