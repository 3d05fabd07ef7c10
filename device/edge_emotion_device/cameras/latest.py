"""The newest frame of a live camera, however slow its reader is and however often it is lost."""

import threading
from collections.abc import Callable
from dataclasses import replace
from math import isinf
from time import monotonic

from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.types import Frame
from edge_emotion_device.cameras.base import Camera
from edge_emotion_device.cameras.frozen import FrozenPicture
from edge_emotion_device.cameras.network import without_password
from edge_emotion_device.options import RunOptions

STALL_S = 5.0  # a read that takes longer hangs; OpenCV's own timeout of 3 s was seen to take 9
OPEN_STALL_S = 45.0  # so does an opening; a good RTSP camera may need 10 s
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0  # before a try to open a lost camera; they double
STEADY_S = 10.0  # a camera that held this long begins with the first pause again
MAX_HUNG = 3  # threads left behind in a call that does not return
LOOK_EVERY_S = 0.25  # how often who waits for a frame looks after the thread
CLOSE_S = 1.0
REMEDY = "check its cable, power or network"


class LatestFrame(Camera):
    """Opens and reads a camera in a thread that owns it, and keeps only the newest frame.

    A camera that fails or hangs is opened again, after growing pauses.  Its loss and its return are
    each told in a line; a consumer notices a longer wait, and after `give_up_s` the failure.
    Numbers and times of the frames go on over a reopening.

    Attributes:
        name, fps: the camera's, once it is open.
        dropped: frames that a newer one replaced before anybody read them.
        reopened: how often a lost camera came back.
        trouble: what it was lost by; empty while it is there.
    """

    kind = "live"

    def __init__(
        self,
        open_it: Callable[[], Camera],
        give_up_s: float = RunOptions.give_up,
        name: str = "",
    ) -> None:
        """Begin to open the camera; closing this closes it.

        Args:
            open_it: opens it, the first time and after each loss.
            give_up_s: seconds after a loss until `read` fails; 0 ends at the first, `inf` never.
            name: the camera's source, which messages call it by until it is open.
        """
        self.name = without_password(name) or "the camera"
        self.fps: float | None = None
        self.dropped = self.reopened = 0
        self._open_it, self._give_up_s = open_it, give_up_s
        self._frozen: FrozenPicture
        self._closing = threading.Event()
        self._changed = threading.Condition()  # for all that follows
        self._opened = False  # the first time
        self._newest: Frame | None = None  # not handed out yet
        self._ended = False  # nothing will be put in any more
        self._failure: Exception | None = None  # why nothing is put in now, and since when
        self._lost_s = 0.0
        self._last: Frame | None = None  # that was put in, and when
        self._last_s = self._opened_s = monotonic()
        self._add_index, self._add_s = 0, 0.0  # to what a reopened camera counts from 0 again
        self._pause_s = FIRST_PAUSE_S
        self._hung: list[threading.Thread] = []
        self._start()

    def opened(self, timeout_s: float) -> bool:
        """Wait until the camera has been opened for the first time.

        Returns:
            False when that took longer than `timeout_s`, or this was closed before.

        Raises:
            Exception: what that opening failed with; it is not tried again.
        """
        self._wait_for(lambda: self._opened or self._over(), timeout_s)
        with self._changed:
            if self._failure is not None and not self._opened:
                raise self._failure
            return self._opened

    def read(self) -> Frame | None:
        """The newest frame, later than the one of the last call; waits for it.

        Returns:
            None when the source has ended or this is closed.

        Raises:
            EdgeEmotionError: the camera is lost for `give_up_s`, or hangs again and again; what
                it failed with is the cause.
            Exception: what the first opening failed with.
        """
        while not self.wait(LOOK_EVERY_S):
            pass
        with self._changed:
            frame, self._newest = self._newest, None
            fine = frame is not None or self._closing.is_set()
            if fine or (self._ended and self._failure is None):
                return frame
            if self._failure is not None and not self._opened:
                raise self._failure
            raise self._what_failed() from self._failure

    def wait(self, timeout_s: float) -> bool:
        """Wait until `read` would not: for a frame, the end or a failure.

        Returns:
            False when none of them came within `timeout_s`.
        """
        return self._wait_for(self._decided, timeout_s)

    def close(self) -> None:
        """End the thread, and with it the camera; one that hangs is left behind."""
        with self._changed:
            self._closing.set()
            self._newest = None
            self._changed.notify_all()
        self._thread.join(CLOSE_S)

    def _wait_for(self, decided: Callable[[], bool], timeout_s: float) -> bool:
        until_s = monotonic() + timeout_s
        with self._changed:
            while not decided():
                left_s = until_s - monotonic()
                if left_s <= 0:
                    return False
                self._changed.wait(min(left_s, LOOK_EVERY_S))
                self._replace_hung_thread()
        return True

    # What the thread does.  One that was replaced puts nothing in and ends when its call returns.

    def _start(self) -> None:
        self._expect_life_within(OPEN_STALL_S)
        self._thread = threading.Thread(target=self._keep_newest, name=f"camera {self.name}")
        self._thread.daemon = True  # a program that forgets close() still ends
        self._thread.start()

    def _in_charge(self) -> bool:
        return threading.current_thread() is self._thread and not self._over()

    def _expect_life_within(self, seconds: float) -> None:
        self._hangs_s = monotonic() + seconds

    def _keep_newest(self) -> None:
        while True:
            failure: Exception | None = None
            try:
                with self._open() as camera:
                    while self._in_charge() and (frame := camera.read()):
                        self._put(frame)
            except Exception as error:  # handed over to the consumer
                failure = error
            with self._changed:
                if not self._in_charge():
                    return
                if failure is None or not self._opened:
                    self._end(failure)
                    return
                self._lose(failure)

    def _open(self) -> Camera:
        """Open the camera, after the first time with the pause that is due."""
        if self._opened:
            self._pause()
        camera = self._open_it()
        with self._changed:
            if self._in_charge():
                self._expect_life_within(STALL_S)
                self._opened_s = monotonic()
                if not self._opened:
                    self._opened, self._last_s = True, self._opened_s
                    self.name, self.fps = camera.name, camera.fps
                    self._frozen = FrozenPicture(self.name)
                    self._changed.notify_all()
        return camera

    def _pause(self) -> None:
        with self._changed:
            pause_s = self._pause_s
            self._pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            if self._in_charge():
                self._expect_life_within(pause_s + OPEN_STALL_S)
        self._closing.wait(pause_s)
        if not self._in_charge():
            raise EdgeEmotionError(f"{self.name} is closed")

    def _put(self, frame: Frame) -> None:
        self._frozen.look(frame.image)
        with self._changed:
            if not self._in_charge():
                return
            self._expect_life_within(STALL_S)
            now_s = monotonic()
            if self._failure is not None:
                self._welcome_back(frame, now_s)
            if self._add_index or self._add_s:
                index, time_s = frame.index + self._add_index, frame.time_s + self._add_s
                frame = replace(frame, index=index, time_s=time_s)
            self.dropped += self._newest is not None
            self._newest = self._last = frame
            self._last_s = now_s
            self._changed.notify_all()

    # Loss, return and end; all of it is called with `_changed` held.

    def _lose(self, failure: Exception) -> None:
        first, self._failure = self._failure is None, failure
        self.trouble = self._told(failure)
        if not first:
            return
        self._lost_s = monotonic()
        self._changed.notify_all()
        if self._lost_s - self._opened_s >= STEADY_S:
            self._pause_s = FIRST_PAUSE_S
        if self._given_up():
            return
        limit = "" if isinf(self._give_up_s) else f" for {self._give_up_s:g} s"
        warn(f"{self._told(failure)}; trying to open it again{limit}")

    def _welcome_back(self, frame: Frame, now_s: float) -> None:
        self._failure, self.trouble = None, ""
        self.reopened += 1
        warn(f"{self.name} is back after {now_s - self._last_s:.1f} s")
        if self._last is not None:
            self._add_index = self._last.index + 1 - frame.index
            self._add_s = self._last.time_s + (now_s - self._last_s) - frame.time_s

    def _replace_hung_thread(self) -> None:
        if self._decided() or monotonic() < self._hangs_s:
            return
        self._hung = [*(thread for thread in self._hung if thread.is_alive()), self._thread]
        seconds = monotonic() - self._last_s
        found = f"{self.name} hangs: nothing has come from it for {seconds:.0f} s"
        if len(self._hung) > MAX_HUNG:  # only the end of the process gives their memory back
            self._end(EdgeEmotionError(found, remedy=f"start the program again, and {REMEDY}"))
        elif not self._opened:
            self._end(EdgeEmotionError(found, remedy=REMEDY))
        else:
            self._lose(EdgeEmotionError(found, remedy=REMEDY))
            self._start()

    def _end(self, failure: Exception | None) -> None:
        self._ended, self._failure = True, failure
        self._changed.notify_all()

    def _over(self) -> bool:
        return self._ended or self._closing.is_set()

    def _decided(self) -> bool:
        return self._newest is not None or self._over() or self._given_up()

    def _given_up(self) -> bool:
        return self._failure is not None and monotonic() - self._lost_s >= self._give_up_s

    def _what_failed(self) -> EdgeEmotionError:
        told = self._told(self._failure)
        if self._ended or not self._give_up_s:
            return EdgeEmotionError(told)
        return EdgeEmotionError(f"{self.name} has given no frame for {self._give_up_s:g} s: {told}")

    def _told(self, failure: Exception | None) -> str:
        known = isinstance(failure, EdgeEmotionError)
        return str(failure) if known else f"{self.name}: {failure!r}"
