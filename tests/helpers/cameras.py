"""Cameras without hardware, for what reads them."""

import threading

import numpy as np

from edge_emotion.types import Frame, Image
from edge_emotion_device.cameras.base import Camera

SOON_S = 5.0  # far more than a test needs; only a failing one waits so long


class ScriptedCamera(Camera):
    """Gives a frame for each `give`; `wait_until_read` returns when all given ones are taken.

    A step is the number of a frame, its image, an exception that `read` raises, or None, the end.
    """

    kind = "live"
    fps = 10.0
    name = "scripted"

    def __init__(self, *steps: int | Image | Exception | None) -> None:
        self._script = list(steps)
        self._changed = threading.Condition()
        self._index = 0
        self._waiting = False
        self.closed_by: list[threading.Thread] = []

    def give(self, *steps: int | Image | Exception | None) -> None:
        with self._changed:
            self._script += steps
            self._waiting = False
            self._changed.notify_all()

    def wait_until_read(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._waiting, SOON_S)

    def read(self) -> Frame | None:
        with self._changed:
            if not self._script:
                self._waiting = True
                self._changed.notify_all()
                assert self._changed.wait_for(lambda: bool(self._script), SOON_S)
            step = self._script.pop(0)
        if step is None:
            return None
        if isinstance(step, Exception):
            raise step
        if isinstance(step, int):
            return Frame(np.zeros((2, 2), np.uint8), step, step / 10)
        self._index += 1
        return Frame(step, self._index, self._index / 10)

    def close(self) -> None:
        self.closed_by.append(threading.current_thread())


def index_of(frame: Frame | None) -> int:
    assert frame is not None
    return frame.index
