"""A network camera that speaks RTSP."""

import os

import cv2

from edge_emotion_device.cameras.base import Stopwatch
from edge_emotion_device.cameras.network import check_reachable, without_password
from edge_emotion_device.cameras.opencv import OpenCvCamera, open_capture

PORT = 554
# A stalled read may take three of its timeouts (9 s for 3 s were seen): `LatestFrame` acts before.
TIMEOUTS = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 20_000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 6_000)


class RtspStream(OpenCvCamera):
    """A stream at an `rtsp://` address, over TCP.  Messages never show its password."""

    kind = "live"

    def __init__(self, source: str) -> None:
        # Over UDP, OpenCV's FFmpeg reads broken pictures or nothing.
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        check_reachable(source, PORT)
        self._clock = Stopwatch()
        super().__init__(
            open_capture(source, cv2.CAP_FFMPEG, TIMEOUTS),
            name=without_password(source),
            if_mute="check the path in the address, the name and the password",
        )

    def _time_s(self) -> float:
        return self._clock.elapsed_s()
