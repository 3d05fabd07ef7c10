"""The pictures that leave the process: the only way to a window, a file, a page or a snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge_emotion.types import Frame, Image, Reading
from edge_emotion_device.overlay import draw_overlay

# A head is larger than its face, and hair says who somebody is: in sides of the face's box.
_ASIDE, _ABOVE = 0.25, 0.4
# Blocks across a head, four of them across its face.  With finer ones, networks trained on such
# faces of a known group still tell who is who (McPherson, Shokri and Shmatikov, "Defeating Image
# Obfuscation with Deep Learning", arXiv:1609.00408), and super-resolution starts from 16.
_BLOCKS = 6
_LINGERS_S = 2.0
_GROWS = 0.25  # sides of the box in a second, for who was lost may have moved

_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Hidden:
    """A head that is not shown.

    Attributes:
        blocks: `(_BLOCKS, _BLOCKS, 3)` BGR, what is shown in its place.
        box: of its face where it was seen or suspected last, xyxy in pixels.
        seen_s: when that was, by the frames' clock.
        missed: a detection has looked since and did not find it.
    """

    blocks: Image
    box: _Box
    seen_s: float
    missed: bool = False


class Outgoing:
    """Draws readings on frames, and with `anonymize` hides the heads.

    A head becomes a few blocks, each the mean of what it covers.  They are taken when a face is
    first read and stay while it is followed: new ones in each frame, sampled a little beside the
    last, would add up to a finer picture.  A face that was lost stays hidden where it was for two
    seconds, for it may have been missed and not gone.  What a detector suspects to be a face is
    hidden alike, and at least until a detection has looked again.

    `see` and `picture` may be called from different threads.

    Args:
        anonymize: whether to hide them.
    """

    def __init__(self, anonymize: bool) -> None:
        self._anonymize = anonymize
        self._hidden: dict[int, _Hidden] = {}  # by track; replaced, never changed

    def see(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Remember where the faces of a frame are; call it for every frame of a camera or clip."""
        if self._anonymize:
            self._hidden = self._hidden_in(frame, readings)

    def picture(self, frame: Frame, readings: Sequence[Reading]) -> Image:
        """A new picture, `(H, W, 3) uint8` BGR: the frame with its readings drawn on it."""
        if not self._anonymize:
            return draw_overlay(frame.image, readings)
        image = _copy(frame.image)
        for hidden in self._hidden_in(frame, readings).values():
            _cover(image, hidden, frame.time_s)
        return draw_overlay(image, readings)

    def _hidden_in(self, frame: Frame, readings: Sequence[Reading]) -> dict[int, _Hidden]:
        """Those seen in the frame and those seen shortly before, by track; suspects below zero."""
        faces = {reading.track_id: reading.box for reading in readings}
        read, looked = list(faces.values()), frame.candidates is not None
        found = {
            place: replace(hidden, missed=True) if looked else hidden
            for place, hidden in self._hidden.items()
            if _lingers(place, hidden, frame.time_s)
            and not (place < 0 and any(_same(hidden.box, box) for box in read))
        }
        for box in frame.candidates or ():
            if not any(_same(face, box) for face in faces.values()):
                known = (
                    place
                    for place, hidden in found.items()
                    if place not in faces and _same(hidden.box, box)
                )
                faces[next(known, min((0, *found, *faces)) - 1)] = box
        for place, box in faces.items():
            known_as = found.get(place)
            blocks = _blocks(frame.image, box) if known_as is None else known_as.blocks
            found[place] = _Hidden(blocks, box, frame.time_s)
        return found


def _lingers(place: int, hidden: _Hidden, now_s: float) -> bool:
    lately = abs(now_s - hidden.seen_s) <= _LINGERS_S  # a picture may be asked for late
    return lately or (place < 0 and not hidden.missed)


def _same(one: _Box, other: _Box) -> bool:
    """Whether the middle of each box lies in the other."""
    return _holds(one, other) and _holds(other, one)


def _holds(box: _Box, other: _Box) -> bool:
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _copy(image: Image) -> Image:
    """A copy in BGR."""
    return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()


def _blocks(image: Image, face: _Box) -> Image:
    """The means of the blocks of a head; black where it is not in the picture.

    What of it lies outside is taken as the picture's edge goes on, for a part of a head in as many
    blocks would be finer.
    """
    (top, bottom), (left, right) = _head(face, 0.0)
    rows, columns = _within(image, face, 0.0)
    seen = image[rows, columns]
    if not seen.size:
        return np.zeros((_BLOCKS, _BLOCKS, 3), np.uint8)
    missing = (rows.start - top, bottom - rows.stop, columns.start - left, right - columns.stop)
    head = cv2.copyMakeBorder(seen, *missing, cv2.BORDER_REPLICATE)
    return _copy(cv2.resize(head, (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA))


def _cover(image: Image, hidden: _Hidden, now_s: float) -> None:
    late_s = min(abs(now_s - hidden.seen_s), _LINGERS_S)
    under = image[_within(image, hidden.box, _GROWS * late_s)]
    if under.size:
        size = (under.shape[1], under.shape[0])
        under[:] = cv2.resize(hidden.blocks, size, interpolation=cv2.INTER_NEAREST)


def _within(image: Image, face: _Box, grown: float) -> tuple[slice, slice]:
    """The rows and columns of a picture that a head takes, `grown` by sides of its face."""
    height, width = image.shape[:2]
    (top, bottom), (left, right) = _head(face, grown)
    rows = slice(min(max(top, 0), height), min(max(bottom, 0), height))
    return rows, slice(min(max(left, 0), width), min(max(right, 0), width))


def _head(face: _Box, grown: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last row, first and last column of a head, which may reach out of the picture."""
    left, top, right, bottom = face
    side = max(right - left, bottom - top)
    aside, above = (_ASIDE + grown) * side, (_ABOVE + grown) * side
    rows, columns = (top - above, bottom + aside), (left - aside, right + aside)
    return (round(rows[0]), round(rows[1])), (round(columns[0]), round(columns[1]))
