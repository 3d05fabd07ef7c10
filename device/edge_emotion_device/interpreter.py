"""The networks on the device: gray bytes in, probabilities, points or boxes out."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edge_emotion.detection import DETECTOR_SIDE_PX, SURE_ABOVE, faces, letterbox
from edge_emotion.errors import WrongUse
from edge_emotion.labels import KEYPOINTS
from edge_emotion.modelfile import ModelFile, ModelMetadata, Task, read_model, shipped_model
from edge_emotion.quantization import TensorSpec
from edge_emotion.types import Floats, Image
from edge_emotion_device.delegates.choice import parse_delegate
from edge_emotion_device.delegates.opening import open_model, place_model
from edge_emotion_device.delegates.operators import OperatorsPlaced

AnyModel = TypeVar("AnyModel", bound="Model")


class Model:
    """One model file in one interpreter.  Close it, or use it in a `with` block.

    An int8 file's input is uint8 with scale 1/255 and zero point 0, so a camera's gray bytes are
    the quantized input as they stand: they are copied into the tensor and nothing else.

    Args:
        file: the model.
        delegate: as `edge-emotion run --delegate`.
        threads: of the CPU.
        substitute: whether `auto` may take the file that a compiled one was made of.

    Attributes:
        path: the file that runs.
        metadata: what it says about itself.
        delegate: what runs it: cpu where auto found no accelerator or that refused the file.
        operators: how many of its operators the delegate took, and how many it left to the CPU;
            None where the runtime does not tell.
    """

    def __init__(
        self, file: ModelFile, delegate: str, threads: int, substitute: bool = True
    ) -> None:
        if threads < 1:
            raise WrongUse(f"{threads} threads", expected="at least 1")
        opened = open_model(file, delegate, threads, substitute)
        interpreter = opened.interpreter
        given, answered = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        self._given, self._answered = TensorSpec.of(given), TensorSpec.of(answered)
        opened.file.check_tensors(self._given, self._answered)
        self.path: Path = opened.file.path
        self.metadata: ModelMetadata = opened.file.metadata
        self.delegate: str = opened.delegate
        self.operators: OperatorsPlaced | None = opened.operators
        self._interpreter: Any = interpreter
        self._input: int = given["index"]
        self._output = interpreter.tensor(answered["index"])
        self._quantized = input_table(self._given)
        self._real = output_table(self._answered)

    def run(self, face: Image) -> Floats:
        """The network's real outputs, float32 of the output's shape, for one `(S, S) uint8` face.

        The array is new: who asked may keep it, as a `Reading` does.
        """
        if self._quantized is not None:
            face = self._quantized.take(face)
        self._interpreter.set_tensor(self._input, face[None, :, :, None])
        self._interpreter.invoke()
        # The tensor is asked for afresh: the runtime refuses to run while a view of it lives.
        answer = self._output()[0]
        if self._real is None:
            return self._answered.dequantize(answer)
        return self._real.take(answer.view(np.uint8))

    def close(self) -> None:
        """Free the interpreter and its delegate; the model cannot run afterwards."""
        self._output = self._interpreter = None

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
        answers = np.empty((len(faces), *self._answered.shape[1:]), np.float32)
        for face, answer in zip(faces, answers, strict=True):
            answer[:] = self.run(face)
        return answers


def input_table(spec: TensorSpec) -> npt.NDArray[Any] | None:
    """The input tensor's value for each of the 256 grays; None where that is the gray itself."""
    grays = np.arange(256, dtype=np.uint8)
    table = spec.quantize(grays / np.float32(255))
    return None if np.array_equal(table, grays) and table.dtype == np.uint8 else table


def output_table(spec: TensorSpec) -> Floats | None:
    """The real value of each byte of the output tensor; None where that is not 8 bits wide."""
    if spec.dtype not in ("uint8", "int8"):
        return None
    return spec.dequantize(np.arange(256, dtype=np.uint8).view(spec.dtype))


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

    def __init__(
        self, file: ModelFile, delegate: str, threads: int, substitute: bool = True
    ) -> None:
        super().__init__(file, delegate, threads, substitute)
        self.mean_face: Floats = np.asarray(self.metadata.mean_face, np.float32)
        self._limit_px = np.float32(self.metadata.offset_limit_px)

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


class DetectorModel(Model):
    """The face detector."""

    def __init__(
        self, file: ModelFile, delegate: str, threads: int, substitute: bool = True
    ) -> None:
        super().__init__(file, delegate, threads, substitute)
        self._picture = np.zeros((DETECTOR_SIDE_PX, DETECTOR_SIDE_PX), np.uint8)

    def detect(self, frame: Image) -> tuple[Floats, Floats]:
        """The faces of a frame, `(H, W, 3)` BGR or `(H, W)` gray, uint8.

        Returns:
            `(N, 4) float32` boxes from forehead to chin, xyxy in pixels of the frame and clipped to
            it, and `(N,)` scores, the best first.
        """
        picture, scale = letterbox(frame, self._picture)
        boxes, scores = faces(self.run(picture), SURE_ABOVE)
        boxes *= np.float32(scale)
        height, width = frame.shape[:2]
        np.clip(boxes, 0, (width, height, width, height), out=boxes)
        inside = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        return boxes[inside], scores[inside]

    def predict(self, pictures: Image) -> Floats:
        """`(N, 756, 5) float32` answers, as `edge_emotion.detection` reads them.

        Args:
            pictures: `(N, 192, 192) uint8`, as `detection.letterbox` draws them.

        Raises:
            ValueError: they have another shape or type.
        """
        return self._run_all(pictures)


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


def load_detector(
    path: str | Path | None = None, delegate: str = "cpu", threads: int = 1
) -> DetectorModel:
    """Load a face detector, the shipped int8 one without `path`.

    Raises:
        EdgeEmotionError: no such file, damaged, of another task, or the delegate refuses it.
    """
    return DetectorModel(_read(path, "detector"), delegate, threads)


@dataclass(frozen=True)
class Networks:
    """What a frame's way takes.

    Attributes:
        emotion, keypoints: of each face.
        detector: None where something else finds the faces.
    """

    emotion: EmotionModel
    keypoints: KeypointModel
    detector: DetectorModel | None = None

    @property
    def all(self) -> tuple[Model, ...]:
        """Those there are, in the order of a frame's way."""
        given = (self.detector, self.keypoints, self.emotion)
        return tuple(model for model in given if model is not None)

    def close(self) -> None:
        """Free the interpreters."""
        for model in self.all:
            model.close()


def load_networks(
    emotion: str | Path | None = None,
    keypoints: str | Path | None = None,
    detector: Path | None = None,
    *,
    delegate: str = "cpu",
    emotion_delegate: str | None = None,
    threads: int = 1,
) -> Networks:
    """Load the networks, on one accelerator or one each.

    In place of `load_emotion` and the others where they may share a device: what each does with it
    is tried before any opens it.

    Args:
        emotion, keypoints: model files; the shipped int8 models without.
        detector: model file; without, none is loaded.
        delegate: as `edge-emotion run --delegate`.
        emotion_delegate: of the emotion model, if it has its own.
        threads: of each interpreter on the CPU.

    Raises:
        EdgeEmotionError: a model or a delegate cannot be used.
    """
    first = place_model(_read(emotion, "emotion"), emotion_delegate or delegate)
    second = place_model(_read(keypoints, "keypoints"), delegate)
    third = None
    if detector is not None:
        third = place_model(_read(detector, "detector"), _detectors(delegate, detector))
    with ExitStack() as opened:
        networks = Networks(
            opened.enter_context(EmotionModel(*first, threads)),
            opened.enter_context(KeypointModel(*second, threads)),
            opened.enter_context(DetectorModel(*third, threads)) if third else None,
        )
        opened.pop_all()
    return networks


def _detectors(delegate: str, detector: Path) -> str:
    """The detector's delegate: the shipped file is not compiled, so no Edge TPU could run it."""
    shipped = detector == shipped_model("detector")
    return "cpu" if shipped and parse_delegate(delegate).for_edgetpu else delegate


def _read(path: str | Path | None, task: Task) -> ModelFile:
    return read_model(shipped_model(task) if path is None else Path(path), task)
