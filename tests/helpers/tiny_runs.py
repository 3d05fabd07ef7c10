"""Run folders as training leaves them, with tiny networks, and the drawn data they name."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tomli_w

from edge_emotion.modelfile import Task
from edge_emotion_train.architectures import EdgeNetwork
from edge_emotion_train.datasets import mean_face
from edge_emotion_train.networks import build
from edge_emotion_train.recipe import parse
from helpers.drawn_faces import (
    emotion_faces,
    keypoint_faces,
    write_class_folders,
    write_keypoint_folder,
)

# What `convert --max-drop` is given where the loss is not the point: the networks are untrained.
ANY_DROP = 1000.0

NETWORK = EdgeNetwork((8, 8, 8, 8), (1, 1, 1, 1))
READERS = {"emotion": ("class_folders", "faces"), "keypoints": ("keypoint_folder", "points")}


def write_data(folder: Path) -> Path:
    """Drawn faces for both tasks below `folder`."""
    write_class_folders(folder / "faces", emotion_faces(150, seed=1))
    write_keypoint_folder(folder / "points", keypoint_faces(60, seed=2))
    return folder


def recipe_table(task: Task, **set_options: Any) -> dict[str, Any]:
    """A recipe as its TOML file holds it; `set_options` go to its only set, `drawn`."""
    reader, path = READERS[task]
    table = {
        "name": "tiny",
        "task": task,
        "seed": 5,
        "network": {"widths": list(NETWORK.widths), "blocks": list(NETWORK.blocks)},
        "fit": {"epochs": 1},
        "sets": {"drawn": {"reader": reader, "path": path, **set_options}},
    }
    parse(table, "tiny")
    return table


def untrained_network(task: Task) -> keras.Model:
    """A network with random weights, the same every time."""
    keras.utils.set_random_seed(7)
    return build(task, NETWORK)


def write_run(
    folder: Path,
    task: Task,
    data: Path,
    network: keras.Model | None = None,
    **set_options: Any,
) -> Path:
    """A finished run in `folder`, of `network` or one with random weights."""
    folder.mkdir(parents=True)
    table = {**recipe_table(task, **set_options), "data": str(data)}
    (folder / "recipe.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    (network or untrained_network(task)).save(folder / "model.keras")
    points = np.round(mean_face(keypoint_faces(20, seed=3)), 2).tolist()
    metrics = {"task": task, "mean_face": points if task == "keypoints" else None}
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    return folder
