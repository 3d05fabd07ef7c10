"""A video file: every frame, in order."""

from pathlib import Path

import cv2

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.cameras.opencv import OpenCvCamera, open_capture


class VideoFile(OpenCvCamera):
    """The frames of a video file.  One that breaks off ends with the last frame it has."""

    kind = "clip"

    def __init__(self, source: str) -> None:
        remedy = "use a whole video file, such as MP4, AVI, MKV or WebM"
        if Path(source).stat().st_size == 0:
            raise EdgeEmotionError(f"{source} is empty (0 bytes)", remedy=remedy)
        super().__init__(open_capture(source, cv2.CAP_ANY), name=source, if_mute=remedy)

    def _time_s(self) -> float:
        # The container's own time is right for a variable frame rate too; some give none.
        position_s = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        if position_s > 0 or self.fps is None:
            return position_s
        return self._index / self.fps
