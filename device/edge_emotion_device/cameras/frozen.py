"""A live picture that stands still."""

from time import monotonic
from zlib import crc32

import numpy as np

from edge_emotion.errors import warn
from edge_emotion.types import Image

FROZEN_S = 60.0
LOOK_EVERY_S = 1.0
ROW_STEP = 8  # an eighth of the rows has noise enough to tell


class FrozenPicture:
    """Tells, once, that a live picture has stayed the same byte for byte.

    The noise of a sensor changes bytes in every frame, so one that stays the same mostly comes from
    a hung camera.  But a test picture stays the same too, and so may a night behind a JPEG encoder:
    it is told and nothing else is done.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._look_s = 0.0  # of the monotonic clock: when to look again
        self._since_s = 0.0
        self._checksum: int | None = None
        self._told = False

    def look(self, image: Image) -> None:
        """Take the next picture; only one a second is looked at."""
        now_s = monotonic()
        if now_s < self._look_s:
            return
        self._look_s = now_s + LOOK_EVERY_S
        checksum = crc32(np.ascontiguousarray(image[::ROW_STEP]).data)
        if checksum != self._checksum:
            self._checksum, self._since_s, self._told = checksum, now_s, False
        elif not self._told and now_s - self._since_s >= FROZEN_S:
            self._told = True
            warn(
                f"the picture of {self._name} has not changed in a single byte for {FROZEN_S:g} s; "
                "if it is no test picture, start the camera anew"
            )
