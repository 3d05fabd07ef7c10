"""The page's server in this process, fed by the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import cv2
import numpy as np

from edge_emotion.types import Frame, Image, Reading
from edge_emotion_device.options import RunOptions
from edge_emotion_device.vitals import Stage
from edge_emotion_device.web.sink import WebSink
from helpers.photographs import astronaut
from helpers.vitals import COUNTS, LATEST_MS, vitals

FINE = vitals(fps=25.04, temperature_c=51.25, stages={"keypoints": Stage(LATEST_MS, COUNTS, 60.0)})


def reading(
    index: int = 0, track_id: int = 1, happy: float = 0.9, label: str | None = "Happy"
) -> Reading:
    """One face of a 640×480 frame."""
    parts = np.full(5, (1 - happy) / 4, np.float32)
    parts[3] = happy
    left = 100.0 + 250 * (track_id - 1)
    points = np.linspace((left, 150), (left + 100, 250), 15).astype(np.float32)
    box = (left, 140.0, left + 120, 280.0)
    return Reading(
        index, index / 25, track_id, box, points, points, parts, parts, label, {"detect": 1.0}
    )


def photograph() -> Image:
    """`(480, 640, 3)`, as hard to encode as what cameras give."""
    return cv2.resize(astronaut(), (640, 480), interpolation=cv2.INTER_AREA)


@contextmanager
def web_sink(now: Any = FINE, **options: Any) -> Iterator[WebSink]:
    """An open sink on a free port of this machine.

    Args:
        now: the vitals at all times, or what gives them.
        options: of the run.
    """
    ask = now if callable(now) else lambda: now
    with WebSink.open(replace(RunOptions(web="127.0.0.1:0"), **options), ask) as sink:
        yield sink


@contextmanager
def fed(
    sink: WebSink, fps: float = 25.0, image: Image | None = None, readings: Any = reading
) -> Iterator[None]:
    """Write frames in another thread, as a run does, while in the block."""
    shown = photograph() if image is None else image
    over = threading.Event()

    def feed() -> None:
        for index in count():
            sink.write(Frame(shown, index, index / fps), [readings(index)])
            if over.wait(1 / fps):
                return

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
