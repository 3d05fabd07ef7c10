"""One version of a model, ready to answer: what TensorFlow Serving calls a servable.

An interpreter answers one request at a time, so there are as many of each model as workers.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

import numpy as np

from edge_emotion.modelfile import Task, read_model
from edge_emotion.preprocess import KEYPOINT_SIDE_PX, halve
from edge_emotion.types import Floats, Image
from edge_emotion_device.interpreter import (
    DetectorModel,
    EmotionModel,
    KeypointModel,
    load_detector,
    load_emotion,
    load_keypoints,
)
from edge_emotion_device.serving.json_tensors import Tensor, decode_base64, shape_text
from edge_emotion_device.serving.pictures import MOST_PX_AT_ONCE, face_of_picture
from edge_emotion_device.serving.refusal import Refusal, invalid
from edge_emotion_device.serving.signatures import (
    PICTURES,
    POINTS,
    PROBABILITIES,
    TENSORS,
    Signature,
    TensorInfo,
    face_signatures,
    picture_signature,
)

AnyModel = DetectorModel | EmotionModel | KeypointModel
_LOADERS: dict[Task, Callable[[Path], AnyModel]] = {
    "emotion": load_emotion,
    "keypoints": load_keypoints,
    "detector": load_detector,
}


class Servable(Protocol):
    """What answers, by any of its signatures; from several threads at once."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """By name."""

    def predict(self, signature: Signature, tensor: Tensor) -> dict[str, Floats]:
        """The outputs, by name, for the input of a request.

        Raises:
            Refusal: the input has another shape than the signature says, or impossible values.
        """


class FaceServable:
    """A model of one task; a detector's answers are those of its cells, as `detection.faces` takes.

    Args:
        path: the model file; what it is for stands in it.
        copies: of its interpreter, at least as many as threads that ask.

    Attributes:
        task: what the model is for.

    Raises:
        EdgeEmotionError: the file is missing, damaged or cannot run.
    """

    def __init__(self, path: Path, copies: int) -> None:
        self.task: Task = read_model(path).metadata.task
        self._models: SimpleQueue[AnyModel] = SimpleQueue()
        for _ in range(copies):
            self._models.put(_LOADERS[self.task](path))
        side_px, self._answered = TENSORS[self.task]
        self.signatures: Mapping[str, Signature] = face_signatures(side_px, self._answered)

    def predict(self, signature: Signature, tensor: Tensor) -> dict[str, Floats]:
        """As `Servable`."""
        return {self._answered.name: self.answer(_gray_faces(signature, tensor))}

    def answer(self, faces: Image) -> Floats:
        """The output of `(N, S, S) uint8` faces."""
        model = self._models.get()
        try:
            return model.predict(faces)
        finally:
            self._models.put(model)


class CombinedServable:
    """Both networks on the same 96 px faces; the emotion network sees their exact halves."""

    def __init__(self, emotion: FaceServable, keypoints: FaceServable) -> None:
        self._emotion, self._keypoints = emotion, keypoints
        answered = (POINTS, PROBABILITIES)
        pictures = picture_signature(*answered)
        self.signatures: Mapping[str, Signature] = {
            **face_signatures(KEYPOINT_SIDE_PX, *answered),
            pictures.name: pictures,
        }

    def predict(self, signature: Signature, tensor: Tensor) -> dict[str, Floats]:
        """As `Servable`; the keypoints of pictures are in the pictures' own pixels."""
        if signature.name != PICTURES:
            return self._both(_gray_faces(signature, tensor))
        _check_shape(signature, tensor.shape)
        faces, crops, left_px = [], [], MOST_PX_AT_ONCE
        for value in tensor.values:
            content = decode_base64(value) if isinstance(value, dict) else value.encode()
            face, crop = face_of_picture(content, left_px)
            left_px -= crop.side**2
            faces.append(face)
            crops.append(crop)
        answers = self._both(np.stack(faces))
        for points, crop in zip(answers[POINTS.name], crops, strict=True):
            points[:] = crop.to_frame(points, KEYPOINT_SIDE_PX)
        return answers

    def _both(self, faces: Image) -> dict[str, Floats]:
        halves = np.stack([halve(face) for face in faces])
        return {
            POINTS.name: self._keypoints.answer(faces),
            PROBABILITIES.name: self._emotion.answer(halves),
        }


def _gray_faces(signature: Signature, tensor: Tensor) -> Image:
    """`(N, S, S) uint8` faces: floats in steps of 1/255, which is what the int8 input holds."""
    info = signature.given
    side_px = info.shape[1]
    if tensor.values and isinstance(tensor.values[0], dict):
        return _faces_of_base64(signature, tensor)
    _check_shape(signature, tensor.shape)
    values = np.array(tensor.values, np.float64 if info.dtype == "float" else None)
    grays = np.rint(values * 255) if info.dtype == "float" else values
    if not (grays.min() >= 0 and grays.max() <= 255):
        limits = "0 to 1" if info.dtype == "float" else "0 to 255"
        raise invalid(
            f"values from {values.min():.6g} to {values.max():.6g} in {info.name}; signature "
            f"{signature.name} takes {limits}"
        )
    return grays.astype(np.uint8).reshape(-1, side_px, side_px)


def _faces_of_base64(signature: Signature, tensor: Tensor) -> Image:
    """As `_gray_faces`, where each value is the bytes of a whole face, row by row."""
    info = signature.given
    if len(tensor.shape) != 1:
        raise _wrong_shape(signature, (*tensor.shape, *info.shape[1:]))
    size, faces = info.shape[1] * info.shape[2], []
    for value in tensor.values:
        faces.append(np.frombuffer(decode_base64(value), np.uint8))
        if faces[-1].size != size:
            raise invalid(f"{faces[-1].size} bytes in base64; expected {size}, a whole face")
    return np.stack(faces).reshape(-1, *info.shape[1:3])


def _check_shape(signature: Signature, shape: tuple[int, ...]) -> None:
    expected = signature.given.shape
    if len(shape) != len(expected) or shape[1:] != expected[1:] or not shape[0]:
        raise _wrong_shape(signature, shape)


def _wrong_shape(signature: Signature, shape: tuple[int, ...]) -> Refusal:
    info: TensorInfo = signature.given
    return invalid(
        f"input {info.name} has the shape {shape_text(shape)}; signature {signature.name} takes "
        f"{shape_text(info.shape)}"
    )
