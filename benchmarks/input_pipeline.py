"""Whether loading and augmentation keep up with the network, so that the device never waits.

Fits a recipe's network on faces augmented afresh and on the same batches held in memory, by turns,
and compares images a second; then makes batches alone, with one thread and with more.  Faces are
drawn, in the sizes of the recipe's sets, or come from the sets themselves.

    python benchmarks/input_pipeline.py
    python benchmarks/input_pipeline.py --data ../shared/data --task emotion

Ends with exit code 1 when the ratio is below its limit.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge_emotion.data.faces import EmotionFaces, KeypointFaces
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import write_text
from edge_emotion.preprocess import EMOTION_SIDE_PX, EYE_DISTANCE
from edge_emotion.types import Floats
from edge_emotion_train.batches import (
    AugmentedBatches,
    Samples,
    emotion_samples,
    keypoint_samples,
)
from edge_emotion_train.datasets import load_sets, mean_face
from edge_emotion_train.drawn_faces import emotion_faces, keypoint_faces
from edge_emotion_train.losses import make_loss
from edge_emotion_train.networks import build
from edge_emotion_train.optimizers import make_optimizer
from edge_emotion_train.recipe import DataSet, Recipe, load_recipe
from machine import describe_run

SMALLEST_RATIO = 0.9
DRAWN_FACES_A_SET = 500
_WIDE_MARGIN_PX = 48  # around the 96 px faces of 300-W and YouTube, whose pictures have 192 px
_PACKAGES = ("edge-emotion", "keras", "tensorflow", "jax", "numpy", "opencv-python-headless")

Faces = EmotionFaces | KeypointFaces


def main() -> int:
    """Measure, print and write; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--task", choices=("emotion", "keypoints"), action="append")
    parser.add_argument("--recipe", default="edge")
    parser.add_argument("--set", action="append", default=[], help="as of edge-emotion train")
    parser.add_argument("--data", type=Path, help="the recipe's real sets instead of drawn faces")
    parser.add_argument("--rounds", type=int, default=7, help="two epochs of each kind a round")
    parser.add_argument("--steps", type=int, default=20, help="batches an epoch")
    parser.add_argument("--output", type=Path, default=Path("runs/bench/input_pipeline.json"))
    given = parser.parse_args()
    result = describe_run(_PACKAGES)
    result["backend"] = keras.backend.backend()
    result["devices"] = keras.distribution.list_devices()
    result["data"] = "drawn faces" if given.data is None else "the recipe's sets"
    result["tasks"] = {}
    for task in given.task or ("emotion", "keypoints"):
        recipe = load_recipe(task, given.recipe, given.set)
        make = _batch_maker(recipe, given.data, given.steps)
        fitted = compare_fits(recipe, make, given.rounds)
        alone = {str(n): make_alone(make(workers=n), given.rounds) for n in _worker_counts()}
        result["tasks"][task] = {"recipe": recipe.name, **fitted, "alone": alone}
        _tell(task, fitted, alone)
    result["target"] = SMALLEST_RATIO
    result["reached"] = all(
        task["ratio"]["median"] >= SMALLEST_RATIO for task in result["tasks"].values()
    )
    write_text(given.output, json.dumps(result, indent=2) + "\n")
    return 0 if result["reached"] else 1


def compare_fits(
    recipe: Recipe, make: Callable[..., AugmentedBatches], rounds: int
) -> dict[str, Any]:
    """Images a second of `fit` from the pipeline and from memory, epochs of each by turns.

    In a round the first to go is also the last (A B B A), so that a drift of the machine hits both.
    `cpu_ratio` compares the processors' time of all threads.  Where the network runs on the same
    cores and keeps them busy it says the same as `ratio`, and other programs disturb it less.
    """
    batches = make()
    held = [batches[index] for index in range(batches.num_batches)]
    faces, targets, weights = (np.concatenate(part) for part in zip(*held, strict=True))
    keras.mixed_precision.set_global_policy(recipe.fit.precision)
    model = build(recipe.task, recipe.network)
    model.compile(make_optimizer(recipe.fit, len(held)), make_loss(recipe))
    fit = partial(model.fit, verbose=0, shuffle=False)
    in_memory = partial(
        fit, faces, targets, sample_weight=weights, batch_size=recipe.fit.batch_size
    )
    calls = {"pipeline": partial(fit, batches), "memory": in_memory}
    for call in calls.values():
        call()  # the first time it is compiled
    seconds = {name: np.zeros((rounds, 2)) for name in calls}
    for round_ in range(rounds):
        for name in (*calls, *reversed(calls)):
            batches.start_epoch(round_)
            seconds[name][round_] += _seconds(calls[name])
    keras.mixed_precision.set_global_policy("float32")
    ratios = seconds["memory"] / seconds["pipeline"]
    return {
        "batch_size": recipe.fit.batch_size,
        "steps": len(held),
        "images_per_s": {
            name: 2 * len(faces) / float(np.median(taken[:, 0])) for name, taken in seconds.items()
        },
        "ratio": _spread(ratios[:, 0]),
        "cpu_ratio": _spread(ratios[:, 1]),
    }


def make_alone(batches: AugmentedBatches, rounds: int) -> dict[str, float]:
    """Images a second, and processor time of one in microseconds, with nobody using them."""

    def epoch() -> int:
        return sum(len(batches[index][0]) for index in range(batches.num_batches))

    images = epoch()
    seconds = []
    for round_ in range(rounds):
        batches.start_epoch(round_)
        seconds.append(_seconds(epoch))
    wall, cpu = np.median(seconds, axis=0)
    return {"images_per_s": images / float(wall), "cpu_us_per_image": 1e6 * float(cpu) / images}


def _seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Duration, and processor time of all threads meanwhile."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def _spread(ratios: Floats) -> dict[str, float]:
    low, median, high = np.percentile(ratios, (25, 50, 75)).tolist()
    return {"quarter": low, "median": median, "three_quarters": high}


def _worker_counts() -> list[int]:
    cores = os.cpu_count() or 1
    return [count for count in (1, 2, 4, 8, 16, 32) if count <= cores]


def _batch_maker(recipe: Recipe, data: Path | None, steps: int) -> Callable[..., AugmentedBatches]:
    """The recipe's batches, `steps` an epoch; takes the number of workers."""
    sets: dict[str, Faces] = (
        {name: _drawn(recipe, source) for name, source in recipe.sets.items()}
        if data is None
        else {name: split.train for name, split in load_sets(recipe, data).items()}
    )
    first = next(iter(sets.values()))
    return partial(
        AugmentedBatches,
        _sized(_samples(recipe, sets), steps * recipe.fit.batch_size),
        recipe.augment,
        recipe.fit.batch_size,
        recipe.seed,
        mean_face(first) if isinstance(first, KeypointFaces) else None,
    )


def _drawn(recipe: Recipe, source: DataSet) -> Faces:
    """Drawn faces with pictures of the size that the set's have."""
    if recipe.task == "keypoints":
        margin = _WIDE_MARGIN_PX if source.convention == "ibug" else 0
        return keypoint_faces(DRAWN_FACES_A_SET, recipe.seed, margin)
    widened = source.side_px * source.eye_distance / EYE_DISTANCE
    return emotion_faces(DRAWN_FACES_A_SET, recipe.seed, round(widened) or EMOTION_SIDE_PX)


def _samples(recipe: Recipe, sets: dict[str, Faces]) -> Samples:
    emotions, points = [], []
    for name, faces in sets.items():
        source = recipe.sets[name]
        if isinstance(faces, EmotionFaces):
            tightest = faces.images.shape[1] / source.side_px
            emotions.append((faces, source.weight, tightest))
        else:
            points.append((faces, source.weight))
    if points:
        return keypoint_samples(points)
    return emotion_samples(emotions, recipe.fit.label_share, recipe.fit.class_balance)


def _sized(samples: Samples, count: int) -> Samples:
    """`count` of the samples, each once if there are so many."""
    order = np.random.default_rng(0).permutation(len(samples))
    rows = np.resize(order, count)
    return replace(
        samples,
        images=[samples.images[row] for row in rows],
        zooms=samples.zooms[rows],
        targets=samples.targets[rows],
        weights=samples.weights[rows],
    )


def _tell(task: str, fitted: dict[str, Any], alone: dict[str, dict[str, float]]) -> None:
    speed, ratio, cpu = fitted["images_per_s"], fitted["ratio"], fitted["cpu_ratio"]["median"]
    print(
        f"{task}: fit {speed['pipeline']:,.0f} images/s, {speed['memory']:,.0f} from memory: "
        f"ratio {ratio['median']:.3f} ({ratio['quarter']:.3f} to {ratio['three_quarters']:.3f}), "
        f"by processor time {cpu:.3f}"
    )
    for workers, figures in alone.items():
        print(
            f"  batches alone, {workers} workers: {figures['images_per_s']:,.0f} images/s, "
            f"{figures['cpu_us_per_image']:.0f} µs of processor time each"
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeEmotionError as error:
        sys.exit(f"input_pipeline: {error}")
