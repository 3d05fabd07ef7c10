"""How many frames a second are read: at most as asked for, fewer while the board is throttled."""

from collections.abc import Callable
from time import monotonic, sleep

from edge_emotion.errors import warn
from edge_emotion_device.board import read_temperature_c, read_throttling

# A Raspberry Pi slows its cores down from 80 °C on (Raspberry Pi documentation, "Frequency
# management and thermal control"): some degrees below, it has air for more.
COOL_C = 75.0
_LOOK_EVERY_S = 5.0
_PATIENCE_S = 30.0  # from one change of the rate to the next: heat follows slowly
_LOWEST_FPS = 1.0
_SLICE_S = 0.2

# The temperature in °C, if there is a sensor, and why less should be done, or nothing.
LookAtBoard = Callable[[], tuple[float | None, str]]


class Pace:
    """Spaces the frames of a run.

    While the board is throttled, by heat or a weak supply, the rate is halved, again and again
    down to one frame a second, and doubled again once it is cool.

    Args:
        max_fps: what was asked for; None for as many as come.

    Attributes:
        limit_fps: what holds now; None for as many as come.
        lowered: how often heat or power lowered the rate.
        temperature_c: the last one seen; None where there is no sensor.
        hottest_c: the highest temperature seen; None where there is no sensor.
    """

    def __init__(
        self,
        max_fps: float | None,
        *,
        clock: Callable[[], float] = monotonic,
        pause: Callable[[float], None] = sleep,
        stopped: Callable[[], bool] = lambda: False,
        look_at_board: LookAtBoard | None = None,
    ) -> None:
        self.limit_fps = self._asked_fps = max_fps
        self.lowered = 0
        self.temperature_c: float | None = None
        self.hottest_c: float | None = None
        self._clock, self._pause, self._stopped = clock, pause, stopped
        self._look_at_board = look_at_board or board_troubles
        self._due_s = self._looked_s = clock()
        self._frames = 0  # since the last look
        self._changed_s: float | None = None
        self._full_fps: float | None = None  # the rate before it was lowered; None while it is not

    def wait(self) -> None:
        """Wait until the next frame is due, or the run stops; look at the board now and then."""
        now_s = self._clock()
        if now_s - self._looked_s >= _LOOK_EVERY_S:
            self._look(self._frames / (now_s - self._looked_s), now_s)
            self._frames, self._looked_s = 0, now_s
        self._frames += 1
        if self.limit_fps is None:
            return
        while (early_s := self._due_s - self._clock()) > 0 and not self._stopped():
            self._pause(min(early_s, _SLICE_S))
        self._due_s = max(self._due_s, now_s) + 1 / self.limit_fps

    def _look(self, fps: float, now_s: float) -> None:
        temperature_c, trouble = self._look_at_board()
        self.temperature_c = temperature_c
        if temperature_c is not None:
            self.hottest_c = max(temperature_c, self.hottest_c or temperature_c)
        if self._changed_s is not None and now_s - self._changed_s < _PATIENCE_S:
            return
        if trouble and fps > _LOWEST_FPS:
            self._lower(fps, trouble)
        elif not trouble and (temperature_c is None or temperature_c < COOL_C):
            self._raise()

    def _lower(self, fps: float, trouble: str) -> None:
        self._full_fps = self._full_fps or fps
        self._set(max(_LOWEST_FPS, fps / 2))
        self.lowered += 1
        warn(f"{trouble}: reading at most {self.limit_fps:.1f} frames/s")

    def _raise(self) -> None:
        if self._full_fps is None or self.limit_fps is None:
            return
        raised = 2 * self.limit_fps
        if raised >= (self._asked_fps or self._full_fps):
            self._full_fps = None
            self._set(self._asked_fps)
            warn("the board has cooled down: reading as before")
        else:
            self._set(raised)

    def _set(self, limit_fps: float | None) -> None:
        self.limit_fps = limit_fps
        self._changed_s = self._due_s = self._clock()


def board_troubles() -> tuple[float | None, str]:
    """What this board's sensors say.

    Only a Raspberry Pi tells that it is throttled; another machine's temperature alone says little,
    for a desktop may well be at 90 °C.  Its soft limit costs little and is left alone.
    """
    throttling = read_throttling()
    told = throttling.now if throttling is not None else ()
    reasons = ", ".join(reason for reason in told if reason != "soft temperature limit")
    return read_temperature_c(), f"the board is throttled ({reasons})" if reasons else ""
