"""How many pictures a second, and how good ones, a viewer's link takes."""

from dataclasses import dataclass

BEST_FPS, WORST_FPS = 15.0, 1.0
_LEAST_FPS = 6.0  # before pictures become worse
_USED = 0.8  # of the time a link may be busy, so that what waits in the socket drains
_WEIGHT = 0.2  # of a picture in the mean: a Wi-Fi that stalls once tells little
_ROOM = 1.25  # above the best rate, before better pictures are tried
_STEP = 2.0  # what the pictures of a level take, in those of the next
_AGAIN_S = 10.0  # after a step, before better pictures are tried


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

    How fast a link is shows in how long the socket has to be waited for with each picture.  That
    takes sockets that hold back little unsent.

    Args:
        best: the first of `LEVELS` that it may use.

    Attributes:
        fps: pictures a second to send now.
    """

    def __init__(self, best: int = 0) -> None:
        self.fps = BEST_FPS
        self._best = self._at = best
        self._wait_s = 0.0  # for a byte, a moving mean
        self._stepped_s = float("-inf")

    @property
    def level(self) -> Level:
        """How to encode the next picture."""
        return LEVELS[self._at]

    def sent(self, size_bytes: int, took_s: float, now_s: float) -> None:
        """Learn from a picture that was sent, for which the socket was waited for `took_s`."""
        self._wait_s += _WEIGHT * (took_s / size_bytes - self._wait_s)
        fps = _USED / max(self._wait_s * size_bytes, _USED / (2 * BEST_FPS))
        while fps < _LEAST_FPS and self._at < len(LEVELS) - 1:
            self._at, self._stepped_s = self._at + 1, now_s
            fps *= _STEP
        settled = now_s - self._stepped_s > _AGAIN_S
        if fps >= BEST_FPS * _ROOM and self._at > self._best and settled:
            self._at, self._stepped_s = self._at - 1, now_s
            fps /= _STEP
        self.fps = min(BEST_FPS, max(WORST_FPS, fps))
