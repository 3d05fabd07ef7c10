"""Opening whatever can be evaluated: model files, runs, and networks of other people's making.

What such a network takes and gives is told by its adapter, and it is measured on the same rows as
ours; without one by its shapes and its answers, and what is assumed is said on stderr.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import keras
import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import KEYPOINTS
from edge_emotion.modelfile import (
    INPUT_SIDES_PX,
    OUTPUT_SHAPES,
    ModelMetadata,
    Task,
    read_model,
    shipped_model,
)
from edge_emotion.preprocess import resize_square
from edge_emotion.quantization import TensorSpec
from edge_emotion.types import Floats, Image
from edge_emotion_convert.foreign import KERAS_SUFFIXES, load_foreign
from edge_emotion_convert.measure import predict_file
from edge_emotion_convert.progress import say
from edge_emotion_device.peer import Peer
from edge_emotion_device.runtime import open_interpreter
from edge_emotion_train.batches import as_input
from edge_emotion_train.networks import OFFSET_LIMIT_PX
from edge_emotion_train.networks.saved import read_network
from edge_emotion_train.predicting import predict
from edge_emotion_train.recipe import Recipe, parse
from edge_emotion_train.runs import HISTORY_FILE, NETWORK_FILE, RECIPE_FILE, read_run

Outputs = Callable[[Image], Floats]

_TASKS: dict[tuple[int | None, ...], Task] = {shape: task for task, shape in OUTPUT_SHAPES.items()}
ADAPTER = ".toml"
_METADATA_TRACE = b"metadata.json"
_BEYOND = 0.02  # 1, which the last step of an int8 grid may be
_FARTHEST_MEDIAN_PX = 5.0  # of a rightly read median face from the mean face


@dataclass(frozen=True)
class Opened:
    """A model that can answer.

    Attributes:
        path: what was asked for.
        task: emotion, keypoints or detector.
        predict: `(N, S, S) uint8` faces to `(N, 5)` probabilities or `(N, 15, 2)` points in pixels
            of the 96 px face, or photographs to the `(N, 756, 5)` cells of `detection`.
        kind: what it is, for people.
        metadata: of a .tflite that has some.
        recipe: what it was trained by, if that is known.
        data: the folder of its training's data, if that is known.
        network: where it is a Keras model.
        history: of its training, if it is a run; it may be missing.
        peer: what it is called, if it is somebody else's and has an adapter; empty if not.
        peer_file: the network of a peer, whose adapter `path` is.
    """

    path: Path
    task: Task
    predict: Outputs = field(repr=False)
    kind: str
    metadata: ModelMetadata | None = None
    recipe: Recipe | None = None
    data: Path | None = None
    network: keras.Model | None = field(default=None, repr=False)
    history: Path | None = None
    peer: str = ""
    peer_file: Path | None = None

    @property
    def name(self) -> str:
        """The peer's name, the run's, or the file's."""
        if self.peer:
            return self.peer
        return self.path.resolve().name if self.history is None else self.history.parent.name

    @property
    def file(self) -> Path | None:
        """The network's file, where it is one; a run has several formats of it."""
        return self.peer_file or (self.path if self.path.is_file() else None)


def open_model(path: Path) -> Opened:
    """Open a .tflite, a run's folder or its model.keras, another Keras file, or a peer's adapter.

    Raises:
        EdgeEmotionError: it cannot be read, or has the shapes of no task.
    """
    if path.is_dir() or (path.name == NETWORK_FILE and (path.parent / RECIPE_FILE).is_file()):
        run = read_run(path)
        network = read_network(run.network, run.task)
        answer: Outputs = partial(predict, network, run.mean_face)
        return Opened(
            path,
            run.task,
            answer,
            f"recipe {run.recipe.name}",
            recipe=run.recipe,
            data=run.data,
            network=network,
            history=run.folder.resolve() / HISTORY_FILE,
        )
    if path.suffix == ADAPTER:
        return _peer(path)
    if path.suffix in KERAS_SUFFIXES and path.is_file():
        network = load_foreign(path)
        answer = partial(predict, network, None)
        return _foreign(path, network.input_shape, network.output_shape, answer, network)
    if path.is_file() and path.suffix == ".tflite" and _METADATA_TRACE not in path.read_bytes():
        return _foreign_tflite(path)
    metadata = read_model(path).metadata
    recipe = _recipe_of(metadata, path.stem)
    answer = partial(predict_file, path, metadata.task)
    kind = metadata.format + (f", recipe {recipe.name}" if recipe else "")
    return Opened(path, metadata.task, answer, kind, metadata, recipe)


def open_other(path: Path | None, task: Task) -> Opened:
    """The network of the other task than `task`: `path`, or the shipped one.

    Raises:
        EdgeEmotionError: it is for the same task, or cannot be read.
    """
    other: Task = "keypoints" if task == "emotion" else "emotion"
    opened = open_model(path or shipped_model(other))
    if opened.task != other:
        raise EdgeEmotionError(
            f"--with {path} is a model for {task}, too", expected=f"one for {other}"
        )
    return opened


def _peer(adapter: Path) -> Opened:
    """A peer, with the recipe of the shipped model of its task, whose sets it is measured on."""
    peer = Peer.read(adapter)
    recipe = _recipe_of(read_model(shipped_model(peer.task)).metadata, peer.name)
    kind = "a peer" + (f", {peer.source}" if peer.source else "")
    return Opened(
        adapter, peer.task, peer.predict, kind, recipe=recipe, peer=peer.name, peer_file=peer.model
    )


def _recipe_of(metadata: ModelMetadata, name: str) -> Recipe | None:
    """What a file was trained by, if it tells; called `name` where that has none."""
    told = metadata.recipe
    return parse(told, str(told.get("name", name))) if told else None


def _foreign(
    path: Path,
    given: tuple[int | None, ...],
    answered: tuple[int | None, ...],
    outputs: Outputs,
    network: keras.Model | None = None,
) -> Opened:
    """A model without metadata, its task told by its shapes."""
    task = _TASKS.get(answered[1:])
    square = len(given) == 4 and given[1] == given[2] and given[3] == 1 and given[1] is not None
    side = int(given[1] or 0) if square else 0
    if task is None or not side or (task != "emotion" and side != INPUT_SIDES_PX[task]):
        raise EdgeEmotionError(
            f"{path} maps {given} to {answered} and says nothing of itself",
            expected="(S, S, 1) to 5 emotions, (96, 96, 1) to 30 coordinates, "
            "or (192, 192, 1) to 756 cells of 5",
        )
    say(f"{path} says nothing of itself: taken for {task}, from gray values in 0 to 1")

    def answer(images: Image) -> Floats:
        resized = np.array([resize_square(image, side) for image in images], np.uint8)
        return _READ[task](outputs(resized.reshape(-1, side, side)))

    return Opened(path, task, answer, "without metadata", network=network)


def _foreign_tflite(path: Path) -> Opened:
    try:
        interpreter = open_interpreter(path.read_bytes())
        [given], [answered] = interpreter.get_input_details(), interpreter.get_output_details()
        specs = TensorSpec.of(given), TensorSpec.of(answered)
    except (ValueError, RuntimeError) as error:
        raise EdgeEmotionError(
            f"{path} cannot be used: {' '.join(str(error).split())[:160]}",
            expected="a .tflite with one input and one output",
        ) from error

    def outputs(images: Image) -> Floats:
        results = np.empty((len(images), *specs[1].shape[1:]), np.float32)
        for image, result in zip(as_input(images), results, strict=True):
            interpreter.set_tensor(given["index"], specs[0].quantize(image[None]))
            interpreter.invoke()
            result[:] = specs[1].dequantize(interpreter.get_tensor(answered["index"])[0])
        return results

    return _foreign(path, specs[0].shape, specs[1].shape, outputs)


def _as_probabilities(outputs: Floats) -> Floats:
    if (outputs >= -1e-3).all() and np.allclose(outputs.sum(axis=1), 1, atol=0.03):
        return outputs
    say("its answers do not add up to 1: taken for logits")
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _as_points(outputs: Floats) -> Floats:
    """`(N, 15, 2)` pixels of answers in the unit that brings their median to the mean face."""
    mean_face = np.array(read_model(shipped_model("keypoints")).metadata.mean_face, np.float32)
    values = outputs.reshape(-1, len(KEYPOINTS), 2)
    readings = {
        "pixels": values,
        "(pixels - 48) / 48": 48 + 48 * values,
        "pixels / 96": 96 * values,
        f"offsets from the shipped network's mean face, in {OFFSET_LIMIT_PX:g} px": (
            mean_face + np.float32(OFFSET_LIMIT_PX) * values
        ),
    }
    far = {
        unit: float(np.linalg.norm(np.median(points, axis=0) - mean_face, axis=1).mean())
        for unit, points in readings.items()
    }
    unit = min(far, key=far.__getitem__)
    if not far[unit] < _FARTHEST_MEDIAN_PX:
        raise EdgeEmotionError(
            "its answers are no points of a face in any unit that is known here",
            expected=", ".join(readings),
        )
    say(f"its answers are taken for {unit}")
    return readings[unit].astype(np.float32)


def _as_cells(outputs: Floats) -> Floats:
    if len(outputs) and not np.abs(outputs).max() <= 1 + _BEYOND:
        raise EdgeEmotionError(
            f"its answers run from {outputs.min():.2f} to {outputs.max():.2f}",
            expected="the cells of edge_emotion.detection, within -1 and 1",
        )
    return outputs


_READ = {"emotion": _as_probabilities, "keypoints": _as_points, "detector": _as_cells}
