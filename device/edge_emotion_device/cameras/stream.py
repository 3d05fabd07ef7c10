"""A network camera: RTSP, or MJPEG over HTTP."""

import os
from urllib.parse import urlsplit

import cv2

from edge_emotion_device.cameras.base import Stopwatch
from edge_emotion_device.cameras.opencv import OpenCvCamera

OPEN_TIMEOUT_MS, READ_TIMEOUT_MS = 10_000, 5_000


class NetworkStream(OpenCvCamera):
    """A stream at an `rtsp://` or `http://` address.  Messages never show its password."""

    kind = "live"

    def __init__(self, source: str) -> None:
        if source.startswith("rtsp:"):
            # Over UDP, OpenCV's FFmpeg reads broken pictures or nothing.
            os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        address = urlsplit(source)
        name = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
        self._clock = Stopwatch()
        super().__init__(
            source,
            cv2.CAP_FFMPEG,
            (
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                OPEN_TIMEOUT_MS,
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                READ_TIMEOUT_MS,
            ),
            name=name,
            no_frame="check the address, the name and password, and that the camera is on",
        )

    def _time_s(self) -> float:
        return self._clock.elapsed_s()
