"""Whether this machine computes what a model file was measured to compute.

The file's test vectors are answered twice: by TFLite's reference kernels, which shows that file and
runtime are sound, and by the delegate that the device uses.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import ModelFile, ModelMetadata, Task, read_model
from edge_emotion.quantization import TensorSpec
from edge_emotion.testvectors import TestVectors, draw_pictures
from edge_emotion.types import Floats, Image
from edge_emotion_device.interpreter import Model
from edge_emotion_device.runtime import open_interpreter

FACES = 32
_MOST_VALUES = 4_000  # of all answers together: they are part of the file

Tolerance = tuple[float, float]  # largest and mean difference, in steps of the output

# Kernels round the sums of each layer in their own way, and the layers behind, softmax above all,
# enlarge that: by little in float and int16 arithmetic, and in int8 by what depends on the network.
# So an int8 file says how far the CPU that converted it was off, and `_MARGIN` of that is allowed;
# the figures here are for int8 files that do not say it, and for all else.  Measured over 300 faces
# with benchmarks/kernels.py, as docs/models.md tells.  No accelerator was at hand: theirs are the
# CPU's.
_FINE: Tolerance = (0.25, 0.025)  # float32, float16 and int16x8 were 0.03 and 0.0006 off at most
_TOLERANCES: dict[str, dict[Task, dict[str, Tolerance]]] = {
    "reference": {
        "emotion": {"int8": (8.0, 0.1), "dynamic": (3.0, 0.1)},
        "keypoints": {"int8": (8.0, 0.1), "dynamic": (3.0, 0.1)},
        "detector": {"int8": (8.0, 0.1), "dynamic": (3.0, 0.1)},
    },
    "cpu": {
        "emotion": {"int8": (32.0, 3.0), "dynamic": (6.0, 0.15)},
        "keypoints": {"int8": (12.0, 1.2), "dynamic": (3.0, 0.1)},
        "detector": {"int8": (12.0, 1.2), "dynamic": (3.0, 0.1)},
    },
}
_MARGIN = (2.0, 1.5)
_MEAN_SHARE = 1 / 8  # of the largest, where only that is given

# Steps of outputs that are not 8 bit wide: those of the int8 file of the same network.
_STEP: dict[Task, float] = {"emotion": 1 / 256, "keypoints": 1 / 128, "detector": 1 / 128}


@dataclass(frozen=True)
class Comparison:
    """How one way of computing a model differs from its test vectors.

    Attributes:
        kernels: what computed it: reference, cpu, or the delegate that took it.
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
        task: emotion, keypoints or detector.
        faces: how many drawn pictures it was asked.
        step: what a step of the output is: of probability, pixels, or of an answer within -1..1.
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
    """Test vectors for a model, answered by TFLite's reference kernels and, to compare, the CPU's.

    Args:
        flatbuffer: without the metadata behind it; not compiled for an Edge TPU.

    Returns:
        None where there are no reference kernels for one of its operators.

    Raises:
        EdgeEmotionError: it answers NaN.
    """
    try:
        interpreter = _open_reference(flatbuffer)
    except EdgeEmotionError:
        return None
    spec = TensorSpec.of(interpreter.get_output_details()[0])
    seeds = tuple(range(min(FACES, _MOST_VALUES // math.prod(spec.shape))))
    faces = draw_pictures(seeds, int(interpreter.get_input_details()[0]["shape"][1]))
    outputs = _run(interpreter, faces)
    fast = _run(open_interpreter(flatbuffer), faces)
    apart = np.abs(spec.dequantize(np.stack(fast)) - spec.dequantize(np.stack(outputs)))
    if not np.isfinite(apart).all():
        raise EdgeEmotionError(
            "the model answers drawn faces with no numbers", expected="finite answers to any face"
        )
    answers = [_little_endian(output) for output in outputs]
    return TestVectors.of(seeds, faces, answers, (float(apart.max()), float(apart.mean())))


def reference_answers(file: ModelFile, faces: Image) -> Floats:
    """Real outputs, `(N, …) float32`, of TFLite's reference kernels for `(N, S, S) uint8` pictures.

    Raises:
        EdgeEmotionError: there is no such kernel for one of its operators.
    """
    outputs = _run(_open_reference(file.flatbuffer), faces)
    return file.metadata.output.dequantize(np.stack(outputs))


def tolerance_of(kernels: str, metadata: ModelMetadata) -> Tolerance:
    """What kernels may differ by from the test vectors of a model.

    Args:
        kernels: reference, cpu or a delegate's name.
        metadata: of the model.
    """
    vectors = metadata.test_vectors
    if kernels != "reference" and metadata.format == "int8" and vectors and vectors.cpu:
        pairs = zip(vectors.cpu, _MARGIN, _FINE, strict=True)
        largest, mean = (max(floor, far * apart / step_of(metadata)) for apart, far, floor in pairs)
        return round(largest, 3), round(mean, 3)
    table = _TOLERANCES.get(kernels.partition(":")[0], _TOLERANCES["cpu"])
    return table[metadata.task].get(metadata.format, _FINE)


def step_of(metadata: ModelMetadata) -> float:
    """A step of the output, in its real values."""
    output = metadata.output
    return output.scale if output.dtype in ("uint8", "int8") else _STEP[metadata.task]


def verify(
    path: Path, delegate: str = "cpu", threads: int = 1, tolerance: float | None = None
) -> Verification:
    """Compare what this machine computes with a model file's test vectors.

    Args:
        path: the model file.
        delegate: cpu, edgetpu[:DEVICE], external:LIBRARY or auto.
        threads: of the CPU.
        tolerance: of the delegate, in steps of the output, the mean an eighth of it; None takes
            what was measured (see `tolerance_of`).

    Raises:
        EdgeEmotionError: no test vectors, a damaged file, or the delegate cannot be had.
        WrongUse: a tolerance that is no number of steps.
    """
    if tolerance is not None and not tolerance >= 0:
        raise WrongUse(f"a tolerance of {tolerance} steps", expected="0 or more")
    file = read_model(path)
    metadata = file.metadata
    faces, expected = _vectors(file)
    step = step_of(metadata)
    with Model(file, delegate, threads, substitute=False) as model:
        kernels = model.delegate
        found = np.stack([model.run(face) for face in faces])
    allowed = tolerance_of(kernels, metadata)
    if tolerance is not None:
        allowed = (tolerance, _MEAN_SHARE * tolerance)
    comparisons = [_compare(kernels, found, expected, step, allowed)]
    if not metadata.edgetpu:  # whose one operator only the Edge TPU has
        found, allowed = reference_answers(file, faces), tolerance_of("reference", metadata)
        comparisons.insert(0, _compare("reference", found, expected, step, allowed))
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


def _compare(
    kernels: str, found: Floats, expected: Floats, step: float, allowed: Tolerance
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
        return open_interpreter(flatbuffer, reference=True)
    except (ValueError, RuntimeError) as error:
        raise EdgeEmotionError(f"TFLite's reference kernels cannot run it: {error}") from error


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
