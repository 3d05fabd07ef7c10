"""A recorded session, summed up line by line in bounded memory."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from edge_emotion_report.session.lines import Line, RunLine
from edge_emotion_report.session.timeline import LABELS, PAUSE_S, UNDECIDED, Timeline

SHOWN = 20  # persons
_FOLLOWED = 8 * SHOWN  # persons, before those who have gone are looked through
_FINENESS = 0.002  # of percentiles, as a part of the duration


@dataclass
class Person:
    """One track of one run: nobody is recognised, so who comes back later is a person anew.

    Attributes:
        name: its number, with that of the run where there are several.
        first_s, last_s: when it was seen first and last, on the session's clock.
        seconds: that each of `LABELS` held.
        timeline: what it showed.
    """

    name: str
    first_s: float
    last_s: float
    timeline: Timeline
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LABELS, 0.0))
    label: str = UNDECIDED  # now
    emotion: str | None = None  # the last one that was decided

    @property
    def present_s(self) -> float:
        """How long it was in view."""
        return sum(self.seconds.values())


class Session:
    """What the lines of a session say.

    Runs that were added to one file, each with a clock from 0, follow upon each other without a
    pause: from a run's start to its first face the camera may have taken its time.

    Attributes:
        frames, with_face, readings: lines speak of; frames without a face only if recorded.
        length_s: from each run's first face to its last, together.
        run_starts_s: of the runs with a face, on the session's clock.
        run_dates: when these were started; None where no line says so.
        people: how many there were.
        seconds: by label, of all of them together.
        changes: how often one emotion followed another in one face.
    """

    def __init__(self) -> None:
        self.frames = self.with_face = self.readings = self.people = 0
        self.run_starts_s: list[float] = []
        self.run_dates: list[datetime | None] = []
        self.length_s = 0.0
        self.seconds = dict.fromkeys(LABELS, 0.0)
        self.changes: Counter[tuple[str, str]] = Counter()
        self._stages: dict[str, Durations] = {}
        self._intervals = Durations()
        self._followed: dict[int, Person] = {}  # of this run
        self._gone: list[Person] = []
        self._frame = -1
        self._started: datetime | None = None  # this run
        self._offset_s: float | None = None  # from the run's clock to the session's
        self._before_s: float | None = None  # when the frame before was, if it had a face

    @property
    def fps(self) -> float | None:
        """Frames read a second, by the usual time between two of them."""
        usual_ms = self._intervals.percentile(50)
        return 1000 / usual_ms if usual_ms else None

    @property
    def stages(self) -> dict[str, tuple[float, float]]:
        """p50 and p95 in ms of each stage, within 0.2 %."""
        return {
            name: (times.percentile(50) or 0.0, times.percentile(95) or 0.0)
            for name, times in self._stages.items()
        }

    @property
    def longest_present(self) -> list[Person]:
        """Those who were in view for longest, at most `SHOWN`, in their order of appearance."""
        everybody = [*self._gone, *self._followed.values()]
        longest = sorted(everybody, key=attrgetter("present_s"), reverse=True)[:SHOWN]
        return sorted(longest, key=attrgetter("first_s"))

    def add_all(self, lines: Iterable[Line | RunLine]) -> "Session":
        """Take lines in their order; returns the session."""
        for line in lines:
            self.add(line)
        return self

    def add(self, line: Line | RunLine) -> None:
        """Take the next line."""
        if isinstance(line, RunLine):
            if line.started != self._started:
                self._begin_run(line.started)
            return
        if line.frame < self._frame:  # its first line is not there
            self._begin_run(None)
        new = line.frame != self._frame
        self._frame = line.frame
        self.frames += new
        if line.time_s is None:
            self._before_s = None
            return
        self.with_face += new
        self.readings += 1
        now_s = self._session_time(line.time_s)
        if new:
            if self._before_s is not None and now_s > self._before_s:
                self._intervals.add(1000 * (now_s - self._before_s))
            self._before_s = now_s
        for stage, duration_ms in (line.ms or {}).items():
            if duration_ms and (new or stage != "detect"):  # detection is the whole frame's
                self._stages.setdefault(stage, Durations()).add(duration_ms)
        self._add_to(self._person(line.track_id, now_s), line, now_s)

    def _begin_run(self, started: datetime | None) -> None:
        self._retire(list(self._followed))
        self._started, self._frame = started, -1
        self._offset_s = self._before_s = None

    def _session_time(self, time_s: float) -> float:
        if self._offset_s is None:
            self._offset_s = self.length_s - time_s
            self.run_starts_s.append(self.length_s)
            self.run_dates.append(self._started)
        now_s = time_s + self._offset_s
        self.length_s = max(self.length_s, now_s)
        return now_s

    def _person(self, track_id: int, now_s: float) -> Person:
        if track_id not in self._followed:
            if len(self._followed) >= _FOLLOWED:
                since_s = {number: now_s - who.last_s for number, who in self._followed.items()}
                self._retire([number for number, gone_s in since_s.items() if gone_s > PAUSE_S])
            self.people += 1
            run = len(self.run_starts_s)
            name = f"{track_id}" if run == 1 else f"{track_id} of run {run}"
            self._followed[track_id] = Person(name, now_s, now_s, Timeline(now_s))
        return self._followed[track_id]

    def _add_to(self, person: Person, line: Line, now_s: float) -> None:
        lasted_s = now_s - person.last_s
        if 0 < lasted_s <= PAUSE_S:  # what was said of a frame holds until the next
            person.seconds[person.label] += lasted_s
            self.seconds[person.label] += lasted_s
        person.last_s, person.label = now_s, line.label or UNDECIDED
        if line.label is not None:
            if person.emotion not in (None, line.label):
                self.changes[person.emotion or "", line.label] += 1
            person.emotion = line.label
        person.timeline.add(now_s, person.label, line.smoothed)

    def _retire(self, numbers: Iterable[int]) -> None:
        """Keep, of those who have gone, only those who may be shown."""
        self._gone += [self._followed.pop(number) for number in numbers]
        self._gone.sort(key=attrgetter("present_s"), reverse=True)
        del self._gone[SHOWN:]


class Durations:
    """Durations counted on a logarithmic scale, for percentiles in bounded memory."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, duration_ms: float) -> None:
        """Take one duration, above 0."""
        self._counts[round(math.log(duration_ms) / math.log1p(_FINENESS))] += 1

    def percentile(self, percent: float) -> float | None:
        """In ms; None before the first duration."""
        rank = percent / 100 * (self._counts.total() - 1)
        for step in sorted(self._counts):
            rank -= self._counts[step]
            if rank < 0:
                return math.exp(step * math.log1p(_FINENESS))
        return None
