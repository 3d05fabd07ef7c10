"""The whole way on drawn faces: train all networks, convert them, measure them, read frames.

`make train SMOKE=1` runs it; it needs no data and about three minutes on two cores.  Every
step is a command as a user types it.  Exit code 3 where a figure is not reached.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from edge_emotion.labels import EMOTIONS
from edge_emotion_train.drawn_faces import drawn_frame

ACCURACY_AT_LEAST = 0.90
RMSE_AT_MOST_PX = 3.0
AVERAGE_PRECISION_AT_LEAST = 0.80
FRAMES_AN_EMOTION = 4
FRAMES_RIGHT_AT_LEAST = 12  # of 20: the face rule refuses those whose points the network guesses

RUNS, EXPORTS, FRAMES = Path("runs"), Path("exports"), Path("runs/smoke-frames")
MODELS = {
    task: EXPORTS / f"{task}-smoke" / f"{task}_int8.tflite"
    for task in ("emotion", "keypoints", "detector")
}
# Points, px and points that int8 may cost: the default, but of the 47 drawn faces that count on the
# detector's validation photographs each is two points.
MAX_DROPS = {"emotion": "0.5", "keypoints": "0.15", "detector": "3"}
HEADLINES = {"emotion": "accuracy", "keypoints": "rmse_px", "detector": "average_precision"}


def main() -> int:
    """Run every step; returns the exit code."""
    start = time.monotonic()
    for task, model in MODELS.items():
        run = RUNS / f"{task}-smoke"
        for folder in (run, model.parent):
            shutil.rmtree(folder, ignore_errors=True)
        edge_emotion("train", task, "--recipe", "smoke", "--out", run)
        edge_emotion("convert", run, "--int8", "--max-drop", MAX_DROPS[task], "--out", EXPORTS)
    figures = {task: measured(task) for task in MODELS}
    right = frames_right()
    print(f"{time.monotonic() - start:.0f} seconds")
    return report(
        [
            ("accuracy of the int8 model", figures["emotion"], ">=", ACCURACY_AT_LEAST),
            ("RMSE of the int8 model in px", figures["keypoints"], "<=", RMSE_AT_MOST_PX),
            (
                "average precision of the int8 model",
                figures["detector"],
                ">=",
                AVERAGE_PRECISION_AT_LEAST,
            ),
            ("frames read right", right, ">=", FRAMES_RIGHT_AT_LEAST),
        ]
    )


def edge_emotion(*arguments: str | Path, capture: bool = False) -> str:
    """Run a command, stop the program with its exit code where it fails; returns its stdout."""
    line = [sys.executable, "-m", "edge_emotion", *map(str, arguments)]
    print("$ edge-emotion", *arguments, flush=True)
    done = subprocess.run(line, stdout=subprocess.PIPE if capture else None, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout or ""


def measured(task: str) -> float:
    """The headline figure of the converted model on the recipe's test rows; RMSE is in px."""
    text = edge_emotion("evaluate", MODELS[task], "--data", ".", "--json", capture=True)
    part = json.loads(text)["parts"][0]
    return part[HEADLINES[task]]


def frames_right() -> int:
    """How many drawn frames, as many of each emotion, the models read as they were drawn."""
    shutil.rmtree(FRAMES, ignore_errors=True)
    FRAMES.mkdir(parents=True)
    rng = np.random.default_rng(11)
    for place in range(FRAMES_AN_EMOTION):
        for number, name in enumerate(EMOTIONS):
            cv2.imwrite(str(FRAMES / f"{name}-{place}.png"), drawn_frame(rng, number).image)
    models = [part for task in ("emotion", "keypoints") for part in (f"--{task}", MODELS[task])]
    models += ["--detector", f"net:{MODELS['detector']}"]
    lines = edge_emotion("run", "--camera", FRAMES, "--headless", *models, capture=True)
    readings = [json.loads(line) for line in lines.splitlines()]
    for reading in readings:
        print(f"  {reading['source']} is read as {reading['label']}")
    return sum(reading["source"].startswith(f"{reading['label']}-") for reading in readings)


def report(figures: list[tuple[str, float, str, float]]) -> int:
    """Print each figure beside its limit; returns 3 where one is not reached, 0 otherwise."""
    code = 0
    for name, value, relation, limit in figures:
        reached = value >= limit if relation == ">=" else value <= limit
        print(f"{name}: {value:.4g} ({'' if reached else 'NOT '}{relation} {limit:g})")
        code = code if reached else 3
    return code


if __name__ == "__main__":
    sys.exit(main())
