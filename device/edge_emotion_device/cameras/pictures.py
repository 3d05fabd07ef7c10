"""An image file or a folder of them: separate pictures, or the frames of one clip."""

from pathlib import Path

from edge_emotion.data.images import IMAGE_SUFFIXES, image_files, read_image
from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.types import Frame
from edge_emotion_device.cameras.base import Camera, Kind

SEQUENCE_FPS = 25.0


class Pictures(Camera):
    """Separate pictures in the order of their names; each frame carries its picture's name."""

    kind: Kind = "pictures"
    fps: float | None = None

    def __init__(self, source: str) -> None:
        self.name = source
        path = Path(source)
        self._files = image_files(path) if path.is_dir() else [path]
        self._index = self._broken = 0
        if not self._files:
            raise EdgeEmotionError(
                f"the folder {source} holds no image",
                expected=f"files ending in {', '.join(IMAGE_SUFFIXES)}",
                remedy="name the folder that holds them directly",
            )

    def read(self) -> Frame | None:
        """The next picture, or None after the last; a broken one among others is told and skipped.

        Raises:
            EdgeEmotionError: none of the files is a picture.
        """
        while self._index < len(self._files):
            index, file = self._index, self._files[self._index]
            self._index += 1
            try:
                image = read_image(file)
            except EdgeEmotionError as error:
                self._broken += 1
                if self._broken == len(self._files):
                    raise
                warn(f"skipped: {error}")
                continue
            return Frame(image, index, index / self.fps if self.fps else 0.0, source=file.name)
        return None

    def close(self) -> None:
        """Nothing is held between two reads."""


class PictureSequence(Pictures):
    """Pictures that are the frames of one clip."""

    kind = "clip"
    fps = SEQUENCE_FPS
