"""What the sources behind `cv2.VideoCapture` share: opening, reading and closing one."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.quiet import silence_opencv
from edge_emotion.types import Frame, Image
from edge_emotion_device.cameras.base import Camera

MAX_FPS = 1000.0  # more is no frame rate: FFmpeg announces 90000, its clock, where it knows none


def open_capture(address: str, backend: int, options: Sequence[int] = ()) -> cv2.VideoCapture:
    """Open a path or URL with one of `cv2.CAP_*`; options are property, value, property, ..."""
    silence_opencv()
    return cv2.VideoCapture(address, backend, list(options))


class OpenCvCamera(Camera):
    """A source OpenCV reads.  Opening it reads the first frame, so a mute source is found at once.

    Subclasses set `kind`, give each frame its time, and may try a failed read again.
    """

    def __init__(self, capture: cv2.VideoCapture, name: str, if_mute: str) -> None:
        """Take over a capture.

        Args:
            capture: as `open_capture` gives it, opened or not.
            name: what messages call the source.
            if_mute: what to do when it gives no frame.

        Raises:
            EdgeEmotionError: not a single frame could be read.
        """
        self.name = name
        self._capture = capture
        self._index = 0
        self._pending: Image | None = self._grab()
        if self._pending is None:
            self.close()
            raise EdgeEmotionError(f"{name} gives no frame", remedy=if_mute)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps < MAX_FPS else None

    def read(self) -> Frame | None:
        """The next frame, or None when a file has no more."""
        image, self._pending = self._pending, None
        if image is None:
            image = self._grab()
        if image is None:
            self._check_end()
            return None
        frame = Frame(image, self._index, self._time_s())
        self._index += 1
        return frame

    def close(self) -> None:
        """Give the device, connection or file back."""
        self._capture.release()

    def _grab(self) -> Image | None:
        try:
            read, image = self._capture.read()
        except cv2.error:  # an empty JPEG of a USB camera
            return None
        return np.asarray(image, np.uint8) if read and image is not None else None

    def _time_s(self) -> float:
        """Time of the frame that was just read."""
        raise NotImplementedError

    def _check_end(self) -> None:
        """Having no further frame is the end of a file, but the loss of a live source."""
        if self.kind == "live":
            raise EdgeEmotionError(
                f"{self.name} stopped giving frames after {self._index}",
                remedy="check its cable, power or network",
            )
