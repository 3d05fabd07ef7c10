"""Losses of a tiny student with two teachers, the same on every Keras backend.

`python -m helpers.distilled_steps` prints them as JSON.
"""

import json

import keras
import numpy as np

from edge_emotion.modelfile import Task
from edge_emotion_train.architectures import EdgeNetwork
from edge_emotion_train.distillation import LoadedTeacher, distilled
from edge_emotion_train.losses import make_loss
from edge_emotion_train.networks import build
from edge_emotion_train.quantization_aware import quantization_aware
from edge_emotion_train.recipe import Teacher, load_recipe

MEAN_FACE = np.linspace(20, 70, 30, dtype=np.float32).reshape(15, 2)


def network(task: Task, seed: int) -> keras.Model:
    """A tiny network whose weights depend on the seed alone, not on the backend."""
    model = build(task, EdgeNetwork((4, 4), (1, 1)))
    rng = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        if weight.path.endswith("kernel"):
            weight.assign(rng.normal(0, 0.3, weight.shape))
    return model


def batch(task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four faces, their targets and weights; of the last face nothing is known."""
    rng = np.random.default_rng(0)
    if task == "emotion":
        return (
            rng.random((4, 48, 48, 1), np.float32),
            np.eye(5, dtype=np.float32)[[0, 3, 4, 2]],
            np.array([1, 2, 1, 0], np.float32),
        )
    known = (rng.random((4, 30)) < 0.7).astype(np.float32)
    known[3] = 0
    targets = rng.uniform(-0.5, 0.5, (4, 30)).astype(np.float32)
    return rng.random((4, 96, 96, 1), np.float32), targets, known


def steps(task: Task, share: float, aware: bool = False) -> list[float]:
    """The loss of the labels alone, and those of three steps of training."""
    recipe = load_recipe(task, "edge", [f"fit.distillation={share}", "fit.temperature=3"])
    mean_face = MEAN_FACE if task == "keypoints" else None
    teachers = [
        LoadedTeacher(Teacher("", weight=1), network(task, 1), mean_face),
        LoadedTeacher(Teacher("", weight=3, mirror=True), network(task, 2), mean_face),
    ]
    student = network(task, 3)
    if aware:
        student = quantization_aware(student, 1e-4)
    model = distilled(student, recipe, tuple(teachers), mean_face)
    model.compile(keras.optimizers.SGD(0.01), make_loss(recipe))
    faces, targets, weights = batch(task)
    before = float(model.evaluate(faces, targets, sample_weight=weights, verbose=0))
    return [before] + [float(model.train_on_batch(faces, targets, weights)) for _ in range(3)]


if __name__ == "__main__":
    print(json.dumps({task: steps(task, 0.6) for task in ("emotion", "keypoints")}))
