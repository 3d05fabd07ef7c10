"""How many pictures a second, and how good ones, a viewer's link takes."""

from dataclasses import dataclass

BEST_FPS, WORST_FPS = 15.0, 1.0
_LEAST_FPS = 6.0  # before pictures become worse
_BLOCKED_S = 0.02  # a socket that has room takes a picture in far less
_USED = 0.8  # of what the link was measured to take, so that what waits in the socket drains
_TRIES = 0.1  # a second: how fast more is tried while nothing blocks
_ROOM = 1.25  # above the best rate, before better pictures are tried
_STEP = 2.0  # what the pictures of a level take, in those of the next


@dataclass(frozen=True)
class Level:
    """How a picture is encoded.

    Attributes:
        width_px: it is reduced to this width where it is wider.
        quality: of JPEG, 0 to 100.
    """

    width_px: int
    quality: int


LEVELS = (Level(1280, 80), Level(640, 65), Level(480, 50), Level(320, 40))


class Pace:
    """Follows one viewer: first fewer pictures, then worse ones, and back when there is room.

    What a link takes is known when the socket has to be waited for: as much as was sent since the
    last time.  While it has not, more is tried.

    Args:
        best: the first of `LEVELS` that it may use.

    Attributes:
        fps: pictures a second to send now.
    """

    def __init__(self, best: int = 0) -> None:
        self.fps = BEST_FPS
        self._best = self._at = best
        self._link = float("inf")  # bytes a second
        self._sent_bytes = 0  # since when the socket had to be waited for last
        self._waited_s: float | None = None  # when that was, or the first picture
        self._last_s = 0.0

    @property
    def level(self) -> Level:
        """How to encode the next picture."""
        return LEVELS[self._at]

    def sent(self, size_bytes: int, took_s: float, now_s: float) -> None:
        """Learn from a picture that was sent, for which the socket was waited for `took_s`."""
        self._sent_bytes += size_bytes
        if self._waited_s is None:
            self._waited_s = now_s - took_s
        if took_s > _BLOCKED_S:
            self._link = self._sent_bytes / max(took_s, now_s - self._waited_s)
            self._sent_bytes, self._waited_s = 0, now_s
        else:
            tried = self._link * (1 + _TRIES * (now_s - self._last_s))
            self._link = min(tried, size_bytes * BEST_FPS * _ROOM / _USED)
        self._last_s = now_s
        self._choose(_USED * self._link / size_bytes)

    def _choose(self, fps: float) -> None:
        """The level, and its rate, for a link that takes `fps` pictures of the present one."""
        while fps < _LEAST_FPS and self._at < len(LEVELS) - 1:
            self._at += 1
            fps *= _STEP
        if fps >= BEST_FPS * _ROOM and self._at > self._best:
            self._at -= 1
            fps /= _STEP
        self.fps = min(BEST_FPS, max(WORST_FPS, fps))
