"""Whether this machine computes what a model file was measured to compute.

The file's test vectors are answered twice: by TFLite's reference kernels, which shows that file and
runtime are sound, and by the delegate that the device uses.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import ModelFile, ModelMetadata, Task, read_model
from edge_emotion.quantization import TensorSpec
from edge_emotion.quiet import native_messages_hidden
from edge_emotion.testvectors import TestVectors, draw_faces
from edge_emotion.types import Floats, Image
from edge_emotion_device.interpreter import Model
from edge_emotion_device.runtime import Interpreter, OpResolverType

FACES = 32

# Largest and mean difference allowed, in steps of the output.  Kernels round the sums of each layer
# in their own way, and the layers behind, softmax above all, enlarge that.  Measured over 300 faces
# with the shipped models: between the reference kernels of tflite-runtime 2.14 and LiteRT 2.3 at
# most 5 steps, mean 0.01; between these and the CPU's usual ones (XNNPACK and TFLite's own) at most
# 25, mean 1.6, in emotion and 7, mean 0.7, in keypoints.  Losing one of 32 channels of the first
# layer makes means of 5 and 1.7.  No accelerator was at hand: theirs are the CPU's.
_REFERENCE_TOLERANCE = (8.0, 0.25)
_DELEGATE_TOLERANCE: dict[Task, tuple[float, float]] = {
    "emotion": (32.0, 4.0),
    "keypoints": (12.0, 1.5),
}
_MEAN_SHARE = 1 / 8  # of the largest, where only that is given

# Steps of outputs that are not 8 bit wide: those of the int8 file of the same network.
_STEP: dict[Task, float] = {"emotion": 1 / 256, "keypoints": 1 / 128}


@dataclass(frozen=True)
class Comparison:
    """How one way of computing a model differs from its test vectors.

    Attributes:
        kernels: what computed it: reference, or a delegate's name.
        outputs: how many values were compared.
        differing: how many of them are not the same.
        largest, mean: difference, in steps of the output.
        tolerance, mean_tolerance: differences allowed, in steps.
    """

    kernels: str
    outputs: int
    differing: int
    largest: float
    mean: float
    tolerance: float
    mean_tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the differences are those of rounding."""
        return self.largest <= self.tolerance and self.mean <= self.mean_tolerance


@dataclass(frozen=True)
class Verification:
    """A model file, verified.

    Attributes:
        path: the file.
        task: emotion or keypoints.
        faces: how many faces it was asked.
        step: what a step of the output is: of probability, or pixels.
        threads: of the delegate's CPU share.
        comparisons: with the reference kernels, where they can run the file, and the delegate.
    """

    path: Path
    task: Task
    faces: int
    step: float
    threads: int
    comparisons: tuple[Comparison, ...]

    @property
    def passed(self) -> bool:
        """Whether every comparison passed."""
        return all(comparison.passed for comparison in self.comparisons)

    def as_dict(self) -> dict[str, Any]:
        """As `models verify --json` prints it."""
        comparisons = [{**asdict(one), "passed": one.passed} for one in self.comparisons]
        table = {**asdict(self), "path": str(self.path), "comparisons": comparisons}
        return {**table, "passed": self.passed}


def reference_vectors(flatbuffer: bytes) -> TestVectors | None:
    """Test vectors for a model, answered by TFLite's reference kernels.

    Args:
        flatbuffer: without the metadata behind it; not compiled for an Edge TPU.

    Returns:
        None where there are no reference kernels for one of its operators.
    """
    try:
        interpreter = _open_reference(flatbuffer)
    except EdgeEmotionError:
        return None
    seeds = tuple(range(FACES))
    faces = draw_faces(seeds, int(interpreter.get_input_details()[0]["shape"][1]))
    outputs = _run(interpreter, faces)
    return TestVectors.of(seeds, faces, [_little_endian(output) for output in outputs])


def verify(
    path: Path, delegate: str = "cpu", threads: int = 1, tolerance: float | None = None
) -> Verification:
    """Compare what this machine computes with a model file's test vectors.

    Args:
        path: the model file.
        delegate: cpu, edgetpu[:DEVICE], external:LIBRARY or auto.
        threads: of the CPU.
        tolerance: of the delegate, in steps of the output, the mean an eighth of it; None takes
            what is measured for the task.

    Raises:
        EdgeEmotionError: no test vectors, a damaged file, or the delegate cannot be had.
        WrongUse: a tolerance that is no number of steps.
    """
    if tolerance is not None and not tolerance >= 0:
        raise WrongUse(f"a tolerance of {tolerance} steps", expected="0 or more")
    file = read_model(path)
    metadata = file.metadata
    faces, expected = _vectors(file)
    step = _step(metadata)
    with Model(file, delegate, threads) as model:
        found = np.stack([model.run(face) for face in faces])
    allowed = _DELEGATE_TOLERANCE[metadata.task]
    if tolerance is not None:
        allowed = (tolerance, _MEAN_SHARE * tolerance)
    comparisons = [_compare(delegate, found, expected, step, allowed)]
    if not metadata.edgetpu:  # whose one operator only the Edge TPU has
        outputs = _run(_open_reference(file.flatbuffer), faces)
        found = metadata.output.dequantize(np.stack(outputs))
        comparisons.insert(0, _compare("reference", found, expected, step, _REFERENCE_TOLERANCE))
    unit = step * (metadata.offset_limit_px or 1.0)
    return Verification(path, metadata.task, len(faces), unit, threads, tuple(comparisons))


def _vectors(file: ModelFile) -> tuple[Image, Floats]:
    """A file's faces, and the real values it must answer."""
    metadata = file.metadata
    if metadata.test_vectors is None:
        raise EdgeEmotionError(
            f"{file.path} has no test vectors",
            expected="a model converted by this version of edge-emotion",
            remedy="convert it again with: edge-emotion convert",
        )
    try:
        faces = metadata.test_vectors.faces(metadata.input.shape[1])
        return faces, metadata.test_vectors.answers(metadata.output)
    except EdgeEmotionError as error:
        raise EdgeEmotionError(f"{file.path}: {error}") from error


def _step(metadata: ModelMetadata) -> float:
    output = metadata.output
    return output.scale if output.dtype in ("uint8", "int8") else _STEP[metadata.task]


def _compare(
    kernels: str, found: Floats, expected: Floats, step: float, allowed: tuple[float, float]
) -> Comparison:
    steps = np.abs(found - expected) / step
    return Comparison(
        kernels,
        int(steps.size),
        int(np.count_nonzero(steps > 1e-3)),
        round(float(steps.max()), 3),
        round(float(steps.mean()), 3),
        *allowed,
    )


def _open_reference(flatbuffer: bytes) -> Any:
    try:
        with native_messages_hidden():
            interpreter = Interpreter(
                model_content=flatbuffer, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
            )
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise EdgeEmotionError(f"TFLite's reference kernels cannot run it: {error}") from error
    return interpreter


def _run(interpreter: Any, faces: Image) -> list[Any]:
    """The output tensor, as it is, for each face."""
    given, answered = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    spec = TensorSpec.of(given)
    outputs = []
    for face in faces:
        tensor = spec.quantize(face / np.float32(255))
        interpreter.set_tensor(given["index"], tensor[None, :, :, None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(answered["index"])[0])
    return outputs


def _little_endian(values: Any) -> bytes:
    return values.astype(values.dtype.newbyteorder("<")).tobytes()
