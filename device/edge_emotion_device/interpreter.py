"""The two networks on the device: gray bytes in, probabilities or points out."""

from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from edge_emotion.errors import EdgeEmotionError, WrongUse, warn
from edge_emotion.labels import KEYPOINTS
from edge_emotion.modelfile import ModelFile, ModelMetadata, Task, read_model, shipped_model
from edge_emotion.quantization import TensorSpec
from edge_emotion.types import Floats, Image
from edge_emotion_device.delegates import open_delegates, parse_delegate
from edge_emotion_device.runtime import open_interpreter

AnyModel = TypeVar("AnyModel", bound="Model")


class Model:
    """One model file in one interpreter.  Close it, or use it in a `with` block.

    An int8 file's input is uint8 with scale 1/255 and zero point 0, so a camera's gray bytes are
    the quantized input as they stand: they are copied into the tensor and nothing else.

    Attributes:
        metadata: what the file says about itself.
        delegate: what runs it: cpu where auto found no accelerator or that refused the file.
    """

    def __init__(self, file: ModelFile, delegate: str, threads: int) -> None:
        if threads < 1:
            raise WrongUse(f"{threads} threads", expected="at least 1")
        self.metadata: ModelMetadata = file.metadata
        self._interpreter: Any = None
        interpreter, self.delegate = _open_interpreter(file, delegate, threads)
        given, answered = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        self._given, self._answered = TensorSpec.of(given), TensorSpec.of(answered)
        file.check_tensors(self._given, self._answered)
        self._interpreter = interpreter
        self._input = interpreter.tensor(given["index"])
        self._output = interpreter.tensor(answered["index"])
        self._takes_bytes = self._given.dtype == "uint8" and bool(
            np.isclose(self._given.scale, 1 / 255, rtol=1e-4) and self._given.zero_point == 0
        )

    def run(self, face: Image) -> Floats:
        """The network's real outputs, `(n,) float32`, for one `(S, S) uint8` face."""
        # The tensors are asked for afresh: the runtime refuses to run while a view of them lives.
        if self._takes_bytes:
            self._input()[0, :, :, 0] = face
        else:
            self._input()[0, :, :, 0] = self._given.quantize(face / np.float32(255))
        self._interpreter.invoke()
        return self._answered.dequantize(self._output()[0])

    def close(self) -> None:
        """Free the interpreter and its delegate; the model cannot run afterwards."""
        self._input = self._output = self._interpreter = None

    def __enter__(self: AnyModel) -> AnyModel:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _run_all(self, faces: Image) -> Floats:
        side = self._given.shape[1]
        if faces.dtype != np.uint8 or faces.ndim != 3 or faces.shape[1:] != (side, side):
            raise ValueError(
                f"faces of {faces.dtype} {faces.shape}; expected uint8 (N, {side}, {side})"
            )
        answers = np.empty((len(faces), self._answered.shape[1]), np.float32)
        for face, answer in zip(faces, answers, strict=True):
            answer[:] = self.run(face)
        return answers


def _open_interpreter(file: ModelFile, delegate: str, threads: int) -> tuple[Any, str]:
    """The interpreter, and the delegate it has got."""
    delegates = open_delegates(delegate)
    try:
        interpreter = open_interpreter(file.flatbuffer, threads=threads, delegates=delegates)
    except (ValueError, RuntimeError) as error:
        if delegates and not parse_delegate(delegate).required:
            warn(f"the accelerator refuses {file.path} ({error}); using the CPU")
            return _open_interpreter(file, "cpu", threads)
        raise EdgeEmotionError(
            f"{file.path} cannot run with --delegate {delegate}: {error}",
            remedy="try --delegate cpu, or convert the model again",
        ) from error
    return interpreter, delegate if delegates else "cpu"


class EmotionModel(Model):
    """The emotion network."""

    def predict(self, faces: Image) -> Floats:
        """`(N, 5) float32` probabilities, as `labels.EMOTIONS`, of `(N, 48, 48) uint8` faces.

        Raises:
            ValueError: the faces have another shape or type.
        """
        return self._run_all(faces)


class KeypointModel(Model):
    """The keypoint network.

    Attributes:
        mean_face: `(15, 2) float32` pixels, what the network's offsets are counted from.
    """

    def __init__(self, file: ModelFile, delegate: str, threads: int) -> None:
        super().__init__(file, delegate, threads)
        self.mean_face: Floats = np.asarray(file.metadata.mean_face, np.float32)
        self._limit_px = np.float32(file.metadata.offset_limit_px)

    def locate(self, face: Image) -> Floats:
        """`(15, 2) float32` pixels of one `(96, 96) uint8` face."""
        return self._points(self.run(face))[0]

    def predict(self, faces: Image) -> Floats:
        """`(N, 15, 2) float32` pixels, as `labels.KEYPOINTS`, of `(N, 96, 96) uint8` faces.

        Raises:
            ValueError: the faces have another shape or type.
        """
        return self._points(self._run_all(faces))

    def _points(self, offsets: Floats) -> Floats:
        return offsets.reshape(-1, len(KEYPOINTS), 2) * self._limit_px + self.mean_face


def load_emotion(
    path: str | Path | None = None, delegate: str = "cpu", threads: int = 1
) -> EmotionModel:
    """Load an emotion model, the shipped int8 one without `path`.

    Raises:
        EdgeEmotionError: no such file, damaged, of another task, or the delegate refuses it.
    """
    return EmotionModel(_read(path, "emotion"), delegate, threads)


def load_keypoints(
    path: str | Path | None = None, delegate: str = "cpu", threads: int = 1
) -> KeypointModel:
    """Load a keypoint model, the shipped int8 one without `path`.

    Raises:
        EdgeEmotionError: no such file, damaged, of another task, or the delegate refuses it.
    """
    return KeypointModel(_read(path, "keypoints"), delegate, threads)


def _read(path: str | Path | None, task: Task) -> ModelFile:
    return read_model(shipped_model(task) if path is None else Path(path), task)
