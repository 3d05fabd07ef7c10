"""Short video files, and what a camera reads of them."""

from pathlib import Path

import cv2
import numpy as np

from edge_emotion.types import Frame
from edge_emotion_device.cameras import Camera


def write_video(path: Path, count: int = 10, fps: float = 20.0, fourcc: str = "mp4v") -> Path:
    """A clip whose n-th frame has the gray level 10 n."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), fps, (64, 48))
    assert writer.isOpened()
    for index in range(count):
        writer.write(np.full((48, 64, 3), 10 * index % 250, np.uint8))
    writer.release()
    return path


def frames(camera: Camera) -> list[Frame]:
    with camera:
        return list(iter(camera.read, None))
