"""Who is there, for those who want to know of comings and goings rather than of frames."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edge_emotion.types import Frame, Reading

# A face that is read no more has gone.  The tracker gives one that comes back within 1.2 s its
# number again.
GONE_AFTER_S = 1.5
# Another face becomes the most prominent one when it is larger than that one by a quarter.
_LARGER = 1.25


@dataclass(frozen=True)
class Event:
    """Something that happened to one face.

    Attributes:
        event: new, changed (its label) or gone.
        track_id: the face's number in its readings.
        label: decided for it now, or last; None while undecided.
        time_s: of the frame that shows it, the last one for a face that has gone.
        seconds: how long the face has been there by then.
    """

    event: str
    track_id: int
    label: str | None
    time_s: float
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The event as its JSON object."""
        return {
            "event": self.event,
            "track_id": self.track_id,
            "label": self.label,
            "time_s": round(self.time_s, 3),
            "seconds": round(self.seconds, 3),
        }


@dataclass
class _Face:
    reading: Reading
    first_s: float

    @property
    def area_px(self) -> float:
        left, top, right, bottom = self.reading.box
        return (right - left) * (bottom - top)

    def event(self, event: str) -> Event:
        reading = self.reading
        seconds = reading.time_s - self.first_s
        return Event(event, reading.track_id, reading.label, reading.time_s, seconds)


class Faces:
    """The faces that are there: read in the last frame, or until 1.5 s before it.

    Attributes:
        prominent: the last reading of the largest; None while there is none.  A face stays it
            until another one is clearly larger.
    """

    def __init__(self) -> None:
        self._faces: dict[int, _Face] = {}
        self._time_s = -math.inf
        self.prominent: Reading | None = None

    def __len__(self) -> int:
        return len(self._faces)

    def see(self, frame: Frame, readings: Sequence[Reading]) -> list[Event]:
        """Take the next frame and what was read in it; returns what has happened.

        Before a separate picture, or when the clock runs back, all faces have gone.
        """
        anew = frame.source is not None or frame.time_s < self._time_s
        events = self.leave() if anew else []
        self._time_s = frame.time_s
        for reading in readings:
            face = self._faces.get(reading.track_id)
            if face is None:
                face = self._faces[reading.track_id] = _Face(reading, reading.time_s)
                events.append(face.event("new"))
                continue
            changed = reading.label != face.reading.label
            face.reading = reading
            if changed:
                events.append(face.event("changed"))
        for track_id, face in tuple(self._faces.items()):
            if frame.time_s - face.reading.time_s > GONE_AFTER_S:
                events.append(self._faces.pop(track_id).event("gone"))
        self._choose()
        return events

    def leave(self) -> list[Event]:
        """Let all faces go, for nobody sees them any more; returns that they did."""
        events = [face.event("gone") for face in self._faces.values()]
        self._faces = {}
        self._choose()
        return events

    def _choose(self) -> None:
        largest = max(self._faces.values(), key=lambda face: face.area_px, default=None)
        former = self.prominent and self._faces.get(self.prominent.track_id)
        if largest and former and largest.area_px < _LARGER * former.area_px:
            largest = former
        self.prominent = None if largest is None else largest.reading


class Rate:
    """Lets through so many readings a second of each face.

    Args:
        per_s: at most, on average over a few.
    """

    def __init__(self, per_s: float) -> None:
        self._step_s = 1 / per_s
        self._due_s: dict[int, float] = {}

    def due(self, track_id: int, now_s: float) -> bool:
        """Whether a reading of this face is due."""
        due_s = self._due_s.get(track_id, now_s)
        if now_s < due_s:
            return False
        late = now_s - due_s >= self._step_s
        self._due_s[track_id] = (now_s if late else due_s) + self._step_s
        return True

    def forget(self, track_id: int) -> None:
        """A face has gone."""
        self._due_s.pop(track_id, None)
