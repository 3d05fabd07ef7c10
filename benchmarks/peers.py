"""edge-emotion beside the peers on PyPI, in one run: accuracy, milliseconds a face, frames a second.

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
from clip import panning_clip
from contenders import Network, Peer, load_peers
from machine import describe_run
from rich.console import Console
from rich.progress import track
from rich.table import Table
from timing import in_turns, median_ratio

from edge_emotion import metrics
from edge_emotion.cli import DATA_PLACES
from edge_emotion.data.faces import EmotionFaces, take
from edge_emotion.data.fer2013 import read_fer2013
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import write_text
from edge_emotion.labels import EMOTIONS
from edge_emotion.modelfile import shipped_model
from edge_emotion.preprocess import SquareCrop, face_inputs
from edge_emotion.types import Floats, Image
from edge_emotion_device import Analyzer, load_emotion

OURS = "edge-emotion"
PEER_TO_BEAT = "fer"
THREADS = (1, 2)
LARGEST_TIME_RATIO = 1.0  # both our networks to fer's one, one thread, p50
SMALLEST_SPEED_RATIO = 10.0  # our frame path to fer's whole call, one thread
_FER2013 = ("fer2013/fer2013.csv.zip", "fer2013/fer2013.csv")
_FACE_IN_CLIP = SquareCrop(376, 116, 130)  # in its first frame
_CALLS = 100  # of each network in a round
_progress = partial(track, console=Console(stderr=True), transient=True)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder of the data sets, or FER2013's CSV")
    parser.add_argument("--emotion", type=Path, help="the shipped model without")
    parser.add_argument("--keypoints", type=Path, help="the shipped model without")
    parser.add_argument("--output", type=Path, default=Path("runs/bench/peers.json"))
    parser.add_argument("--quick", action="store_true", help="fewer faces, frames and rounds")
    given = parser.parse_args()
    ours = (given.emotion or shipped_model("emotion"), given.keypoints or shipped_model("keypoints"))
    peers = load_peers()
    faces = _public_test(given.data, 300 if given.quick else None)
    clip = panning_clip(30 if given.quick else 150)
    rounds = 3 if given.quick else 9
    packages = (OURS, "fer", "facex", "ai-edge-litert", "tensorflow", "numpy", "opencv-python-headless")
    result = describe_run(packages)
    result["models_bytes"] = _model_sizes(ours, peers)
    result["accuracy"] = None if faces is None else measure_accuracy(ours[0], peers, faces)
    result["networks"] = {str(n): time_networks(ours, peers, clip[0], n, rounds) for n in THREADS}
    result["clip"] = {str(n): time_clip(ours, peers, clip, n, rounds) for n in THREADS}
    result["targets"] = _targets(result)
    write_text(given.output, json.dumps(result, indent=2) + "\n")
    print_tables(result)


def measure_accuracy(emotion: Path, peers: list[Peer], faces: EmotionFaces) -> dict[str, Any]:
    """Five-class accuracy and balanced accuracy, fractions, of each contender."""
    with load_emotion(emotion) as model:
        answers = {OURS: model.predict(faces.images).argmax(axis=1)}
    for peer in peers:
        network = Network(peer.model, threads=1)
        images = _progress(faces.images, description=f"accuracy of {peer.package}")
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
    large, small = (face[None, :, :, None] for face in face_inputs(frame, _FACE_IN_CLIP))
    emotion, keypoints = (Network(path, threads) for path in ours)
    contenders: dict[str, Callable[[int], object]] = {
        OURS: lambda _: (emotion(small), keypoints(large)),
        f"{OURS}, emotion alone": lambda _: emotion(small),
        f"{OURS}, keypoints alone": lambda _: keypoints(large),
    }
    for peer in peers:
        network, prepared = Network(peer.model, threads), peer.prepare(small[0, :, :, 0])
        contenders[peer.package] = lambda _, network=network, prepared=prepared: network(prepared)
    in_turns(contenders, range(_CALLS // 4), rounds=1)  # warm
    times = in_turns(contenders, range(_CALLS), rounds)
    return {name: _figures(durations, times[PEER_TO_BEAT]) for name, durations in times.items()}


def time_clip(
    ours: tuple[Path, Path], peers: list[Peer], clip: Sequence[Image], threads: int, rounds: int
) -> dict[str, Any]:
    """Frames a second of each library's whole call on the clip."""
    cv2.setNumThreads(threads)
    with Analyzer(*ours, threads=threads) as analyzer:
        contenders: dict[str, Callable[[Image], int]] = {
            OURS: lambda frame: len(analyzer.analyze(frame)),
            **{peer.package: peer.open(threads) for peer in peers},
        }
        found = {  # which also warms them
            name: [read(frame) for frame in _progress(clip, description=f"{name} on the clip")]
            for name, read in contenders.items()
        }
        times = in_turns(contenders, clip, max(3, rounds // 2))
    return {
        name: {
            "fps": round(1000 / float(durations.mean()), 1),
            **_figures(durations, times[PEER_TO_BEAT]),
            "times_as_fast_as_fer": round(_speed_ratio(durations, times[PEER_TO_BEAT]), 2),
            "frames_with_a_face": round(float(np.mean(np.array(found[name]) > 0)), 4),
            "frames_with_more": round(float(np.mean(np.array(found[name]) > 1)), 4),
        }
        for name, durations in times.items()
    }


def print_tables(result: dict[str, Any]) -> None:
    """The figures on stdout, one line a fact."""
    console = Console()
    machine, targets = result["machine"], result["targets"]
    console.print(f"{machine['cpu']}, {machine['cores']} cores, load {machine['load'][0]}")
    accuracy = result["accuracy"]
    if accuracy is None:
        console.print("Accuracy: not measured, FER2013 is not here; name its place with --data")
    else:
        table = _table(f"Five emotions, {accuracy['faces']} faces", "accuracy", "balanced", "model")
        for name, size in result["models_bytes"].items():
            if name in accuracy:
                found, balanced = accuracy[name]["accuracy"], accuracy[name]["balanced_accuracy"]
                table.add_row(name, f"{found:.1%}", f"{balanced:.1%}", f"{size / 1000:.0f} kB")
        console.print(table)
    for threads, figures in result["networks"].items():
        title = f"Networks alone, {threads} thread{'s' if threads != '1' else ''}"
        table = _table(title, "p50 ms", "p95 ms", "to fer")
        for name, row in figures.items():
            table.add_row(
                name, f"{row['p50_ms']:.3f}", f"{row['p95_ms']:.3f}", f"{row['time_to_fer']:.2f}"
            )
        console.print(table)
    for threads, figures in result["clip"].items():
        title = f"Whole call on the clip, {threads} thread{'s' if threads != '1' else ''}"
        table = _table(title, "frames/s", "p50 ms", "p95 ms", "fer's speed", "found")
        for name, row in figures.items():
            table.add_row(
                name,
                f"{row['fps']:.0f}",
                f"{row['p50_ms']:.2f}",
                f"{row['p95_ms']:.2f}",
                f"{row['times_as_fast_as_fer']:.1f} x",
                f"{row['frames_with_a_face']:.0%}",
            )
        console.print(table)
    for target in targets:
        console.print(f"{'met ' if target['met'] else 'MISSED'} {target['target']}: {target['found']}")


def _figures(durations: Floats, to_beat: Floats) -> dict[str, float]:
    return {
        "p50_ms": round(float(np.percentile(durations, 50)), 4),
        "p95_ms": round(float(np.percentile(durations, 95)), 4),
        "time_to_fer": round(median_ratio(durations, to_beat), 4),
    }


def _speed_ratio(durations: Floats, to_beat: Floats) -> float:
    """Frames a second over the peer's: of whole rounds, since the detector makes some frames dear."""
    return float(np.median(to_beat.mean(axis=1) / durations.mean(axis=1)))


def _targets(result: dict[str, Any]) -> list[dict[str, Any]]:
    time = result["networks"]["1"][OURS]["time_to_fer"]
    speed = result["clip"]["1"][OURS]["times_as_fast_as_fer"]
    return [
        {
            "target": f"both networks take at most {LARGEST_TIME_RATIO} of fer's time, one thread",
            "found": time,
            "met": time <= LARGEST_TIME_RATIO,
        },
        {
            "target": f"the clip is read at least {SMALLEST_SPEED_RATIO:.0f} times as fast as by fer",
            "found": speed,
            "met": speed >= SMALLEST_SPEED_RATIO,
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
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
    table.add_column("", min_width=30)
    for column in columns:
        table.add_column(column, justify="right")
    return table


if __name__ == "__main__":
    try:
        main()
    except EdgeEmotionError as error:
        sys.exit(f"peers: {error}")
