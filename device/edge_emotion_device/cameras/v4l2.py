"""A USB camera, or anything else with a /dev/videoN, through OpenCV's V4L2."""

import os
from pathlib import Path
from time import monotonic, sleep

import cv2

from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.types import Image
from edge_emotion_device.cameras.base import Stopwatch, device_number
from edge_emotion_device.cameras.opencv import OpenCvCamera, open_capture
from edge_emotion_device.cameras.v4l2_device import (
    held_here,
    holders,
    is_busy,
    video_devices,
)
from edge_emotion_device.permission import may_use, permit

# Nearly every camera offers them, and no face the networks can read needs more; raw pixels cost
# less to read than JPEGs.
WIDTH_PX, HEIGHT_PX = 640, 480
FPS = 30.0
PIXELS = "YUYV"
SILENT_S = 3  # OpenCV's own timeout is 10 s
BROKEN_S = 1.0  # so long reads may fail: USB cameras start with broken frames, and drop some later


class V4l2Camera(OpenCvCamera):
    """A V4L2 device, by its path or as `usb[:N]` for /dev/videoN.

    Asks for 640×480 YUYV at 30 frames a second, takes what the driver gives, and tells if that is
    something else.
    """

    kind = "live"

    def __init__(self, source: str) -> None:
        device = source if "/" in source else f"/dev/video{device_number(source)}"
        _check_permission(device)
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(SILENT_S))
        self._clock = Stopwatch()
        capture = open_capture(device, cv2.CAP_V4L2)
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*PIXELS))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH_PX)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT_PX)
        capture.set(cv2.CAP_PROP_FPS, FPS)
        try:
            super().__init__(capture, name=device, if_mute=f"choose {_present()}")
        except EdgeEmotionError as error:
            raise _explained(device) or error from error
        self._tell_difference()

    def _grab(self) -> Image | None:
        until_s = monotonic() + BROKEN_S
        while (image := super()._grab()) is None and self._may_recover(until_s):
            sleep(0.01)
        return image

    def _may_recover(self, until_s: float) -> bool:
        there = self._capture.isOpened() and Path(self.name).exists()
        return there and monotonic() < until_s

    def _time_s(self) -> float:
        return self._clock.elapsed_s()

    def _tell_difference(self) -> None:
        code = int(self._capture.get(cv2.CAP_PROP_FOURCC))
        pixels = code.to_bytes(4, "little", signed=code < 0).decode("ascii", "replace")
        width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        got = f"{width}×{height} {pixels.strip()}" + (f" at {self.fps:g} fps" if self.fps else "")
        asked = f"{WIDTH_PX}×{HEIGHT_PX} {PIXELS} at {FPS:g} fps"
        if got != asked:
            warn(f"{self.name} gives {got}; asked for {asked}")


def _check_permission(device: str) -> None:
    if not Path(device).exists():
        raise EdgeEmotionError(
            f"there is no camera {device}", remedy=f"plug it in, or choose {_present()}"
        )
    if not may_use(Path(device)):
        raise EdgeEmotionError(
            f"no permission for {device}",
            remedy=permit(Path(device), "let this user read and write it"),
        )


def _explained(device: str) -> EdgeEmotionError | None:
    """Why a device gives no frame, where that can be known."""
    if not is_busy(device):
        return None
    if held_here(device):
        return EdgeEmotionError(
            f"{device} is still held by this program, in a call that hangs",
            remedy="unplug it and plug it in again, or start the program again",
        )
    others = " and ".join(holders(device)) or "another user's program"
    return EdgeEmotionError(
        f"{device} is held by {others}",
        remedy=f"end it, or choose {_present()}",
    )


def _present() -> str:
    return ", ".join([*video_devices(), "--camera demo"])
