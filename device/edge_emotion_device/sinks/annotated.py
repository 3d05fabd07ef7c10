"""The frames with their readings drawn on them, as a video or as pictures."""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import cv2

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.files import replacing, write_bytes
from edge_emotion.quiet import silence_opencv
from edge_emotion.types import Frame, Reading
from edge_emotion_device.outgoing import Outgoing
from edge_emotion_device.sinks.base import Sink

DEFAULT_FPS = 25.0
LEAST_FREE_BYTES = 16_000_000  # the video's index is written last, and has to fit too
_LOOK_EVERY = 25  # frames, at the free space
LONGEST_PAUSE_S = 10.0  # of a lost camera that the video shows
_PLAYED_PART = 0.9  # of the frames written that a whole video has, to be sure
JPEG_QUALITY = 92


class AnnotatedVideo(Sink):
    """An .mp4 of the frames; it appears on `close`, playable even after an interruption.

    The first frame fixes its size; later frames of another size are brought to it.
    """

    name = "video"
    whole_on_close = True

    def __init__(
        self,
        path: Path,
        fps: float | None,
        source: Path | None = None,
        *,
        anonymize: bool = False,
    ) -> None:
        """Make ready to write.

        Args:
            path: of the video, ending in .mp4.
            fps: of the source; 25 where it announces none.
            source: the file that is read, if it is one.
            anonymize: whether to hide the faces.

        Raises:
            WrongUse: `path` is the source itself and would be overwritten.
        """
        if source is not None and path.resolve() == source.resolve():
            raise WrongUse(
                f"{path} is the video that is read",
                expected="another folder for the annotated one",
            )
        self._path = path
        self._fps = fps or DEFAULT_FPS
        self._outgoing = Outgoing(anonymize)
        self._stack = ExitStack()
        self._writer: cv2.VideoWriter | None = None
        self._size_px = (0, 0)
        self._first_s: float | None = None
        self._written = 0

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Draw and append one frame.

        Raises:
            EdgeEmotionError: the disk is nearly full; the video so far is whole once it is closed.
        """
        self._outgoing.see(frame, readings)
        image = self._outgoing.picture(frame, readings)
        if self._writer is None:
            self._size_px = (image.shape[1], image.shape[0])
            self._writer = self._open()
        elif (image.shape[1], image.shape[0]) != self._size_px:
            image = cv2.resize(image, self._size_px, interpolation=cv2.INTER_AREA)
        if self._first_s is None:
            self._first_s = frame.time_s
        # A frame is repeated where the camera, or we, gave none, so that the video keeps time.
        due = round((frame.time_s - self._first_s) * self._fps) + 1 - self._written
        left_out = max(0, due - round(LONGEST_PAUSE_S * self._fps))
        self._first_s += left_out / self._fps  # what follows is that much earlier in the video
        for _ in range(max(1, due - left_out)):
            if self._written % _LOOK_EVERY == 0:
                self._check_room()
            self._writer.write(image)
            self._written += 1

    def close(self) -> None:
        """Finish the video and put it in place.

        Raises:
            EdgeEmotionError: it cannot be played, so what lay there before was left.
        """
        self._stack.close()

    def _open(self) -> cv2.VideoWriter:
        silence_opencv()
        with ExitStack() as opening:
            part = opening.enter_context(replacing(self._path))
            fourcc = cv2.VideoWriter.fourcc(*"mp4v")
            writer = cv2.VideoWriter(str(part), fourcc, self._fps, self._size_px)
            opening.callback(self._check, part)  # these run before the file is put in place
            opening.callback(writer.release)
            if not writer.isOpened():
                width, height = self._size_px
                raise EdgeEmotionError(
                    f"cannot write {width}x{height} px as the video {self._path}",
                    expected="2x2 to 8192x4096 px, and an OpenCV with FFmpeg",
                    remedy="leave --save out",
                )
            self._stack = opening.pop_all()
        return writer

    def _check_room(self) -> None:
        """Look at the free space, for OpenCV's writer tells of no full disk."""
        free_bytes = shutil.disk_usage(self._path.parent).free
        if free_bytes < LEAST_FREE_BYTES:
            raise EdgeEmotionError(
                f"the disk of the video {self._path} has {free_bytes / 1e6:.1f} MB left; it ends "
                f"after {self._written} frames",
                expected=f"{LEAST_FREE_BYTES / 1e6:.0f} MB or more",
                remedy="free some space, or leave --save out",
            )

    def _check(self, part: Path) -> None:
        """Look at the finished file: a quota, for one, is not seen in the free space."""
        if not self._written:
            return
        video = cv2.VideoCapture(str(part))
        frames = video.get(cv2.CAP_PROP_FRAME_COUNT)  # 0 of one that does not open
        video.release()
        if frames < _PLAYED_PART * self._written:
            raise EdgeEmotionError(
                f"the video {self._path} cannot be played: it has {frames:.0f} of "
                f"{self._written} frames",
                remedy="check the free space",
            )


class AnnotatedPictures(Sink):
    """A .jpg for each picture, under the picture's own name."""

    name = "pictures"

    def __init__(self, folder: Path, source: Path, *, anonymize: bool = False) -> None:
        """Make ready to write into `folder`.

        Args:
            folder: is made if need be.
            source: the picture or the folder of pictures that is read.
            anonymize: whether to hide the faces.

        Raises:
            WrongUse: the pictures lie in `folder` themselves and would be overwritten.
        """
        pictures = source if source.is_dir() else source.parent
        if folder.resolve() == pictures.resolve():
            raise WrongUse(
                f"{folder} holds the pictures that are read",
                expected="another folder for the annotated ones",
            )
        self._folder = folder
        self._outgoing = Outgoing(anonymize)  # told of no frame: no picture follows another
        self._names: set[str] = set()

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Draw and write one picture."""
        source = Path(frame.source or f"{frame.index:06d}")
        name = source.with_suffix(".jpg").name
        if name in self._names:  # face.png beside face.jpg
            name = f"{source.name}.jpg"
        self._names.add(name)
        image = self._outgoing.picture(frame, readings)
        encoded, content = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
        assert encoded
        write_bytes(self._folder / name, content.tobytes())

    def close(self) -> None:
        """Every picture is whole as soon as it is written."""
