import asyncio
from collections import Counter

import cv2
import numpy as np
import pytest

from edge_emotion.types import Frame
from edge_emotion_device.web.newest import Item
from edge_emotion_device.web.pace import LEVELS, Level
from edge_emotion_device.web.pictures import SNAPSHOT, Pictures


class Drawing:
    """Stands in for Outgoing: counts what it draws."""

    def __init__(self, width=640, height=480):
        self.drawn = Counter()
        self._size = (height, width, 3)

    def picture(self, frame, readings):
        self.drawn[frame.index] += 1
        return np.full(self._size, 90, np.uint8)


@pytest.fixture
def encoded(monkeypatch):
    """How often each quality was encoded."""
    count, real = Counter(), cv2.imencode

    def imencode(kind, image, settings):
        count[settings[1]] += 1
        return real(kind, image, settings)

    monkeypatch.setattr(cv2, "imencode", imencode)
    return count


def item(index=0):
    return Item(Frame(np.zeros((4, 4), np.uint8), index, 0.0), [], index + 1)


def size_of(jpeg):
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return image.shape[1], image.shape[0]


def ask(pictures, *wanted):
    """What viewers get who ask all at once."""

    async def all_at_once():
        return await asyncio.gather(*(pictures.jpeg(*each) for each in wanted))

    try:
        return asyncio.run(all_at_once())
    finally:
        pictures.close()


def test_viewers_of_a_frame_share_its_drawing_and_each_quality_its_jpeg(encoded):
    drawing, one, other = Drawing(), item(1), item(2)
    wanted = [(one, level) for level in LEVELS[:2] * 8] + [(other, LEVELS[0])] * 4
    jpegs = ask(Pictures(drawing), *wanted)

    assert drawing.drawn == {1: 1, 2: 1}
    assert encoded == {LEVELS[0].quality: 2, LEVELS[1].quality: 1}
    assert all(each is jpegs[0] for each in jpegs[:16:2])


def test_a_viewer_that_goes_takes_nobodys_picture_along():
    pictures, frame = Pictures(Drawing()), item()

    async def look():
        first = asyncio.create_task(pictures.jpeg(frame, LEVELS[0]))
        second = asyncio.create_task(pictures.jpeg(frame, LEVELS[0]))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(look()).startswith(b"\xff\xd8")
    pictures.close()


@pytest.mark.parametrize(
    ("camera", "level", "sent"),
    [
        ((1920, 1080), LEVELS[0], (1280, 720)),
        ((640, 480), LEVELS[0], (640, 480)),
        ((640, 480), LEVELS[3], (320, 240)),
        ((64, 48), LEVELS[3], (64, 48)),
        ((4000, 2), LEVELS[3], (320, 1)),
        ((1920, 1080), SNAPSHOT, (1920, 1080)),
        ((1280, 720), Level(1280, 10), (1280, 720)),
    ],
)
def test_pictures_are_reduced_and_never_enlarged(camera, level, sent):
    (jpeg,) = ask(Pictures(Drawing(*camera)), (item(), level))

    assert size_of(jpeg) == sent
