"""The peers, each behind the same three questions: its network, its answers, its whole call.

Each library is used as its own code and documentation use it.  Neither has an option for the number
of threads of its interpreter, so they are given one that has it set.
"""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Floats, Image
from edge_emotion_device.runtime import Interpreter

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

FindFaces = Callable[[Image], int]


class Network:
    """A .tflite alone, in the runtime of the base install: a prepared input in, its output out."""

    def __init__(self, model: Path, threads: int) -> None:
        self._interpreter: Any = Interpreter(model_path=str(model), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def __call__(self, prepared: Any) -> Any:
        """Run it on one input of the model's own shape and type."""
        self._interpreter.set_tensor(self._input, prepared)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


@dataclass(frozen=True)
class Peer:
    """An emotion recogniser to compare with.

    Attributes:
        package: its name on PyPI.
        model: its packaged .tflite, of seven classes.
        classes: where our five emotions, in their order, stand among the seven.
        prepare: from a `(48, 48) uint8` gray face to the network's input.
        open: from a number of threads to its whole call, which takes a `(H, W, 3)` BGR frame; what
            comes back is the number of faces found.
    """

    package: str
    model: Path
    classes: tuple[int, int, int, int, int]
    prepare: Callable[[Image], Floats]
    open: Callable[[int], FindFaces]

    def emotion(self, outputs: Floats) -> int:
        """Its answer among our five emotions; what it holds of fear and neutral is left out."""
        return int(outputs[0, list(self.classes)].argmax())


def load_peers() -> list[Peer]:
    """The two there are: fer and facex.

    Raises:
        EdgeEmotionError: one is not installed.
    """
    return [
        Peer(
            "fer",
            _folder("fer") / "data" / "emotion_model_quantized.tflite",
            (0, 1, 4, 3, 5),  # angry, disgust, fear, happy, sad, surprise, neutral
            _prepare_fer,
            _open_fer,
        ),
        Peer(
            "facex",
            _folder("facex") / "assets" / "model_optimized.tflite",
            (0, 1, 5, 3, 6),  # anger, disgust, fear, happy, neutral, sadness, surprised
            _prepare_facex,
            _open_facex,
        ),
    ]


def _folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or found.origin is None:
        raise EdgeEmotionError(
            f"{package} is not installed", remedy="the environment for it is made by: make bench"
        )
    return Path(found.origin).parent


def _prepare_fer(face: Image) -> Floats:
    """As `fer.FER.detect_emotions` does: OpenCV's default resize, -1 to 1."""
    gray = cv2.resize(face, (64, 64)).astype(np.float32) / 255
    return ((gray - 0.5) * 2)[None, :, :, None]


def _prepare_facex(face: Image) -> Floats:
    """As `facex.EmotionClassifier.detect_emotion` does, by its own function."""
    from facex.utils import input_resize

    return np.asarray(input_resize(face), np.float32)


def _open_fer(threads: int) -> FindFaces:
    from fer.fer import FER

    FER._tflite_interpreter_cache = None  # where it keeps the first interpreter for all later FERs
    with interpreters_with(threads):
        recogniser = FER()
    return lambda frame: len(recogniser.detect_emotions(frame))


def _open_facex(threads: int) -> FindFaces:
    import facex

    with interpreters_with(threads):
        pool = facex.PoolManager(pool_size=1)
    return lambda frame: len(pool.predict(frame))


@contextmanager
def interpreters_with(threads: int) -> Iterator[None]:
    """Within, `tf.lite.Interpreter` makes interpreters of that many threads."""
    import tensorflow as tf

    pinned = functools.partial(tf.lite.Interpreter, num_threads=threads)
    with mock.patch.object(tf.lite, "Interpreter", pinned):
        yield
