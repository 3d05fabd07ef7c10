"""The frames of a clip, read ahead while the one before is being looked at."""

from collections import deque
from threading import Condition, Thread

from edge_emotion.types import Frame
from edge_emotion_device.cameras.base import Camera

_AHEAD = 4  # frames; more only take memory


class ReadAhead(Camera):
    """Reads a clip in a thread that owns it; every frame comes out, in its order."""

    kind = "clip"

    def __init__(self, camera: Camera) -> None:
        """Take over `camera`, an open one; closing this closes it."""
        self.name, self.fps = camera.name, camera.fps
        self._camera = camera
        self._changed = Condition()
        self._frames: deque[Frame] = deque()
        self._ended = self._closing = False
        self._failure: Exception | None = None
        self._thread = Thread(target=self._read_ahead, name=f"camera {self.name}", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Whether `read` will return at once; waits for that, so long at most."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._frames or self._ended), timeout_s)

    def read(self) -> Frame | None:
        """The next frame, or None after the last.

        Raises:
            EdgeEmotionError: what reading this frame failed with.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._ended)
            if self._frames:
                frame = self._frames.popleft()
                self._changed.notify_all()
                return frame
        if self._failure is not None:
            raise self._failure
        return None

    def close(self) -> None:
        """End the thread, and with it the camera."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _read_ahead(self) -> None:
        try:
            with self._camera:
                while self._put(self._camera.read()):
                    pass
        except Exception as error:  # handed over to the reader
            self._failure = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _put(self, frame: Frame | None) -> bool:
        """Whether there is more to read."""
        if frame is None:
            return False
        with self._changed:
            self._frames.append(frame)
            self._changed.notify_all()
            self._changed.wait_for(lambda: len(self._frames) < _AHEAD or self._closing)
            return not self._closing
