"""A network as a SavedModel for TensorFlow Serving: exports/NAME/saved_model/1/.

Two signatures, each with one input `faces` and one output, and any number of faces at once:

    serving_default   float32 (None, S, S, 1) in [0, 1]
    serving_bytes     uint8 (None, S, S, 1), a camera's gray values

Emotion answers `probabilities` (None, 5), keypoints `keypoints` (None, 15, 2): pixels of the 96 px
face, the mean face added; a detector `cells` (None, 756, 5), which `edge_emotion.detection` reads.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import exchange, sync_folder
from edge_emotion.modelfile import Task
from edge_emotion.types import Floats
from edge_emotion_convert.progress import quiet
from edge_emotion_convert.serving_check import probe
from edge_emotion_convert.subject import Subject
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_train.networks import OFFSET_LIMIT_PX
from edge_emotion_train.predicting import predict

VERSION = Path("saved_model/1")
_GRAPH_NODE = re.compile(r"\{\{.*?\}\} ?")  # TensorFlow's own names in its messages
_TIMEOUT_S = 300
_TOLERANCE = {"emotion": 1e-3, "keypoints": 1e-2, "detector": 1e-3}  # probability, px, cells
_ANSWER: dict[Task, str] = {
    "emotion": "probabilities",
    "keypoints": "keypoints",
    "detector": "cells",
}


def write_saved_model(subject: Subject, folder: Path) -> dict[str, Any]:
    """Write `folder`/saved_model/1 in one step, once a fresh process has loaded and tried it.

    Returns:
        Shapes and types of each signature's inputs and outputs, as the fresh process saw them.

    Raises:
        EdgeEmotionError: it cannot be written, has other signatures than this module tells, or
            answers otherwise than the network.
    """
    with _replacing_folder(folder / VERSION) as part:
        try:
            with quiet():
                _write(subject, part)
        except (OSError, tf.errors.OpError) as error:
            reason = _GRAPH_NODE.sub("", str(error)).partition("\n")[0][:160]
            raise EdgeEmotionError(
                f"cannot write {folder / VERSION}: TensorFlow stopped at {reason}",
                remedy="check the folder's permissions and the free space",
            ) from error
        return _check(subject, part)


def _write(subject: Subject, part: Path) -> None:
    side = subject.network.input_shape[1]
    shape = (None, side, side, 1)

    def answer(faces: tf.Tensor) -> dict[str, tf.Tensor]:
        # Said at each call: behind Keras's layers for pictures, which a detector has, networks are
        # called as in training where nobody says otherwise.
        network = partial(subject.network, training=False)
        if subject.network.input_shape[0] == 1:  # somebody fixed its batch
            answers = tf.map_fn(lambda face: network(face[None])[0], faces)
        else:
            answers = network(faces)
        if subject.mean_face is None:
            return {_ANSWER[subject.task]: answers}
        offsets = tf.reshape(answers, (-1, *subject.mean_face.shape))
        return {_ANSWER[subject.task]: offsets * OFFSET_LIMIT_PX + subject.mean_face}

    def answer_bytes(faces: tf.Tensor) -> dict[str, tf.Tensor]:
        return answer(tf.cast(faces, tf.float32) / 255.0)

    # Keras's own export archive stores every weight twice.
    module = tf.Module()
    module.weights = [variable.value for variable in subject.network.variables]
    signatures = {
        name: tf.function(function, [tf.TensorSpec(shape, dtype, name="faces")])
        for name, function, dtype in (
            ("serving_default", answer, tf.float32),
            ("serving_bytes", answer_bytes, tf.uint8),
        )
    }
    tf.saved_model.save(module, part, signatures)


def _check(subject: Subject, part: Path) -> dict[str, Any]:
    """Let a fresh process load the folder and answer faces as the network does.

    It leaves the GPU to this one, which may hold all its memory.
    """
    line = [sys.executable, "-m", "edge_emotion_convert.serving_check", str(part)]
    try:
        done = subprocess.run(  # noqa: S603  (our own module)
            line,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        )
    except subprocess.TimeoutExpired as error:
        raise EdgeEmotionError(
            f"the SavedModel was not loaded and tried within {_TIMEOUT_S} s"
        ) from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1][:160]
        raise EdgeEmotionError(f"the SavedModel cannot be loaded: {reason}")
    found = json.loads(done.stdout.splitlines()[-1])
    signatures: dict[str, Any] = found["signatures"]
    documented = _documented(subject)
    if signatures != documented:
        raise EdgeEmotionError(
            f"the SavedModel has the signatures {signatures}", expected=str(documented)
        )
    faces = probe(subject.network.input_shape[1])
    expected: Floats = predict(subject.network, subject.mean_face, faces)
    for name, answers in found["answers"].items():
        off = float(np.abs(np.array(answers) - expected).max())
        if not off <= _TOLERANCE[subject.task]:
            raise EdgeEmotionError(
                f"the SavedModel's {name} is {off:.4f} off the network's answers",
                expected=f"at most {_TOLERANCE[subject.task]}",
            )
    return signatures


def _documented(subject: Subject) -> dict[str, Any]:
    """The signatures that this module's first lines tell of."""
    side = subject.network.input_shape[1]
    shape = [None, *KINDS[subject.task].answer]
    return {
        name: {
            "inputs": {"faces": {"dtype": dtype, "shape": [None, side, side, 1]}},
            "outputs": {_ANSWER[subject.task]: {"dtype": "float32", "shape": shape}},
        }
        for name, dtype in (("serving_default", "float32"), ("serving_bytes", "uint8"))
    }


@contextmanager
def _replacing_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path` to fill, and let it take its place on success.

    On an exception, Ctrl-C among them, it is removed, and so is the folder around `path` if nothing
    else is in it; `path` is as it was.

    Raises:
        EdgeEmotionError: the folder cannot be made or moved.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}.*"):  # by one that was killed
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
            part = Path(scratch) / "part"
            yield part
            sync_folder(part)
            if path.exists():
                exchange(part, path)
            else:
                part.rename(path)
    except OSError as error:
        raise EdgeEmotionError(
            f"cannot write {path}: {error.strerror or error}",
            remedy="check the folder's permissions and the free space, or name another folder",
        ) from error
    finally:
        with suppress(OSError):  # it is not there, or not empty
            path.parent.rmdir()
