"""The newest frame of a live camera, however slow its reader is."""

import threading

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame
from edge_emotion_device.cameras.base import Camera

STALL_S = 10.0


class LatestFrame(Camera):
    """Reads a camera in a thread that owns it, and keeps only the newest frame.

    Attributes:
        dropped: frames that a newer one replaced before anybody read them.
    """

    kind = "live"

    def __init__(self, camera: Camera) -> None:
        """Take over `camera`, an open one; closing this closes it."""
        self.name, self.fps = camera.name, camera.fps
        self.dropped = 0
        self._camera = camera
        self._changed = threading.Condition()
        self._newest: Frame | None = None  # not handed out yet
        self._ended = False  # the thread puts nothing in any more
        self._error: Exception | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_newest, name=f"camera {self.name}")
        self._thread.daemon = True  # a program that forgets close() still ends
        self._thread.start()

    def read(self, timeout_s: float = STALL_S) -> Frame | None:
        """The newest frame, later than the one of the last call; waits for it.

        Returns:
            None when the source has ended or this is closed.

        Raises:
            EdgeEmotionError: no frame came within `timeout_s`, or the camera failed; its own
                exception is the cause.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._newest or self._ended, timeout_s):
                raise EdgeEmotionError(
                    f"{self.name} has given no frame for {timeout_s:g} s",
                    remedy="check its cable, power or network",
                )
            frame, self._newest = self._newest, None
            error = self._error
        if frame is None and error is not None:
            known = isinstance(error, EdgeEmotionError)
            raise EdgeEmotionError(str(error) if known else f"{self.name}: {error!r}") from error
        return frame

    def close(self) -> None:
        """End the thread, and with it the camera; waits for the camera's current read."""
        self._closing.set()
        self._thread.join()
        with self._changed:
            self._newest = None

    def _keep_newest(self) -> None:
        error: Exception | None = None
        try:
            with self._camera:
                while not self._closing.is_set() and (frame := self._camera.read()):
                    self._put(frame)
        except Exception as caught:  # handed over to the reader
            error = caught
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def _put(self, frame: Frame) -> None:
        with self._changed:
            self.dropped += self._newest is not None
            self._newest = frame
            self._changed.notify_all()
