"""Model files: metadata, the flatbuffer behind a right checksum, and networks of Keras."""

import hashlib
import io
import json
import os
import random
import signal
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion.modelfile import SCHEMA, ModelMetadata, model_bytes, read_model, shipped_model
from edge_emotion_device.delegates import trial
from edge_emotion_device.graph import read_graph
from edge_emotion_device.interpreter import load_emotion
from edge_emotion_device.runtime import open_interpreter
from fuzz.engine import Refused, Target, Try
from fuzz.mutate import as_json, mutated

_MEMBER = "metadata.json"
_INTS = (
    -(2**31),
    -1,
    0,
    0,
    1,
    1,
    2,
    2,
    3,
    4,
    5,
    7,
    9,
    20,
    64,
    100,
    127,
    255,
    4096,
    2**20,
    2**31 - 1,
)


@contextmanager
def metadata(folder: Path) -> Iterator[Try]:
    """What stands behind the flatbuffer: damaged bytes, other values, archives that lie."""
    file = folder / "model.tflite"
    shipped = [read_model(shipped_model(task)) for task in ("emotion", "keypoints")]
    flatbuffer = shipped[0].flatbuffer[:2000]
    digest = hashlib.sha256(flatbuffer).hexdigest()
    tables = [
        {"schema": SCHEMA, **asdict(one.metadata), "flatbuffer_sha256": digest} for one in shipped
    ]
    for table in tables:
        table["test_vectors"] = {
            **table["test_vectors"],
            **{key: table["test_vectors"][key][:2] for key in ("seeds", "outputs")},
        }
    tables = json.loads(json.dumps(tables))
    archives = [_archive(flatbuffer, json.dumps(table).encode()) for table in tables]
    bomb = _archive(flatbuffer, b"[" * 900_000), _archive(flatbuffer, bytes(400 << 20))

    def attempt(draw: random.Random) -> None:
        place, kind = draw.randrange(2), draw.random()
        if kind < 0.55:
            content = _archive(flatbuffer, as_json(draw, tables[place]))
        elif kind < 0.56:
            content = draw.choice(bomb)
        else:
            size = len(archives[place])
            ends = range(size - 200, size)  # the central directory
            content = mutated(draw, archives[place], at=ends)
        file.write_bytes(content)
        read = read_model(file)
        vectors = read.metadata.test_vectors
        if vectors is not None and draw.random() < 0.3:
            vectors.faces(48)
            vectors.answers(read.metadata.output)

    yield attempt


def _archive(flatbuffer: bytes, content: bytes) -> bytes:
    buffer = io.BytesIO(flatbuffer)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_MEMBER, content)
    return buffer.getvalue()


@contextmanager
def flatbuffers(folder: Path) -> Iterator[Try]:
    """A graph of which numbers are others, or whose bytes are damaged, under a right checksum."""
    from tensorflow.lite.tools import flatbuffer_utils as trees

    file, right = folder / "emotion.tflite", read_model(shipped_model("emotion"))
    faces = np.zeros((1, 48, 48), np.uint8)
    known: ModelMetadata = right.metadata

    run_child, trial._run_child = trial._run_child, _run_fork

    def attempt(draw: random.Random) -> None:
        if draw.random() < 0.35:
            structure = (
                *range(4000),
                *range(len(right.flatbuffer) - 30_000, len(right.flatbuffer)),
            )
            content = mutated(draw, right.flatbuffer, most=3, at=structure)
        else:
            tree = trees.convert_bytearray_to_object(bytearray(right.flatbuffer))
            for _ in range(draw.randint(1, 3)):
                _change(draw, tree)
            try:
                content = bytes(trees.convert_object_to_bytearray(tree))
            except (TypeError, ValueError, struct.error):  # more than its field holds
                raise Refused("not written") from None
        file.write_bytes(model_bytes(content, known))
        if draw.random() < 0.2:
            read_graph(file, read_model(file).flatbuffer)
        with load_emotion(file) as model:
            model.predict(faces)

    yield attempt
    trial._run_child = run_child


def _run_fork(library: str, options: dict[str, str], flatbuffer: bytes) -> Any:
    """The trial of `trial._run_child` in a fork, which costs milliseconds."""
    process = os.fork()
    if process == 0:
        try:
            signal.alarm(10)
            open_interpreter(flatbuffer).invoke()
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    name = signal.Signals(-code).name if code < 0 else ""
    return trial._Ended(not code, "prepare", signal=name, error="an error" if code > 0 else "")


def _change(draw: random.Random, tree: Any) -> None:
    """Give a number, or a number in a list, of some part of a graph another value."""
    graph = tree.subgraphs[0]
    kind = draw.random()
    if kind < 0.35:
        part = draw.choice(graph.operators)
    elif kind < 0.55:
        part = draw.choice(graph.tensors)
    elif kind < 0.7:
        part = draw.choice([one.builtinOptions for one in graph.operators if one.builtinOptions])
    elif kind < 0.8:
        part = draw.choice([one.quantization for one in graph.tensors if one.quantization])
    elif kind < 0.9:
        part = draw.choice(tree.operatorCodes)
    else:
        part = draw.choice((graph, tree.buffers[draw.randrange(len(tree.buffers))]))
    names = [name for name, value in vars(part).items() if _numbers(value)]
    if not names:
        return
    name = draw.choice(names)
    value = getattr(part, name)
    if isinstance(value, bool):
        setattr(part, name, not value)
    elif isinstance(value, int):
        setattr(part, name, draw.choice(_INTS))
    elif isinstance(value, float):
        setattr(part, name, draw.choice((0.0, -1.0, float("nan"), float("inf"), 1e30, 1e-30)))
    else:
        values = np.array(value)
        if draw.random() < 0.3:
            values = values[: draw.randrange(len(values))]
        elif values.dtype.kind in "iu":
            number = draw.choice((*_INTS, draw.randrange(40)))
            values = values.astype(np.int64)
            values[draw.randrange(len(values))] = number
            values = values.astype(np.array(value).dtype)
        else:
            values[draw.randrange(len(values))] = draw.choice((0.0, -1.0, np.nan, np.inf, 1e30))
        setattr(part, name, values)


def _numbers(value: Any) -> bool:
    if isinstance(value, int | float):
        return True
    return (
        isinstance(value, list | np.ndarray)
        and len(value) > 0
        and np.ndim(value) == 1
        and (np.array(value).dtype.kind in "iuf")
    )


@contextmanager
def keras_files(folder: Path) -> Iterator[Try]:
    """.keras archives: damaged, with other values in config.json, and with code in them."""
    import keras

    from edge_emotion_train.networks.saved import read_network
    from helpers.tiny_runs import untrained_network

    right, file, canary = folder / "right.keras", folder / "model.keras", folder / "canary"
    untrained_network("emotion").save(right)
    with zipfile.ZipFile(right) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    code = keras.layers.Lambda(lambda x, place=str(canary): (Path(place).touch(), x)[1])
    hostile = [
        json.loads(json.dumps(keras.saving.serialize_keras_object(code))),
        *(
            {"module": module, "class_name": name, "config": {}, "registered_name": name}
            for module, name in (("os", "system"), ("builtins", "eval"), ("subprocess", "Popen"))
        ),
    ]

    def attempt(draw: random.Random) -> None:
        kind = draw.random()
        changed = dict(members)
        if kind < 0.5:
            changed["config.json"] = as_json(draw, config)
        elif kind < 0.7:
            table = json.loads(members["config.json"])
            layers = table["config"]["layers"]
            layers[draw.randrange(len(layers))] |= draw.choice(hostile)
            changed["config.json"] = json.dumps(table).encode()
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in changed.items():
                archive.writestr(
                    draw.choice((name, "../" + name)) if kind > 0.97 else name, content
                )
        content = stream.getvalue()
        file.write_bytes(mutated(draw, content) if kind > 0.7 else content)
        try:
            read_network(file, "emotion")
        finally:
            keras.backend.clear_session()
            assert not canary.exists(), "code of a model file ran"

    yield attempt


TARGETS = (
    Target("model metadata", metadata, 12),
    Target("model graphs", flatbuffers, 1),
    Target("Keras files", keras_files, 0.05),
)
