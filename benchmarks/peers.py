"""edge-emotion beside its peers on PyPI, in one run: accuracy, time of a face, frames a second.

    python benchmarks/peers.py --data ../shared/data

Accuracy is on FER2013's PublicTest, five classes; the networks alone run in the same runtime on the
same face; and each library's whole call, detection included, reads the same 640x480 clip of one
face.  Contenders take turns (see timing.py), and "one thread" is one for OpenCV and interpreter
alike.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.table import Table

from clip import panning_clip
from contenders import Network, Peer, load_peers
from edge_emotion import metrics
from edge_emotion.cli_places import DATA_PLACES
from edge_emotion.data.faces import EmotionFaces, take
from edge_emotion.data.fer2013 import read_fer2013
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import write_text
from edge_emotion.labels import EMOTIONS
from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion.preprocess import SquareCrop, face_inputs
from edge_emotion.types import Floats, Image
from edge_emotion_convert.progress import counted, quiet, tell
from edge_emotion_device import Analyzer, load_emotion
from machine import describe_run
from timing import Call, in_turns, median_ratio

OURS = "edge-emotion"
PEER_TO_BEAT = "fer"
THREADS = (1, 2)
LARGEST_TIME_RATIO = 1.0  # both our networks to fer's one, one thread, p50
SMALLEST_SPEED_RATIO = 10.0  # our frame path to fer's whole call, one thread
_PACKAGES = (OURS, "fer", "facex", "ai-edge-litert", "tensorflow", "opencv-python-headless")
_CLIP_ROUNDS = 3
_FER2013 = ("fer2013/fer2013.csv.zip", "fer2013/fer2013.csv")
_FACE_IN_CLIP = SquareCrop(376, 116, 130)  # in its first frame
_CALLS = 60  # of each network in a round


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder of the data sets, or FER2013's CSV")
    parser.add_argument("--emotion", type=Path, help="the shipped model without")
    parser.add_argument("--keypoints", type=Path, help="the shipped model without")
    parser.add_argument("--output", type=Path, default=Path("runs/bench/peers.json"))
    parser.add_argument("--quick", action="store_true", help="fewer faces, frames and rounds")
    given = parser.parse_args()
    emotion = read_model(given.emotion or shipped_model("emotion"), "emotion").path
    keypoints = read_model(given.keypoints or shipped_model("keypoints"), "keypoints").path
    with quiet():
        result = measure((emotion, keypoints), given.data, given.quick)
    write_text(given.output, json.dumps(result, indent=2) + "\n")
    print_tables(result)


def measure(ours: tuple[Path, Path], data: Path | None, quick: bool) -> dict[str, Any]:
    """Everything that is written and printed, for our emotion and keypoint model."""
    peers = load_peers()
    faces = _public_test(data, 300 if quick else None)
    clip = panning_clip(30 if quick else 150)
    rounds = 3 if quick else 9
    result = describe_run(_PACKAGES)
    result["models_bytes"] = _model_sizes(ours, peers)
    result["accuracy"] = None if faces is None else measure_accuracy(ours[0], peers, faces)
    result["networks"] = {str(n): time_networks(ours, peers, clip[0], n, rounds) for n in THREADS}
    result["clip"] = {str(n): time_clip(ours, peers, clip, n) for n in THREADS}
    result["targets"] = _targets(result)
    return result


def measure_accuracy(emotion: Path, peers: list[Peer], faces: EmotionFaces) -> dict[str, Any]:
    """Five-class accuracy and balanced accuracy, fractions, of each contender."""
    with load_emotion(emotion) as model:
        answers = {OURS: model.predict(faces.images).argmax(axis=1)}
    for peer in peers:
        network = Network(peer.model, threads=1)
        images = counted(faces.images, f"accuracy of {peer.package}", len(faces))
        answers[peer.package] = np.array(
            [peer.emotion(network(peer.prepare(image))) for image in images]
        )
    figures = {}
    for name, answer in answers.items():
        confusion = metrics.confusion_matrix(faces.labels, answer, len(EMOTIONS))
        figures[name] = {
            "accuracy": round(metrics.accuracy(confusion), 4),
            "balanced_accuracy": round(metrics.balanced_accuracy(confusion), 4),
        }
    return {"set": "FER2013 PublicTest", "faces": len(faces), **figures}


def time_networks(
    ours: tuple[Path, Path], peers: list[Peer], frame: Image, threads: int, rounds: int
) -> dict[str, Any]:
    """Milliseconds a face of the networks alone, all in one runtime on one face."""
    large, small = face_inputs(frame, _FACE_IN_CLIP)
    emotion = partial(Network(ours[0], threads), small[None, :, :, None])
    keypoints = partial(Network(ours[1], threads), large[None, :, :, None])

    def both() -> None:
        keypoints()
        emotion()

    networks: dict[str, Call] = {
        OURS: both,
        f"{OURS}, emotion alone": emotion,
        f"{OURS}, keypoints alone": keypoints,
    }
    for peer in peers:
        networks[peer.package] = partial(Network(peer.model, threads), peer.prepare(small))
    calls = {name: [network] * _CALLS for name, network in networks.items()}
    in_turns(calls, rounds=1)  # warms them
    times = in_turns(calls, rounds)
    return {
        name: {
            **_percentiles(durations),
            "time_to_fer": round(median_ratio(durations, times[PEER_TO_BEAT]), 4),
        }
        for name, durations in times.items()
    }


def time_clip(
    ours: tuple[Path, Path], peers: list[Peer], clip: Sequence[Image], threads: int
) -> dict[str, Any]:
    """Frames a second of each library's whole call on the clip, and how often it found a face."""
    cv2.setNumThreads(threads)
    with Analyzer(*ours, threads=threads) as analyzer:
        wholes: dict[str, Callable[[Image], int]] = {
            OURS: lambda frame: len(analyzer.analyze(frame)),
            **{peer.package: peer.open(threads) for peer in peers},
        }
        found = {  # which also warms them
            name: np.mean([read(frame) > 0 for frame in counted(clip, f"{name}, clip", len(clip))])
            for name, read in wholes.items()
        }
        calls = {name: [partial(read, frame) for frame in clip] for name, read in wholes.items()}
        times = in_turns(calls, _CLIP_ROUNDS)
    return {
        name: {
            "fps": round(1000 / float(durations.mean()), 1),
            **_percentiles(durations),
            "times_as_fast_as_fer": round(_speed_ratio(durations, times[PEER_TO_BEAT]), 2),
            "frames_with_a_face": round(float(found[name]), 4),
        }
        for name, durations in times.items()
    }


def print_tables(result: dict[str, Any]) -> None:
    """The figures on stdout, one line a fact."""
    machine, accuracy = result["machine"], result["accuracy"]
    tell(f"{machine['cpu']}, {machine['cores']} cores, load {machine['load']}")
    if accuracy is None:
        tell("\nAccuracy not measured: FER2013 is not here; name its place with --data")
    else:
        table = _table(f"Five emotions, {accuracy['faces']} faces", "accuracy", "balanced", "model")
        for name in (OURS, "fer", "facex"):
            shares = (f"{accuracy[name][part]:.1%}" for part in ("accuracy", "balanced_accuracy"))
            table.add_row(name, *shares, f"{result['models_bytes'][name] / 1000:.0f} kB")
        tell(table)
    for threads in THREADS:
        table = _table(f"Networks alone, threads: {threads}", "p50 ms", "p95 ms", "fer's time")
        for name, row in result["networks"][str(threads)].items():
            table.add_row(name, *_milliseconds(row), f"{row['time_to_fer']:.2f} x")
        tell(table)
    for threads in THREADS:
        title = f"Whole call on the clip, threads: {threads}"
        table = _table(title, "p50 ms", "p95 ms", "frames/s", "fer's speed", "found")
        for name, row in result["clip"][str(threads)].items():
            speeds = f"{row['fps']:.0f}", f"{row['times_as_fast_as_fer']:.1f} x"
            table.add_row(name, *_milliseconds(row), *speeds, f"{row['frames_with_a_face']:.0%}")
        tell(table)
    for target in result["targets"]:
        verdict = "reached" if target["reached"] else "MISSED"
        tell(f"{target['target']}: {target['found']:.2f}, {verdict}")


def _percentiles(durations: Floats) -> dict[str, float]:
    p50, p95 = np.percentile(durations, (50, 95))
    return {"p50_ms": round(float(p50), 4), "p95_ms": round(float(p95), 4)}


def _milliseconds(row: dict[str, float]) -> tuple[str, str]:
    return f"{row['p50_ms']:.3f}", f"{row['p95_ms']:.3f}"


def _speed_ratio(durations: Floats, to_beat: Floats) -> float:
    """How many times as fast as the peer: by whole rounds, since a detection makes a frame dear."""
    return float(np.median(to_beat.mean(axis=1) / durations.mean(axis=1)))


def _targets(result: dict[str, Any]) -> list[dict[str, Any]]:
    time = result["networks"]["1"][OURS]["time_to_fer"]
    speed = result["clip"]["1"][OURS]["times_as_fast_as_fer"]
    return [
        {
            "target": f"Time of both networks to fer's one, at most {LARGEST_TIME_RATIO}",
            "found": time,
            "reached": time <= LARGEST_TIME_RATIO,
        },
        {
            "target": f"Speed on the clip to fer's, at least {SMALLEST_SPEED_RATIO:.0f}",
            "found": speed,
            "reached": speed >= SMALLEST_SPEED_RATIO,
        },
    ]


def _public_test(data: Path | None, at_most: int | None) -> EmotionFaces | None:
    """FER2013's PublicTest rows of the five emotions; None where the file is not there."""
    places = [Path(place) for place in DATA_PLACES] if data is None else [data]
    files = [place / name for place in places for name in _FER2013]
    found = next((path for path in [*places, *files] if path.is_file()), None)
    if found is None:
        return None
    faces = read_fer2013(found)
    rows = np.flatnonzero(faces.usages == "PublicTest")
    return take(faces, rows[:at_most])


def _model_sizes(ours: tuple[Path, Path], peers: list[Peer]) -> dict[str, int]:
    return {
        OURS: ours[0].stat().st_size,
        f"{OURS}, keypoints": ours[1].stat().st_size,
        **{peer.package: peer.model.stat().st_size for peer in peers},
    }


def _table(title: str, *columns: str) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None)
    table.add_column(min_width=len(f"{OURS}, keypoints alone"))
    for column in columns:
        table.add_column(column, justify="right")
    return table


if __name__ == "__main__":
    try:
        main()
    except EdgeEmotionError as error:
        sys.exit(f"peers: {error}")
