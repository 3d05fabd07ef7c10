"""Which face is which from frame to frame, through short losses and crossings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from edge_emotion.preprocess import SquareCrop
from edge_emotion.types import Floats
from edge_emotion_device.sighting import Sighting, looks_same, overlap
from edge_emotion_device.smoothing import LabelSmoother, OneEuroFilter

# A detector's crop that overlaps a followed one as much as this is of the same face.
_SAME_FACE_IOU = 0.3
# Two tracks whose crops overlap more than this follow one and the same face.
_ONE_FACE_IOU = 0.5
# A face whose crop touches another's by more than this may be covered by it: its portrait waits.
_APART_IOU = 0.02

# A lost face that comes back within this time, this near (in sides of its crop), of about its size
# and looking alike, keeps its number.
_REMEMBERED_S = 1.2
_REACH = 1.5
_SIZES_APART = 1.6
_LOOKS_ALIKE = 0.5
# One that comes back so and does not look alike may still be half covered, and gets this long.
_UNVEILS_IN_S = 0.2
_PORTRAIT_TIME_S = 1.0


@dataclass(eq=False)
class Track:
    """One face that is being followed, or was until a moment ago.

    Attributes:
        track_id: its number, never used again.
        crop: where the networks look next.
        look: how it looked last, as `sighting.look_of`.
        portrait: how it looked over the last second, while no other face was near.
        seen_s: when it was seen last.
        rival_s: since when and until when somebody else seemed to be in its place.
        points, label: its smoothing.
    """

    track_id: int
    crop: SquareCrop
    look: Floats
    portrait: Floats
    seen_s: float
    rival_s: tuple[float, float] = (-math.inf, -math.inf)
    points: OneEuroFilter = field(default_factory=OneEuroFilter)
    label: LabelSmoother = field(default_factory=LabelSmoother)

    def paint(self, step_s: float) -> None:
        """Bring the portrait nearer to the present look."""
        weight = np.float32(1 - math.exp(-max(step_s, 0.0) / _PORTRAIT_TIME_S))
        portrait = self.portrait + weight * (self.look - self.portrait)
        self.portrait = portrait / max(float(np.linalg.norm(portrait)), 1e-6)

    def familiar(self) -> float:
        """How much it looks as it mostly does, at most 1."""
        return float(self.look @ self.portrait)

    def resembles(self, look: Floats) -> bool:
        """Whether this is the look of the same face: as it was last, or as it mostly is."""
        return looks_same(look, self.look) or float(look @ self.portrait) >= _LOOKS_ALIKE


class Tracker:
    """The faces in view, at most `max_faces`, and those lost a moment ago.

    Pairs are matched greedily, the best first.  An optimal assignment differs from that only where
    several faces contend for several places at once, and place and look leave hardly a pair to
    choose from among eight faces.
    """

    def __init__(self, max_faces: int) -> None:
        self.tracks: list[Track] = []
        self._lost: list[Track] = []
        self._max_faces = max_faces
        self._next_id = 1
        self._time_s = self._last_s = 0.0  # of this frame and the one before

    @property
    def room(self) -> int:
        """How many more faces may be followed."""
        return self._max_faces - len(self.tracks)

    @property
    def missing(self) -> bool:
        """Whether a face was lost a moment ago and may come back."""
        return bool(self._lost)

    def reset(self) -> None:
        """Forget all faces; the numbers go on."""
        self.tracks, self._lost = [], []

    def begin(self, time_s: float) -> None:
        """Start on the next frame; a clock that stands still or runs back forgets lost faces."""
        going = time_s > self._time_s
        self._last_s, self._time_s = self._time_s, time_s
        self._lost = [track for track in self._lost if going and self._remembered(track)]

    def see(self, track: Track, sighting: Sighting) -> None:
        """Take what was seen of a face in the frame at hand."""
        track.crop, track.look, track.seen_s = sighting.next_crop, sighting.look, self._time_s

    def lose(self, track: Track) -> None:
        """Follow a face no longer, but remember it for a moment."""
        self.tracks.remove(track)
        if self._remembered(track):  # the frame before may be long ago
            self._lost.append(track)

    def known(self, crop: SquareCrop, others: Sequence[Sighting] = ()) -> bool:
        """Whether a crop is of a face that is followed already, or that is among the others."""
        crops = [track.crop for track in self.tracks] + [other.next_crop for other in others]
        return any(overlap(one, crop) >= _SAME_FACE_IOU for one in crops)

    def welcome(self, sightings: list[Sighting]) -> list[Track | None]:
        """Follow faces that were not followed, one track each: lost ones again, others as new.

        None stands for a face in the place of a lost one which has yet to show whether it is that.
        """
        pairs = [
            (float(sighting.look @ track.portrait), place, track)
            for place, sighting in enumerate(sightings)
            for track in self._lost
            if _in_reach(track.crop, sighting.crop)
        ]
        found: dict[int, Track] = {}
        for likeness, place, track in sorted(pairs, key=lambda pair: -pair[0]):
            if likeness >= _LOOKS_ALIKE and place not in found and track in self._lost:
                self._lost.remove(track)
                found[place] = track
        tracks = [found.get(place) or self._new(seen) for place, seen in enumerate(sightings)]
        for one, sighting in zip(tracks, sightings, strict=True):
            if one is not None:
                self.see(one, sighting)
                self.tracks.append(one)
        return tracks

    def part(self) -> None:
        """Let no two tracks follow one face: the one that it looks like stays, the other is lost.

        The portraits of faces that stand alone are brought up to date.
        """
        for one, other in combinations(tuple(self.tracks), 2):
            both = one in self.tracks and other in self.tracks
            if both and overlap(one.crop, other.crop) >= _ONE_FACE_IOU:
                self.lose(min(other, one, key=Track.familiar))
        for track in self.tracks:
            others = (other for other in self.tracks if other is not track)
            if all(overlap(track.crop, other.crop) < _APART_IOU for other in others):
                track.paint(self._time_s - self._last_s)

    def _remembered(self, track: Track) -> bool:
        return self._time_s - track.seen_s <= _REMEMBERED_S

    def _new(self, sighting: Sighting) -> Track | None:
        """A track of its own for a face, unless it may still turn out to be a lost one."""
        waits = False
        for lost in self._lost:
            if _in_reach(lost.crop, sighting.crop):
                since_s, until_s = lost.rival_s
                if until_s < self._last_s:  # nobody was there in the frame before
                    since_s = self._time_s
                lost.rival_s = since_s, self._time_s
                waits |= self._time_s - since_s < _UNVEILS_IN_S
        if waits:
            return None
        track = Track(self._next_id, sighting.next_crop, sighting.look, sighting.look, self._time_s)
        self._next_id += 1
        return track


def _in_reach(lost: SquareCrop, seen: SquareCrop) -> bool:
    """Whether a face may have come from one crop to the other while it was out of sight."""
    x = abs(lost.x + lost.side / 2 - seen.x - seen.side / 2)
    y = abs(lost.y + lost.side / 2 - seen.y - seen.side / 2)
    smaller, larger = sorted((lost.side, seen.side))
    return max(x, y) <= _REACH * larger and larger <= _SIZES_APART * smaller
