"""A clip that is read ahead: every frame, in order, and the failure where it happened."""

import threading

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame
from edge_emotion_device.cameras import Camera
from edge_emotion_device.cameras.ahead import ReadAhead


class Clip(Camera):
    """So many frames, then the end or a failure."""

    kind = "clip"
    fps = 25.0
    name = "clip"

    def __init__(self, frames: int, failure: Exception | None = None) -> None:
        self.given, self.closed = 0, False
        self._frames, self._failure = frames, failure

    def read(self) -> Frame | None:
        if self.given == self._frames:
            if self._failure:
                raise self._failure
            return None
        self.given += 1
        return Frame(np.zeros((2, 2), np.uint8), self.given - 1, 0.0)

    def close(self) -> None:
        self.closed = True


def test_every_frame_comes_out_in_order_and_then_the_end_for_good():
    with ReadAhead(Clip(50)) as camera:
        frames = [camera.read() for _ in range(52)]
    assert [frame.index for frame in frames[:50]] == list(range(50))
    assert frames[50:] == [None, None]


def test_a_failure_comes_after_the_frames_before_it():
    with ReadAhead(Clip(3, EdgeEmotionError("the file is broken"))) as camera:
        assert [camera.read().index for _ in range(3)] == [0, 1, 2]
        with pytest.raises(EdgeEmotionError, match="the file is broken"):
            camera.read()


def test_only_a_few_frames_are_held():
    clip = Clip(10_000)
    with ReadAhead(clip) as camera:
        camera.read()
        threading.Event().wait(0.1)
        assert clip.given <= 8


def test_closing_closes_the_clip_and_ends_the_thread():
    clip = Clip(10_000)
    before = threading.active_count()
    camera = ReadAhead(clip)
    camera.read()
    camera.close()
    assert clip.closed and threading.active_count() == before
