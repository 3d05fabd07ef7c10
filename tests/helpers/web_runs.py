"""`edge-emotion run --web` as a user runs it, before a camera that tests can cut off."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, cycle
from pathlib import Path
from time import sleep

import cv2

from edge_emotion.types import Image
from edge_emotion_device.cameras.demo import FRAMES, DemoCamera
from helpers.commands import command
from helpers.mjpeg_server import part
from helpers.told import Told

_BOTH = slice(round(0.47 * FRAMES), round(0.65 * FRAMES))  # of the demo: two people side by side


def two_people(fps: float = 20.0) -> Iterator[bytes]:
    """What an MJPEG camera sends that sees two people for ever: the demo's middle, to and fro."""
    with DemoCamera() as demo:
        frames = list(iter(demo.read, None))[_BOTH]
    parts = [part(_jpeg(frame.image)) for frame in frames]
    for piece in cycle(chain(parts, parts[::-1])):
        yield piece
        sleep(1 / fps)


def _jpeg(image: Image) -> bytes:
    done, encoded = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 95))
    assert done
    return encoded.tobytes()


class WebRun(Told):
    """A running `edge-emotion run --web`; its url is the page's, with the token if one was told."""

    def __init__(self, camera: str, *arguments: str | Path, web: str = "127.0.0.1:0") -> None:
        line = command("run", "--camera", camera, "--headless", "--web", web, *arguments)
        super().__init__(line, "the page is at ", stdout=subprocess.DEVNULL)


@contextmanager
def web_run(camera: str, *arguments: str | Path, web: str = "127.0.0.1:0") -> Iterator[WebRun]:
    """Run with a page while in the block."""
    run = WebRun(camera, *arguments, web=web)
    try:
        yield run
    finally:
        run.end()
