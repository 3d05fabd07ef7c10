"""Following faces from frame to frame: which crop comes next, and which face is which."""

from dataclasses import dataclass, field

import numpy as np

from edge_emotion.preprocess import SquareCrop, resize_square
from edge_emotion.types import Floats, Image
from edge_emotion_device.detector import crop_for_box
from edge_emotion_device.smoothing import LabelSmoother, OneEuroFilter

# Crops that overlap less than this are of two faces, or of one that was lost.
SAME_FACE_IOU = 0.3
# Two tracks whose crops overlap more than this follow one and the same face.
ONE_FACE_IOU = 0.5
# A crop that its own points would move further than this was not on a face.
STEADY_IOU = 0.55
# The same face a frame later looks alike (correlation of 12×12 reductions, about 0.98); what looks
# otherwise is a cut, a hand before the face, or a face that is gone.
SAME_LOOK = 0.6
_SMALLEST_CROP_PX = 16
# Haar misses a face that turns away for a moment; this many detections in a row without it end it.
_MISSES_ALLOWED = 4
_LOOK_SIDE_PX = 12

# Where the face lies in a crop, xyxy in parts of its side: medians over annotated faces, by
# benchmarks/framing.py.
_FACE_IN_CROP = (0.085, -0.07, 0.915, 1.075)


@dataclass
class Track:
    """One face that is being followed.

    Attributes:
        track_id: its number, never used again.
        crop: where the networks look next.
        look: how it looked last, as `look_of`; None before its first frame.
        doubtful: whether what is in the crop may be no face any more.
        misses: detections in a row that did not find it.
        points, label: its smoothing.
    """

    track_id: int
    crop: SquareCrop
    look: Floats | None = None
    doubtful: bool = False
    misses: int = 0
    points: OneEuroFilter = field(default_factory=OneEuroFilter)
    label: LabelSmoother = field(default_factory=LabelSmoother)


class Tracker:
    """The faces in view, at most `max_faces`."""

    def __init__(self, max_faces: int) -> None:
        self.tracks: list[Track] = []
        self._max_faces = max_faces
        self._next_id = 1

    def reset(self) -> None:
        """Forget all faces; the numbers go on."""
        self.tracks = []

    def take_detections(self, boxes: Floats) -> None:
        """Match `(N, 4)` xyxy boxes of the detector, the best first, with the tracks.

        A matched track keeps its crop, which comes from points and is better than a box, unless it
        is doubtful.  An unmatched track ends if it is doubtful or was missed too often.  Boxes that
        are left start new tracks.
        """
        crops = [crop_for_box(box) for box in boxes]
        kept = []
        for track in self.tracks:
            overlaps = [overlap(track.crop, crop) for crop in crops]
            best = int(np.argmax(overlaps)) if overlaps else -1
            if best >= 0 and overlaps[best] >= SAME_FACE_IOU:
                crop = crops.pop(best)
                if track.doubtful:
                    track.crop, track.look, track.doubtful = crop, None, False
                track.misses = 0
            else:
                track.misses += 1
            if not track.doubtful and track.misses <= _MISSES_ALLOWED:
                kept.append(track)
        for crop in crops[: max(0, self._max_faces - len(kept))]:
            kept.append(Track(self._next_id, crop))
            self._next_id += 1
        self.tracks = kept

    def end_doubles(self) -> None:
        """End every track that has come to the face of an older one."""
        kept: list[Track] = []
        for track in self.tracks:
            if all(overlap(track.crop, older.crop) < ONE_FACE_IOU for older in kept):
                kept.append(track)
        self.tracks = kept

    def end_doubtful(self) -> None:
        """End the tracks that are doubtful."""
        self.tracks = [track for track in self.tracks if not track.doubtful]


def look_of(face: Image) -> Floats:
    """How a `(48, 48) uint8` face looks: its 12×12 reduction, of mean 0 and length 1."""
    small = resize_square(face, _LOOK_SIDE_PX).ravel().astype(np.float32)
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)


def overlap(one: SquareCrop, other: SquareCrop) -> float:
    """Intersection over union of two crops."""
    width = min(one.x + one.side, other.x + other.side) - max(one.x, other.x)
    height = min(one.y + one.side, other.y + other.side) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.side**2 + other.side**2 - shared)


def can_follow(crop: SquareCrop, height: int, width: int) -> bool:
    """Whether a crop is large enough, not larger than the frame allows, and centred inside it."""
    center_x, center_y = crop.x + crop.side / 2, crop.y + crop.side / 2
    inside = 0 <= center_x < width and 0 <= center_y < height
    return inside and _SMALLEST_CROP_PX <= crop.side <= 2 * max(height, width)


def face_box(crop: SquareCrop) -> tuple[float, float, float, float]:
    """The face from forehead to chin, xyxy in frame pixels, inside the networks' crop."""
    left, top, right, bottom = _FACE_IN_CROP
    return (
        crop.x + left * crop.side,
        crop.y + top * crop.side,
        crop.x + right * crop.side,
        crop.y + bottom * crop.side,
    )
