"""The frames of a clip, read ahead while the one before is being looked at."""

from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread

from edge_emotion.types import Frame
from edge_emotion_device.cameras.base import Camera

_AHEAD = 4  # frames; more only take memory
_LOOK_EVERY_S = 0.2


class ReadAhead(Camera):
    """Reads a clip in a thread that owns it; every frame comes out, in its order."""

    kind = "clip"

    def __init__(self, camera: Camera) -> None:
        """Take over `camera`, an open one; closing this closes it."""
        self.name, self.fps = camera.name, camera.fps
        self._camera = camera
        self._frames: Queue[Frame | Exception | None] = Queue(_AHEAD)
        self._closing = Event()
        self._thread = Thread(target=self._read_ahead, name=f"camera {self.name}", daemon=True)
        self._thread.start()

    def read(self) -> Frame | None:
        """The next frame, or None after the last.

        Raises:
            EdgeEmotionError: what reading this frame failed with.
        """
        while True:  # in slices, so that a signal is taken
            try:
                item = self._frames.get(timeout=_LOOK_EVERY_S)
            except Empty:
                if self._closing.is_set():
                    return None
                continue
            if isinstance(item, Frame):
                return item
            self._put(item)  # it stays the end for whoever asks again
            if item is not None:
                raise item
            return None

    def close(self) -> None:
        """End the thread, and with it the camera."""
        self._closing.set()
        self._thread.join()

    def _read_ahead(self) -> None:
        end: Exception | None = None
        try:
            with self._camera:
                while not self._closing.is_set() and (frame := self._camera.read()) is not None:
                    self._put(frame)
        except Exception as error:  # handed over to the reader
            end = error
        self._put(end)

    def _put(self, item: Frame | Exception | None) -> None:
        while not self._closing.is_set():
            with suppress(Full):
                self._frames.put(item, timeout=_LOOK_EVERY_S)
                return
