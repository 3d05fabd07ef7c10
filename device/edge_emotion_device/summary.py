"""What a run did so far: for those who listen while it lasts, and printed when it ends."""

import resource
import sys
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TextIO

import numpy as np

from edge_emotion.labels import EMOTIONS
from edge_emotion.types import Reading
from edge_emotion_device.analyzer import Analyzer
from edge_emotion_device.cameras.base import Camera
from edge_emotion_device.pacing import Pace
from edge_emotion_device.sinks.base import Sink
from edge_emotion_device.vitals import STAGE_BOUNDS_MS, Stage, Vitals

_KEPT = 10_000  # the latest times of each stage; percentiles are over these
_LATELY = 64  # frames: the rate "lately" is over these


class StageTimes:
    """The latest durations of one stage, in a ring of fixed size."""

    def __init__(self) -> None:
        self._ms = np.empty(_KEPT, np.float32)
        self._count = 0
        self._sum_ms = 0.0
        self._counts = [0] * (len(STAGE_BOUNDS_MS) + 1)

    def add(self, duration_ms: float) -> None:
        """Take one duration."""
        self._ms[self._count % _KEPT] = duration_ms
        self._count += 1
        self._sum_ms += duration_ms
        self._counts[bisect_left(STAGE_BOUNDS_MS, duration_ms)] += 1

    def stage(self) -> Stage | None:
        """All that is known of the stage; None before the first duration."""
        latest_ms = self._ms[: min(self._count, _KEPT)].copy()
        return Stage(latest_ms, tuple(self._counts), self._sum_ms) if latest_ms.size else None


class Summary:
    """What a run did so far.

    Attributes:
        frames: read.
        sinks: whose failures count.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.sinks: Sequence[Sink] = ()
        self._with_face = self._faces = self._refused = 0
        self._readings = 0
        self._labels: dict[str | None, int] = dict.fromkeys((*EMOTIONS, None), 0)
        self._lock = Lock()  # of the next three with `_camera` and `_pace`
        self._dropped = self._reopened = self._lowered = 0
        self._hottest_c: float | None = None
        self._elapsed_s = 0.0
        self._begun_s: float | None = None
        self._begun_frames = 0
        self._ran_on: list[str] = []
        self._camera: Camera | None = None
        self._pace: Pace | None = None
        self._lately_s: deque[float] = deque(maxlen=_LATELY)  # when the latest frames were read
        stages = ("read", "detect", "keypoints", "emotion", "analyze", "write")
        self._stages = {name: StageTimes() for name in stages}

    @property
    def fps(self) -> float:
        """Frames read a second, with the camera at hand."""
        elapsed_s = monotonic() - self._begun_s if self._begun_s is not None else 0.0
        return (self.frames - self._begun_frames) / elapsed_s if elapsed_s > 0 else 0.0

    @property
    def status(self) -> str:
        """One line on how the run goes."""
        return f"{self.frames} frames read, {self.fps:.1f} frames/s, {self._readings} readings"

    def vitals(self) -> Vitals:
        """How the run goes at this moment; may be called from any thread."""
        with self._lock:
            camera, pace = self._camera, self._pace
            dropped = self._dropped + (camera.dropped if camera else 0)
            reopened = self._reopened + (camera.reopened if camera else 0)
            lowered = self._lowered + (pace.lowered if pace else 0)
        lately_s = tuple(self._lately_s)
        took_s = monotonic() - lately_s[0] if lately_s else 0.0
        stages = {name: times.stage() for name, times in self._stages.items()}
        return Vitals(
            frames=self.frames,
            with_face=self._with_face,
            readings=self._readings,
            dropped=dropped,
            fps=len(lately_s) / took_s if took_s > 0 else 0.0,
            camera=camera.name if camera else "",
            trouble=camera.trouble if camera else "",
            reopened=reopened,
            since_frame_s=monotonic() - lately_s[-1] if lately_s else None,
            stages={name: stage for name, stage in stages.items() if stage},
            ran_on=tuple(self._ran_on),
            temperature_c=pace.temperature_c if pace else None,
            limit_fps=pace.limit_fps if pace else None,
            lowered=lowered,
            faces=self._faces,
            labels=dict(self._labels),
            failures=self._failures(),
        )

    def _failures(self) -> dict[str, int]:
        """Of the sinks by their names; two of a kind may be open."""
        found = dict.fromkeys((sink.name for sink in self.sinks), 0)
        for sink in self.sinks:
            found[sink.name] += sink.failures
        return found

    def begin(self, analyzer: Analyzer, camera: Camera, pace: Pace) -> None:
        """A camera is being read from now on."""
        with self._lock:
            self._camera, self._pace = camera, pace
        self._begun_s, self._begun_frames = monotonic(), self.frames
        self._ran_on = analyzer.ran_on

    def end(self) -> None:
        """The camera is not read any more."""
        assert self._begun_s is not None and self._camera is not None and self._pace is not None
        self._elapsed_s += monotonic() - self._begun_s
        temperatures_c = [c for c in (self._hottest_c, self._pace.hottest_c) if c is not None]
        self._hottest_c = max(temperatures_c, default=None)
        with self._lock:  # who listens sees all of it or nothing, so that no sum runs backwards
            self._dropped += self._camera.dropped
            self._reopened += self._camera.reopened
            self._lowered += self._pace.lowered
            self._camera = self._pace = None

    def add(
        self,
        readings: Sequence[Reading],
        detect_ms: float,
        read_s: float,
        analyze_s: float,
        write_ms: float,
        suspected: int = 0,
    ) -> None:
        """Count one frame: what detection took (0: none), to get it, to read it, to hand it on.

        `suspected` are the faces that detection found in it, read or not.
        """
        self.frames += 1
        self._refused += suspected > 0 and not readings
        self._lately_s.append(monotonic())
        self._with_face += bool(readings)
        self._faces = len(readings)
        self._readings += len(readings)
        self._stages["read"].add(1000 * read_s)
        self._stages["analyze"].add(1000 * analyze_s)
        self._stages["write"].add(write_ms)
        for reading in readings:
            self._labels[reading.label] += 1
            self._stages["keypoints"].add(reading.ms["keypoints"])
            self._stages["emotion"].add(reading.ms["emotion"])
        if detect_ms:
            self._stages["detect"].add(detect_ms)

    def print(self, stream: TextIO) -> None:
        """Write the summary, one fact a line."""
        fps = self.frames / self._elapsed_s if self._elapsed_s > 0 else 0.0
        lines = [
            f"frames     {self.frames} read, {self._dropped} dropped, "
            f"{self._with_face} with a face",
            f"readings   {self._readings}",
            f"rate       {fps:.1f} frames/s over {self._elapsed_s:.1f} s",
        ]
        for name, times in self._stages.items():
            if stage := times.stage():
                p50_ms, p95_ms = stage.percentiles_ms
                lines.append(f"{name:<10} p50 {p50_ms:7.2f} ms   p95 {p95_ms:7.2f} ms")
        lines += [f"ran on     {place}" for place in self._ran_on]
        if self._refused and not self._with_face:
            lines.append(
                f"refused    in {self._refused} frames a face was found, but its points were not "
                "steady: no face, or a keypoint network that is too weak"
            )
        if self._reopened:
            lines.append(f"camera     reopened {self._reopened} times")
        if self._hottest_c is not None:
            lines.append(f"board      {self._hottest_c:.0f} °C at most")
        if self._lowered:
            lines.append(f"throttled  {self._lowered} times the rate was lowered")
        lines.append(f"memory     {_peak_memory_mb():.0f} MB at most")
        stream.write("\n".join(lines) + "\n")


def _peak_memory_mb() -> float:
    """Peak resident memory of this process, in MB of 10⁶ bytes."""
    try:  # getrusage's ru_maxrss would count what the program had that started this one
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    except (OSError, IndexError, ValueError):  # not Linux
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak * (1 if sys.platform == "darwin" else 1024) / 1e6
