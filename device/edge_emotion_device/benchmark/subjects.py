"""The models of a benchmark: files of this toolkit, and peers by their adapters."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.modelfile import (
    COMPILED_FROM,
    TASKS,
    ModelFile,
    ModelMetadata,
    Task,
    read_model,
    shipped_model,
    shipped_tasks,
)
from edge_emotion.preprocess import resize_square
from edge_emotion.quantization import TensorSpec
from edge_emotion.testvectors import draw_faces
from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.delegates.choice import parse_delegate
from edge_emotion_device.delegates.opening import OpenedModel, open_model
from edge_emotion_device.graph import Graph, read_graph
from edge_emotion_device.peer import Peer

FACES = 8  # different ones, in turn: an answer to the same face could come from a cache
_DRAWN_PX = 192
_METADATA_TRACE = b"metadata.json"


@dataclass(frozen=True)
class Subject:
    """A model to be measured.

    Attributes:
        path: its .tflite.
        flatbuffer: without the metadata behind it.
        task: emotion, keypoints or detector.
        metadata: what the file says about itself; None for a peer.
        peer: how it is asked, if it is one.
    """

    path: Path
    flatbuffer: bytes = field(repr=False)
    task: Task
    metadata: ModelMetadata | None = None
    peer: Peer | None = None

    @classmethod
    def read(cls, path: Path) -> "Subject":
        """A .tflite of this toolkit, or a peer's adapter.

        Raises:
            EdgeEmotionError: it cannot be read, is no model, or an adapter that is wrong.
        """
        if path.suffix == ".toml":
            peer = Peer.read(path)
            return cls(peer.model, peer.flatbuffer, peer.task, peer=peer)
        if path.is_file() and _METADATA_TRACE not in path.read_bytes():
            raise EdgeEmotionError(
                f"{path} is no model of this toolkit: it carries no metadata.json",
                expected="a .tflite made by edge-emotion convert, or an adapter",
                remedy="describe another's model in an adapter (docs/benchmark.md)",
            )
        file = read_model(path)
        return cls(path, file.flatbuffer, file.metadata.task, file.metadata)

    @cached_property
    def id(self) -> str:
        """The file's name and the beginning of its checksum, and of that of a peer's adapter."""
        adapter = f"-{self.peer.adapter_sha256[:8]}" if self.peer else ""
        return f"{self.path.stem}-{self._sha256[:8]}{adapter}"

    @cached_property
    def format(self) -> str:
        """int8, float32, ...; of a peer its weights' number format."""
        return self.metadata.format if self.metadata else self._graph.weights or "unknown"

    @property
    def compiled(self) -> bool:
        """Whether it runs on an Edge TPU alone."""
        return edgetpu.OPERATOR in self.flatbuffer

    def as_dict(self) -> dict[str, Any]:
        """As in the benchmark file."""
        made = self.metadata
        macs: int | None = self._graph.macs
        if self.compiled:  # whose one operator does not show them
            macs = made.architecture.get("macs") if made else None
        name = self.peer.name if self.peer else self.path.stem
        if made and made.recipe.get("name"):
            name = f"{self.task}-{made.recipe['name']}"
        return {
            "id": self.id,
            "file": self.path.name,
            "sha256": self._sha256,
            "flatbuffer_sha256": hashlib.sha256(self.flatbuffer).hexdigest(),
            "task": self.task,
            "name": name,
            "format": self.format,
            "compiled": self.compiled,
            "int8_sha256": made.edgetpu.get(COMPILED_FROM) if made else None,
            "size_bytes": self.path.stat().st_size,
            "peer": self.peer is not None,
            "source": self.peer.source if self.peer else None,
            "adapter_sha256": self.peer.adapter_sha256 if self.peer else None,
            "macs": macs or None,
            "accuracy": made.accuracy or None if made else None,
        }

    def open(self, delegate: str, threads: int) -> OpenedModel:
        """Put it into an interpreter.

        Raises:
            EdgeEmotionError: the delegate cannot be had, or not for it.
        """
        return open_flatbuffer(self.path, self.flatbuffer, delegate, threads)

    def inputs(self, given: TensorSpec) -> list[npt.NDArray[Any]]:
        """Drawn faces as its input tensor."""
        faces = draw_faces(range(FACES), _DRAWN_PX)
        if self.peer:
            return [self.peer.prepare(face, given) for face in faces]
        side = given.shape[1]
        grays = [resize_square(face, side) / np.float32(255) for face in faces]
        return [given.quantize(gray)[None, :, :, None] for gray in grays]

    @cached_property
    def _sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @cached_property
    def _graph(self) -> Graph:
        return read_graph(self.path, self.flatbuffer)


def open_flatbuffer(path: Path, flatbuffer: bytes, delegate: str, threads: int) -> OpenedModel:
    """Put any model into an interpreter; errors as of `delegates.opening.open_model`."""
    # Metadata are looked at only where a substitute may be taken.
    file = ModelFile(path, cast(ModelMetadata, None), flatbuffer)
    return open_model(file, delegate, threads, substitute=False)


def read_subjects(names: Sequence[str]) -> list[Subject]:
    """The models that are named, each once.

    In a folder what is no model of this toolkit is told on stderr and left out.

    Raises:
        EdgeEmotionError: one of them cannot be used, or a folder is without any.
    """
    found: dict[str, Subject] = {}
    for name in names:
        for subject in _named(name):
            found.setdefault(subject.id, subject)
    return list(found.values())


def completed(subjects: Sequence[Subject]) -> list[Subject]:
    """The same, with the shipped model of a task that models of ours lack for a frame path."""
    tasks = {subject.task for subject in subjects if subject.peer is None}
    names = [task for task in shipped_tasks() if tasks and task not in tasks]
    return [*subjects, *read_subjects(names)]


class Team(NamedTuple):
    """The models of a frame path; without a detector among them OpenCV's cascade finds the face."""

    emotion: Subject
    keypoints: Subject
    detector: Subject | None


def teams(subjects: Sequence[Subject]) -> list[Team]:
    """Models for whole frame paths: each model of ours is in one at least.

    Its partners are of the same format, else the first.
    """
    ours: dict[Task, list[Subject]] = {task: [] for task in TASKS}
    for subject in subjects:
        if subject.peer is None:
            ours[subject.task].append(subject)
    found = {}
    for subject in (one for task in TASKS for one in ours[task]):
        places = {task: _partner(subject, others) for task, others in ours.items() if others}
        team = Team(places["emotion"], places["keypoints"], places.get("detector"))
        found[tuple(one and one.id for one in team)] = team
    return list(found.values())


def delegates_for(subject: Subject, delegates: Sequence[str]) -> list[str]:
    """Those that a model is made for; all of them where none is, to be told why."""

    def suits(name: str) -> bool:
        choice = parse_delegate(name)
        return bool(choice.library) if subject.compiled else not choice.for_edgetpu

    return list(filter(suits, delegates)) or list(delegates)


def _named(name: str) -> Iterator[Subject]:
    path = Path(name)
    if not path.exists() and name in TASKS:
        yield Subject.read(shipped_model(name))
        return
    if not path.is_dir():
        yield Subject.read(path)
        return
    files = sorted(path.rglob("*.tflite"))
    if not files:
        raise EdgeEmotionError(
            f"no .tflite in {path}", remedy="make one with: edge-emotion convert"
        )
    for file in files:
        try:
            yield Subject.read(file)
        except EdgeEmotionError as error:
            warn(f"{error}; left out")


def _partner(subject: Subject, others: Sequence[Subject]) -> Subject:
    """Of the models of a task the one that goes with a model, which may be among them."""

    def alike(other: Subject) -> bool:
        return (other.format, other.compiled) == (subject.format, subject.compiled)

    return subject if subject in others else next(filter(alike, others), others[0])
