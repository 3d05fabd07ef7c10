"""The whole way of a frame, on a clip that every machine draws alike and the base install can.

A face of the test vectors' kind sways before soft patches.  The detectors find it, the face rule
takes it, and the patches cost Haar's cascade about what a photograph does.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

import cv2
import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.testvectors import draw_faces
from edge_emotion.types import Frame, Image
from edge_emotion_device.analyzer import Analyzer
from edge_emotion_device.benchmark.networks import Say, failing, write_timing
from edge_emotion_device.benchmark.options import BenchmarkOptions
from edge_emotion_device.benchmark.rounds import Durations, rounded, take_turns, timings
from edge_emotion_device.benchmark.subjects import Team, delegates_for
from edge_emotion_device.detectors.haar import HaarDetector
from edge_emotion_device.detectors.net import NetDetector

WIDTH_PX, HEIGHT_PX = 640, 480
FRAMES = 60
_FPS = 30
_FACE, _FACE_PX = 4, 192
_SWAY_PX = (60, 30)
_PATCHES_PX = (80, 40, 20, 10, 5)  # each as strong as it is large
_MOST_ROUNDS, _FEWEST_ROUNDS = 20, 5


def draw_clip() -> list[Image]:
    """`(480, 640, 3) uint8` BGR frames; the last leads to the first."""
    patches, (face,) = _patches(), draw_faces([_FACE], _FACE_PX)
    frames = []
    for index in range(FRAMES):
        phase = 2 * math.pi * index / FRAMES
        left = (WIDTH_PX - _FACE_PX) // 2 + round(_SWAY_PX[0] * math.sin(phase))
        top = (HEIGHT_PX - _FACE_PX) // 2 + round(_SWAY_PX[1] * math.sin(2 * phase))
        gray = patches.copy()
        gray[top : top + _FACE_PX, left : left + _FACE_PX] = face
        frames.append(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))
    return frames


def _patches() -> Image:
    """`(480, 640) uint8` gray, rough and fine."""
    total = np.zeros((HEIGHT_PX, WIDTH_PX), np.int64)
    for side in _PATCHES_PX:
        height, width = HEIGHT_PX // side, WIDTH_PX // side
        drawn = hashlib.shake_128(f"edge-emotion patches {side}".encode()).digest(height * width)
        grays = np.frombuffer(drawn, np.uint8).reshape(height, width)
        whole = cv2.resize(grays, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR_EXACT)
        total += side * whole.astype(np.int64)
    return (total // sum(_PATCHES_PX)).astype(np.uint8)


@dataclass(frozen=True)
class FramePath:
    """The networks in the frame path, in one way of running them.

    Attributes:
        team: the models.
        every: frames from one detection to the next.
        delegate, threads: what runs them.
    """

    team: Team
    every: int
    delegate: str
    threads: int

    def as_dict(self) -> dict[str, Any]:
        """What names it in the benchmark file."""
        emotion, keypoints, detector = self.team
        return {
            "emotion": emotion.id,
            "keypoints": keypoints.id,
            "detector": detector_of(self.team).name,
            "detector_model": detector and detector.id,
            "every": self.every,
            "delegate": self.delegate,
            "threads": self.threads,
            "frame_px": [WIDTH_PX, HEIGHT_PX],
        }

    def open(self) -> Analyzer:
        """The analyzer.

        Raises:
            EdgeEmotionError: the delegate cannot be had, or not for one of the networks.
        """
        emotion, keypoints, detector = self.team
        return Analyzer(
            *(emotion.path, keypoints.path, self.delegate, self.threads),
            detect_every=self.every,
            detector=f"net:{detector.path}" if detector else "haar",
        )


def detector_of(team: Team) -> type[NetDetector] | type[HaarDetector]:
    """What finds the face."""
    return NetDetector if team.detector else HaarDetector


class Loop:
    """A clip without end, read by one analyzer; a round is once around.

    Attributes:
        stages_ms: sum over all frames so far of what each stage took.
        frames: how many that were.
        faces: how many were read in them.
    """

    def __init__(self, analyzer: Analyzer, clip: Sequence[Image]) -> None:
        self._analyzer, self._clip, self._index = analyzer, clip, 0
        self.stages_ms = {"detect": 0.0, "keypoints": 0.0, "emotion": 0.0}
        self.frames = self.faces = 0

    def warm_up(self) -> float:
        """Find the face and follow it around; returns the seconds it took.

        Raises:
            EdgeEmotionError: it is not followed.
        """
        faces, durations = self._around()
        if faces != len(self._clip):
            raise EdgeEmotionError(
                f"the drawn face was read in {faces} of {len(self._clip)} frames",
                expected="networks that follow it",
            )
        self.stages_ms = dict.fromkeys(self.stages_ms, 0.0)
        self.frames = self.faces = 0
        return float(durations.sum()) / 1000

    def __call__(self) -> Durations:
        """Milliseconds of each frame."""
        return self._around()[1]

    def _around(self) -> tuple[int, Durations]:
        faces, durations = 0, np.empty(len(self._clip))
        for place, image in enumerate(self._clip):
            frame = Frame(image, self._index, self._index / _FPS)
            start = perf_counter_ns()
            readings = self._analyzer.analyze(frame)
            durations[place] = perf_counter_ns() - start
            self._index += 1
            faces += len(readings) == 1
            self.faces += len(readings)
            self.stages_ms["detect"] += self._analyzer.detect_ms
            for reading in readings:
                for stage in ("keypoints", "emotion"):
                    self.stages_ms[stage] += reading.ms[stage]
        self.frames += len(self._clip)
        return faces, durations / 1e6


def time_frame_paths(
    found_teams: Sequence[Team],
    failures: Mapping[tuple[str, str], str],
    options: BenchmarkOptions,
    say: Say,
) -> list[dict[str, Any]]:
    """Measure each team on every delegate that suits its networks, with all threads.

    Args:
        found_teams: the models.
        failures: why a model failed on a delegate before, by its id and the delegate: it is not
            tried again, for it may have crashed, and this process has no other to do that in.
        options: what and how.
        say: told what is under way.

    Returns:
        A row of the benchmark file for each; with a network as the detector also one for detection
        on every frame.
    """
    paths = _paths(found_teams, options)
    rows, clip = [path.as_dict() for path in paths], draw_clip()
    loops: dict[int, Loop] = {}
    turns: list[int] = []
    with ExitStack() as opened:
        for place, path in enumerate(paths):
            say(f"frame path {place + 1} of {len(paths)}")
            with failing(rows[place]):
                for subject in path.team:
                    if subject and (subject.id, path.delegate) in failures:
                        raise EdgeEmotionError(failures[subject.id, path.delegate])
                loop = Loop(opened.enter_context(path.open()), clip)
                turns.append(_turns(loop.warm_up(), options))
                loops[place] = loop
        found = take_turns(
            list(loops.values()),
            turns,
            lambda number: say(f"timing the frame path, round {number} of {max(turns)}"),
        )
    for (place, loop), timing in zip(loops.items(), timings(found), strict=True):
        write_timing(rows[place], timing)
        if not isinstance(timing, str):
            rows[place] |= _where_time_goes(loop, timing.mean_ms)
    return rows


def _where_time_goes(loop: Loop, mean_ms: float) -> dict[str, Any]:
    """What a row says about faces and stages, given the mean time of a frame."""
    stages = {stage: total / loop.frames for stage, total in loop.stages_ms.items()}
    # Several clocks: where nothing else is done, the sum may be the larger one.
    stages["other"] = max(0.0, mean_ms - sum(stages.values()))
    return {
        "faces": rounded(loop.faces / loop.frames),
        "stages_ms": {stage: rounded(ms) for stage, ms in stages.items()},
    }


def _turns(round_s: float, options: BenchmarkOptions) -> int:
    """Rounds within the time, yet enough for an interval unless a single one takes longer."""
    fitting = int(options.max_s / max(round_s, 1e-6))
    return min(options.rounds, _MOST_ROUNDS, max(fitting, _FEWEST_ROUNDS if fitting else 1))


def _paths(found_teams: Sequence[Team], options: BenchmarkOptions) -> list[FramePath]:
    paths = []
    for team in found_teams:
        both = set(delegates_for(team.emotion, options.delegates))
        both &= set(delegates_for(team.keypoints, options.delegates))
        kind = detector_of(team)
        paths += [
            FramePath(team, every, delegate, threads)
            for delegate in options.delegates
            if delegate in both
            for threads in options.threads
            for every in ((kind.every, 1) if kind is NetDetector else (kind.every,))
        ]
    return paths
