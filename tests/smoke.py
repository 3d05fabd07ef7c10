"""The whole way on drawn faces: train both networks, convert them, measure them, read frames.

`make train SMOKE=1` runs it; it needs no data and less than three minutes on two cores.  Every
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
FRAMES_RIGHT_AT_LEAST = 4  # of one for each emotion: the detector frames them as it likes
SECONDS_AT_MOST = 180

RUNS, EXPORTS, FRAMES = Path("runs"), Path("exports"), Path("runs/smoke-frames")
MODELS = {
    task: EXPORTS / f"{task}-smoke" / f"{task}_int8.tflite" for task in ("emotion", "keypoints")
}


def main() -> int:
    """Run every step; returns the exit code."""
    start = time.monotonic()
    for task, model in MODELS.items():
        run = RUNS / f"{task}-smoke"
        for folder in (run, model.parent):
            shutil.rmtree(folder, ignore_errors=True)
        edge_emotion("train", task, "--recipe", "smoke", "--out", run)
        edge_emotion("convert", run, "--int8", "--out", EXPORTS)
    figures = {task: measured(task) for task in MODELS}
    right = frames_right()
    seconds = time.monotonic() - start
    return report(
        [
            ("accuracy of the int8 model", figures["emotion"], ">=", ACCURACY_AT_LEAST),
            ("RMSE of the int8 model in px", figures["keypoints"], "<=", RMSE_AT_MOST_PX),
            ("frames read right", right, ">=", FRAMES_RIGHT_AT_LEAST),
            ("seconds", seconds, "<=", SECONDS_AT_MOST),
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
    """Accuracy, or RMSE in px, of the converted model on the recipe's test rows."""
    text = edge_emotion("evaluate", MODELS[task], "--data", ".", "--json", capture=True)
    part = json.loads(text)["parts"][0]
    return part["accuracy" if task == "emotion" else "rmse_px"]


def frames_right() -> int:
    """How many drawn frames, one for each emotion, both models read as they were drawn."""
    shutil.rmtree(FRAMES, ignore_errors=True)
    FRAMES.mkdir(parents=True)
    rng = np.random.default_rng(11)
    for number, name in enumerate(EMOTIONS):
        cv2.imwrite(str(FRAMES / f"{name}.png"), drawn_frame(rng, number).image)
    models = [part for task, model in MODELS.items() for part in (f"--{task}", model)]
    lines = edge_emotion("run", "--camera", FRAMES, "--headless", *models, capture=True)
    readings = [json.loads(line) for line in lines.splitlines()]
    for reading in readings:
        print(f"  {reading['source']} is read as {reading['label']}")
    return sum(reading["label"] == Path(reading["source"]).stem for reading in readings)


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
