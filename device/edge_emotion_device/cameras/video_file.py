"""A video file: every frame, in order."""

from pathlib import Path

import cv2

from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.types import Image
from edge_emotion_device.cameras.opencv import OpenCvCamera, open_capture

# A read at the end of a file costs 20 µs, so this many failed ones are no wait; a hole of 60 % of a
# small clip took 183 of them.
TRIES = 1000
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
        super().__init__(open_capture(source, cv2.CAP_ANY), name=source, if_mute=remedy)

    def _grab(self) -> Image | None:
        if self._ended:
            return None
        for _ in range(TRIES if self._capture.isOpened() else 0):
            if (image := super()._grab()) is not None:
                return image
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
