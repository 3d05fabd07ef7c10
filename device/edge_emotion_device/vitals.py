"""How a run goes at this moment, for those who listen from other threads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from edge_emotion.types import Floats

# Upper bounds in ms: from a network on a fast core (0.1) to a detector on a Pi Zero (1,000).
STAGE_BOUNDS_MS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1000.0)


@dataclass(frozen=True)
class Stage:
    """The durations of one stage of the frame path since the run began.

    Attributes:
        latest_ms: the latest 10,000 of them, in no order.
        counts: how many were at most each of `STAGE_BOUNDS_MS`, and above the bound before; the
            last counts those above all bounds.
        sum_ms: of all of them.
    """

    latest_ms: Floats = field(compare=False)
    counts: tuple[int, ...]
    sum_ms: float

    @property
    def percentiles_ms(self) -> tuple[float, float]:
        """p50 and p95 over the latest; worked out here, for few who listen ask for them."""
        p50_ms, p95_ms = np.percentile(self.latest_ms, (50, 95))
        return float(p50_ms), float(p95_ms)


@dataclass(frozen=True)
class Vitals:
    """A run at one moment.

    Attributes:
        frames, with_face, readings: counted since the run began.
        dropped: frames that a newer one replaced before anybody read them.
        fps: frames read a second, lately.
        camera: its name; empty while none is open.
        trouble: why the camera gives no frames; empty while all is well.
        reopened: how often the camera was lost and came back.
        since_frame_s: seconds since the last frame; None before the first.
        stages: by name: read, detect, keypoints, emotion, analyze, write.
        ran_on: what runs each network, such as `keypoints on cpu, 23 operators`.
        temperature_c: of the CPU; None where there is no sensor.
        limit_fps: the rate that is kept to, as asked for or because of heat; None for none.
        lowered: how often heat or power lowered the rate.
        faces: read in the last frame.
        labels: readings by the emotion decided for their face, None while undecided.
        failures: of the sinks, by their names, that did not end the run.
    """

    frames: int
    with_face: int
    readings: int
    dropped: int
    fps: float
    camera: str
    trouble: str
    reopened: int
    since_frame_s: float | None
    stages: dict[str, Stage]
    ran_on: tuple[str, ...]
    temperature_c: float | None
    limit_fps: float | None
    lowered: int
    faces: int = 0
    labels: Mapping[str | None, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
