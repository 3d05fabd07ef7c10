"""A video file: every frame, in order."""

from pathlib import Path
from time import monotonic

import cv2

from edge_emotion.data.images import LARGEST_PICTURE_PX
from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.types import Image
from edge_emotion_device.cameras.opencv import OpenCvCamera, open_capture

# A read at the end of a file costs 20 µs, so this many failed ones are no wait; a hole of 60 % of a
# small clip took 183 of them.  Where each costs more, as of huge frames, the time is the bound.
TRIES = 1000
TRYING_S = 5.0
_SIDES = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
# Their headers count the frames; others only tell how long they last.
COUNTING_SUFFIXES = (".avi", ".mp4", ".m4v", ".mov")


class VideoFile(OpenCvCamera):
    """The frames of a video file.  Damaged ones are passed over, and told at the end."""

    kind = "clip"

    def __init__(self, source: str) -> None:
        remedy = "use a whole video file, such as MP4, AVI, MKV or WebM"
        if Path(source).stat().st_size == 0:
            raise EdgeEmotionError(f"{source} is empty (0 bytes)", remedy=remedy)
        if source != source.encode(errors="replace").decode():  # OpenCV would crash
            raise EdgeEmotionError(f"{source!a}: its name is not UTF-8", remedy="rename it")
        self._ended = False
        super().__init__(_opened(source), name=source, if_mute=remedy)

    def _grab(self) -> Image | None:
        if self._ended:
            return None
        until_s = monotonic() + TRYING_S
        for _ in range(TRIES if self._capture.isOpened() else 0):
            if (image := super()._grab()) is not None:
                return image
            if monotonic() > until_s:
                break
        self._ended = True
        if self._index:
            self._tell_missing()
        return None

    def _time_s(self) -> float:
        # The container's own time is right for a variable frame rate too; some give none.
        position_s = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        if position_s > 0 or self.fps is None:
            return position_s
        return self._index / self.fps

    def _tell_missing(self) -> None:
        announced = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        missing = announced - self._index
        # One in a hundred may be missing for good reasons: cuts that the file only describes.
        if Path(self.name).suffix.lower() in COUNTING_SUFFIXES and missing > 2 + announced // 100:
            warn(f"{self.name}: {missing} of its {announced} frames are damaged and were left out")


def _opened(source: str) -> cv2.VideoCapture:
    """A capture whose frames have a size that can be.

    FFmpeg bounds what a frame may claim.  OpenCV's own reader of MJPEG, which takes what FFmpeg
    refuses, does not: 8 kB made it fill 1.6 GB for each frame.
    """
    has_ffmpeg = cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends()
    capture = open_capture(source, cv2.CAP_FFMPEG if has_ffmpeg else cv2.CAP_ANY)
    width, height = (int(capture.get(side)) for side in _SIDES)
    if width * height > LARGEST_PICTURE_PX:
        capture.release()
        raise EdgeEmotionError(
            f"{source} has frames of {width}x{height} px",
            expected=f"at most {LARGEST_PICTURE_PX // 10**6} million pixels",
        )
    return capture
