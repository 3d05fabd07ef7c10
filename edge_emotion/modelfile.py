"""The model file: a .tflite with its metadata.json in a zip appended behind the flatbuffer.

TFLite ignores what follows the flatbuffer, and `zipfile` (or `unzip -p FILE metadata.json`) finds
the archive from the end, so one file is the whole deployable unit.
"""

import dataclasses
import hashlib
import io
import json
import lzma
import zipfile
import zlib
from dataclasses import dataclass, field
from operator import index
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from edge_emotion.detection import CELLS, DETECTOR_SIDE_PX, VALUES_A_CELL
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import write_bytes
from edge_emotion.labels import DETECTED, EMOTIONS, KEYPOINTS
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion.quantization import TensorSpec
from edge_emotion.testvectors import TestVectors

Task = Literal["emotion", "keypoints", "detector"]

TASKS: tuple[Task, ...] = get_args(Task)

# What each task's networks take, gray squares, and what they answer to one.
INPUT_SIDES_PX: dict[Task, int] = {
    "emotion": EMOTION_SIDE_PX,
    "keypoints": KEYPOINT_SIDE_PX,
    "detector": DETECTOR_SIDE_PX,
}
OUTPUT_SHAPES: dict[Task, tuple[int, ...]] = {
    "emotion": (len(EMOTIONS),),
    "keypoints": (2 * len(KEYPOINTS),),
    "detector": (len(CELLS), VALUES_A_CELL),
}

SCHEMA = 1
COMPILED_FROM = "int8_sha256"  # in `edgetpu`: the flatbuffer that a compiled one was made of
_MEMBER = "metadata.json"
_LARGEST_METADATA = 1 << 20
_LARGEST_MODEL = 256 << 20
_LABELS = {"emotion": EMOTIONS, "keypoints": KEYPOINTS, "detector": DETECTED}
_REMEDY = "convert the model again with: edge-emotion convert"

# What readers rely on: the types of the plain entries, and of those inside the free tables.
_NUMBER, _TABLE = (int, float, type(None)), (dict, type(None))
_LARGEST_NUMBER = 10**18
_ENTRIES: dict[str, type] = {
    **dict.fromkeys(("format", "license", "flatbuffer_sha256"), str),
    **dict.fromkeys(("architecture", "recipe", "training_data", "accuracy", "versions"), dict),
    "edgetpu": dict,
}
_INSIDE: dict[str, dict[str, Any]] = {
    "architecture": {"name": str, "parameters": int, "macs": int},
    "accuracy": {"measured_on": str, "float": _TABLE, "gate": _TABLE},
    "edgetpu": dict.fromkeys(
        ("operations", "mapped", "on_chip_used_bytes", "off_chip_bytes"), _NUMBER
    ),
}


@dataclass(frozen=True)
class ModelMetadata:
    """What a model file says about itself.

    Attributes:
        task: emotion, keypoints or detector.
        labels: names of the outputs, in order.
        input, output: formats of the two tensors.
        mean_face: `(15, 2)` pixels of the 96 px face; only for keypoints.
        offset_limit_px: pixels that an output of 1.0 stands for; only for keypoints.
        format: int8, float32, ... as `convert` names it.
        architecture: name, parameters and MACs of the network.
        recipe: the recipe it was trained by.
        training_data: faces a set, and a fingerprint of them.
        accuracy: float and quantized figures, and how each was measured.
        versions: of this package and of what made the file.
        license: of the weights.
        undecided_below: the largest probability below which a face of an emotion network shows none
            of them; None leaves it to the device.
        edgetpu: what its compiler told; only for a file compiled for an Edge TPU.
        test_vectors: what it must answer; None in a file of an earlier version.
        flatbuffer_sha256: of the bytes before the appended zip.
    """

    task: Task
    labels: tuple[str, ...]
    input: TensorSpec
    output: TensorSpec
    mean_face: tuple[tuple[float, float], ...] | None = None
    offset_limit_px: float | None = None
    format: str = "int8"
    architecture: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    training_data: dict[str, Any] = field(default_factory=dict)
    accuracy: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    license: str = ""
    undecided_below: float | None = None
    edgetpu: dict[str, Any] = field(default_factory=dict)
    test_vectors: TestVectors | None = None
    flatbuffer_sha256: str = ""

    def __post_init__(self) -> None:
        for name, kind in _ENTRIES.items():
            _expect_type(name, getattr(self, name), kind)
        for name, inside in _INSIDE.items():
            table = getattr(self, name)
            for key in inside.keys() & table.keys():
                _expect_type(f"{name}.{key}", table[key], inside[key])
        self._check_lineage()
        if self.undecided_below is not None:
            _expect_type("undecided_below", self.undecided_below, float)
            if not 0 <= self.undecided_below < 1:
                raise ValueError(f"undecided_below {self.undecided_below}; expected from 0 to 1")
        if self.task not in _LABELS:
            raise ValueError(f"task {self.task!r}; expected one of {', '.join(_LABELS)}")
        if self.labels != _LABELS[self.task]:
            raise ValueError(f"labels {self.labels}; expected {_LABELS[self.task]}")
        side = INPUT_SIDES_PX[self.task]
        _expect_shape("input", self.input.shape, (1, side, side, 1))
        _expect_shape("output", self.output.shape, (1, *OUTPUT_SHAPES[self.task]))
        if self.task == "keypoints":
            if self.mean_face is None or np.shape(self.mean_face) != (len(KEYPOINTS), 2):
                raise ValueError(f"mean_face {self.mean_face}; expected 15 points")
            if not self.offset_limit_px or self.offset_limit_px <= 0:
                raise ValueError(f"offset_limit_px {self.offset_limit_px}; expected above 0")
            if not np.isfinite([*np.ravel(self.mean_face), self.offset_limit_px]).all():
                raise ValueError("a mean_face or offset_limit_px that is no finite number")

    def _check_lineage(self) -> None:
        """What is in the tables whose keys are names: of sets, packages, formats and measures."""
        for name, facts in self.training_data.items():
            _expect_type(f"training_data.{name}", facts, dict)
            _expect_type(f"training_data.{name}.faces", facts.get("faces"), int)
            _expect_type(f"training_data.{name}.sha256", facts.get("sha256"), str)
        for name, version in self.versions.items():
            _expect_type(f"versions.{name}", version, str)
        _expect_type(f"accuracy.{self.format}", self.accuracy.get(self.format), _TABLE)
        if self.accuracy.get("gate"):
            _expect_type("accuracy.gate.reason", self.accuracy["gate"].get("reason"), str)


@dataclass(frozen=True)
class ModelFile:
    """A model file that was read and found to be whole: its path, metadata and flatbuffer."""

    path: Path
    metadata: ModelMetadata
    flatbuffer: bytes = field(repr=False)

    def check_tensors(self, given: TensorSpec, answered: TensorSpec) -> None:
        """Compare the interpreter's input and output with the metadata.

        Raises:
            EdgeEmotionError: they differ.
        """
        for name, found, expected in (
            ("input", given, self.metadata.input),
            ("output", answered, self.metadata.output),
        ):
            same_format = (found.shape, found.dtype, found.zero_point) == (
                expected.shape,
                expected.dtype,
                expected.zero_point,
            )
            if not same_format or not np.isclose(found.scale, expected.scale, rtol=1e-5):
                raise EdgeEmotionError(
                    f"{self.path}: its {name} tensor is {found}",
                    expected=f"{expected} by its metadata",
                    remedy=_REMEDY,
                )


def shipped_model(task: Task) -> Path:
    """The int8 model of a task that comes with the package."""
    return Path(__file__).parent / "models" / f"{task}.tflite"


def shipped_tasks() -> tuple[Task, ...]:
    """The tasks that a model comes with the package for."""
    return tuple(task for task in TASKS if shipped_model(task).is_file())


def read_model(path: Path, task: Task | None = None) -> ModelFile:
    """Read a model file and check that it is whole and, where asked, made for `task`.

    Raises:
        EdgeEmotionError: missing, truncated, changed, no metadata, or a model of another task.
    """
    try:
        if path.stat().st_size > _LARGEST_MODEL:
            raise EdgeEmotionError(f"{path} is larger than {_LARGEST_MODEL >> 20} MiB")
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise EdgeEmotionError(
            f"cannot read the model {path}: {getattr(error, 'strerror', error)}",
            remedy="check the path, or leave it out to use the shipped model",
        ) from error
    metadata, size = _metadata(path, content)
    flatbuffer = content[:size]
    if hashlib.sha256(flatbuffer).hexdigest() != metadata.flatbuffer_sha256:
        raise EdgeEmotionError(f"{path} is damaged: its checksum differs", remedy=_REMEDY)
    if task is not None and metadata.task != task:
        option = f"--detector net:{path}" if metadata.task == "detector" else f"--{metadata.task}"
        raise EdgeEmotionError(
            f"{path} is a model for {metadata.task}",
            expected=f"one for {task}",
            remedy=f"give it with {option}",
        )
    return ModelFile(path, metadata, flatbuffer)


def write_model(path: Path, flatbuffer: bytes, metadata: ModelMetadata) -> None:
    """Write a model file in one step (see `model_bytes`)."""
    write_bytes(path, model_bytes(flatbuffer, metadata))


def model_bytes(flatbuffer: bytes, metadata: ModelMetadata) -> bytes:
    """The content of a model file; the same flatbuffer and metadata give the same bytes.

    Raises:
        ValueError: the flatbuffer has an archive behind it already.
    """
    if zipfile.is_zipfile(io.BytesIO(flatbuffer)):
        raise ValueError("the flatbuffer carries an archive already; expected it alone")
    digest = hashlib.sha256(flatbuffer).hexdigest()
    stamped = dataclasses.replace(metadata, flatbuffer_sha256=digest)
    table = {"schema": SCHEMA, **dataclasses.asdict(stamped)}
    buffer = io.BytesIO(flatbuffer)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo(_MEMBER)  # dated 1980, so that nothing depends on the clock
        member.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(member, json.dumps(table, indent=1))
    return buffer.getvalue()


def _metadata(path: Path, content: bytes) -> tuple[ModelMetadata, int]:
    """The metadata, and where the flatbuffer before it ends."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            member = archive.getinfo(_MEMBER)
            if member.file_size > _LARGEST_METADATA:
                raise ValueError(f"{member.file_size} bytes of metadata")
            table = json.loads(archive.read(member))
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        KeyError,
        ValueError,
        RuntimeError,
    ) as error:
        raise EdgeEmotionError(
            f"{path} is truncated or no model of this toolkit: it carries no readable {_MEMBER}",
            expected="a .tflite made by edge-emotion convert",
            remedy="copy it again or convert it",
        ) from error
    try:
        if table.pop("schema") != SCHEMA:
            raise ValueError("another schema of metadata; update edge-emotion")
        json.dumps(table, ensure_ascii=False).encode()  # fails where text cannot be printed
        table["labels"] = tuple(table["labels"])
        if table["mean_face"] is not None:
            table["mean_face"] = tuple((float(x), float(y)) for x, y in table["mean_face"])
        for tensor in ("input", "output"):
            shape = tuple(index(size) for size in table[tensor]["shape"])
            table[tensor] = TensorSpec(**{**table[tensor], "shape": shape})
        if table.get("test_vectors") is not None:  # unknown to earlier versions
            table["test_vectors"] = TestVectors.from_table(table["test_vectors"])
        return ModelMetadata(**table), member.header_offset
    except KeyError as error:
        raise EdgeEmotionError(f"{path}: its metadata lacks {error}", remedy=_REMEDY) from error
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise EdgeEmotionError(
            f"{path}: its metadata cannot be used: {error}", remedy=_REMEDY
        ) from error


def _expect_type(name: str, found: object, kind: Any) -> None:
    if not isinstance(found, kind) or isinstance(found, bool):
        raise ValueError(f"{name} of type {type(found).__name__}")
    if isinstance(found, int) and abs(found) > _LARGEST_NUMBER:
        raise ValueError(f"{name} beyond {_LARGEST_NUMBER:.0e}")


def _expect_shape(name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if tuple(found) != expected:
        raise ValueError(f"{name} shape {tuple(found)}; expected {expected}")
