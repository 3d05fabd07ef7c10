"""A network camera: RTSP, or MJPEG over HTTP."""

import os
from urllib.parse import urlsplit

import cv2

from edge_emotion_device.cameras.base import Stopwatch
from edge_emotion_device.cameras.opencv import OpenCvCamera, open_capture

TIMEOUTS = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 10_000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 5_000)


class NetworkStream(OpenCvCamera):
    """A stream at an `rtsp://` or `http://` address.  Messages never show its password."""

    kind = "live"

    def __init__(self, source: str) -> None:
        if source.lower().startswith("rtsp:"):
            # Over UDP, OpenCV's FFmpeg reads broken pictures or nothing.
            os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        address = urlsplit(source)
        name = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
        self._clock = Stopwatch()
        super().__init__(
            open_capture(source, cv2.CAP_FFMPEG, TIMEOUTS),
            name=name,
            if_mute="check the address, the name and password, and that the camera is on",
        )

    def _time_s(self) -> float:
        return self._clock.elapsed_s()
