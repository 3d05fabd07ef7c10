"""A USB camera, or anything else with a /dev/videoN, through OpenCV's V4L2."""

import os
from pathlib import Path

import cv2

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.cameras.base import Stopwatch, device_number
from edge_emotion_device.cameras.opencv import OpenCvCamera, open_capture

SIZE_PX = (640, 480)  # every camera offers it, and no face the networks can read needs more


class V4l2Camera(OpenCvCamera):
    """A V4L2 device, by its path or as `usb[:N]` for /dev/videoN."""

    kind = "live"

    def __init__(self, source: str) -> None:
        device = source if "/" in source else f"/dev/video{device_number(source)}"
        if not Path(device).exists():
            raise EdgeEmotionError(
                f"there is no camera {device}", remedy=f"plug it in, or choose {_present()}"
            )
        if not os.access(device, os.R_OK | os.W_OK):
            raise EdgeEmotionError(
                f"no permission for {device}",
                expected="a member of the group video",
                remedy="run: sudo usermod -aG video $USER, then log in again",
            )
        self._clock = Stopwatch()
        capture = open_capture(device, cv2.CAP_V4L2)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, SIZE_PX[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, SIZE_PX[1])
        super().__init__(
            capture,
            name=device,
            if_mute=f"close other programs that use it, or choose {_present()}",
        )

    def _time_s(self) -> float:
        return self._clock.elapsed_s()


def video_devices() -> list[str]:
    """The paths /dev/videoN that exist, in the order of N."""
    found = (str(path) for path in Path("/dev").glob("video[0-9]*"))
    return sorted(found, key=lambda path: (len(path), path))


def _present() -> str:
    return ", ".join([*video_devices(), "--camera demo"])
