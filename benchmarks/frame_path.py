"""What a frame costs outside detection, stage by stage and for each further face; growth of memory.

The frames are 640×480 with up to four faces of 150 px (scikit-image's astronaut, which ships inside
the package), on one thread.  Contenders take turns, so that a drift of the machine hits all.

    python benchmarks/frame_path.py --output benchmarks/results/frame_path.json
"""

import argparse
import gc
import math
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from edge_emotion.preprocess import (
    KEYPOINT_SIDE_PX,
    SquareCrop,
    cut,
    face_inputs,
    halve,
    resize_square,
)
from edge_emotion.types import Floats, Frame, Image
from edge_emotion_device import Analyzer, load_emotion, load_keypoints
from edge_emotion_device.sighting import look_of, next_crop
from edge_emotion_device.smoothing import LabelSmoother, OneEuroFilter
from machine import describe_run, report
from timing import in_turns

WIDTH_PX, HEIGHT_PX = 640, 480
FPS = 30
_FACES = (1, 2, 3, 4)
_LOOP = 60
_HEAD = (slice(10, 170), slice(130, 320))  # in the photograph
_HEAD_PX = (286, 240)  # then the networks' crop is 150 px wide
_CORNERS = ((10, 0), (330, 0), (10, 240), (330, 240))
_SWING_PX = 8
_WARM_UP = 2000
_LOST_EVERY = 500  # frames of the long run, so that faces are lost and found too


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=200, help="of each contender in a round")
    parser.add_argument(
        "--frames", type=int, default=100_000, help="of the run that watches memory"
    )
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    by_faces = faces_ms(arguments.rounds, arguments.calls)
    figures = {
        "stages_ms": stages_ms(arguments.rounds, arguments.calls),
        "frame_ms_by_faces": by_faces,
        "another_face_ms": round((by_faces["4"]["p50"] - by_faces["1"]["p50"]) / 3, 3),
        "memory": memory(arguments.frames),
        "run": describe_run(("numpy", "opencv-python-headless", "ai-edge-litert")),
    }
    report(figures, arguments.output)


def stages_ms(rounds: int, calls: int) -> dict[str, dict[str, float]]:
    """Each stage of one face's way, on its own."""
    image = frame_of(1, 0)
    with Analyzer() as analyzer:
        points = analyzer.analyze(image)[0].raw_keypoints
    smooth, label, frames = OneEuroFilter(), LabelSmoother(), count()
    with load_keypoints() as keypoints, load_emotion() as emotion:
        crop = next_crop(points, keypoints.mean_face)
        tilted = SquareCrop(crop.x, crop.y, crop.side, 20)
        whole, face = cut(image, crop), resize_square(cut(image, crop), KEYPOINT_SIDE_PX)
        small = halve(face)
        probabilities = emotion.run(small)

        def smoothing() -> None:
            time_s = next(frames) / FPS
            smooth(points, crop.side, time_s)
            label(probabilities, time_s)

        stages: dict[str, Callable[[], object]] = {
            "crop_and_gray": lambda: cut(image, crop),
            "resize": lambda: halve(resize_square(whole, KEYPOINT_SIDE_PX)),
            "keypoints": lambda: keypoints.locate(face),
            "next_crop_and_look": lambda: (next_crop(points, keypoints.mean_face), look_of(small)),
            "emotion": lambda: emotion.run(small),
            "smoothing": smoothing,
            "crop_and_resize_when_turned": lambda: face_inputs(image, tilted),
        }
        return _p50_p95(in_turns({name: [call] * calls for name, call in stages.items()}, rounds))


def faces_ms(rounds: int, calls: int) -> dict[str, dict[str, float]]:
    """Whole frames with as many faces as are looked for, so that only the first is searched."""
    with ExitStack() as stack:
        contenders = {
            str(faces): [_reader(stack.enter_context(Analyzer(max_faces=faces)), faces)] * calls
            for faces in _FACES
        }
        return _p50_p95(in_turns(contenders, rounds))


def _reader(analyzer: Analyzer, faces: int) -> Callable[[], object]:
    """A call that reads the next frame of a clip without end."""
    images = [frame_of(faces, index) for index in range(_LOOP)]
    counter = count()

    def read() -> None:
        index = next(counter)
        readings = analyzer.analyze(Frame(images[index % _LOOP], index, index / FPS))
        assert len(readings) == faces and (analyzer.detect_ms == 0) == (index > 0)

    read()
    return read


def memory(frames: int) -> dict[str, float]:
    """Resident memory before and after many frames, in which a face is lost now and then."""
    images = [frame_of(1, index) for index in range(_LOOP)]
    empty = np.full_like(images[0], 127)
    with Analyzer(max_faces=1) as analyzer:
        for index in range(-_WARM_UP, frames):
            if not index:
                before_mb = _resident_mb()
            image = empty if index % _LOST_EVERY == 0 else images[index % _LOOP]
            analyzer.analyze(Frame(image, index, (index + _WARM_UP) / FPS))
        after_mb = _resident_mb()
    return {"frames": frames, "growth_mb": round(after_mb - before_mb, 3)}


def frame_of(faces: int, index: int) -> Image:
    """`(480, 640, 3) uint8` BGR with faces that swing a little, again after 60 frames."""
    head = cv2.resize(_photograph(), _HEAD_PX, interpolation=cv2.INTER_LINEAR_EXACT)
    frame = np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8)
    swing = round(_SWING_PX * math.sin(2 * math.pi * index / _LOOP))
    for left, top in _CORNERS[:faces]:
        frame[top : top + _HEAD_PX[1], left + swing : left + swing + _HEAD_PX[0]] = head
    return frame


@cache
def _photograph() -> Image:
    return cv2.cvtColor(skimage.data.astronaut()[_HEAD], cv2.COLOR_RGB2BGR)


def _p50_p95(durations: dict[str, Floats]) -> dict[str, dict[str, float]]:
    """The median over rounds of each round's percentiles."""
    return {
        name: {
            f"p{share}": round(float(np.median(np.percentile(rows, share, axis=1))), 4)
            for share in (50, 95)
        }
        for name, rows in durations.items()
    }


def _resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
