"""One network converted and measured: what every way of converting it shares, and each result."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import edge_emotion
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import ModelFile, ModelMetadata
from edge_emotion.quantization import TensorSpec
from edge_emotion.types import Floats
from edge_emotion_convert.budget import Limits
from edge_emotion_convert.formats import Format
from edge_emotion_convert.gate import Verdict, judge
from edge_emotion_convert.integer_check import tensor_specs
from edge_emotion_convert.measure import Figures, as_table, figures
from edge_emotion_convert.network import predict
from edge_emotion_convert.paired import loss_intervals, mcnemar
from edge_emotion_convert.progress import counted, quiet, say
from edge_emotion_convert.quantize import to_tflite
from edge_emotion_convert.rows import Rows, fingerprints, training_rows, validation_rows
from edge_emotion_convert.sources import splits_to_convert_with
from edge_emotion_convert.subject import Subject
from edge_emotion_device.graph import read_graph
from edge_emotion_device.interpreter import EmotionModel, KeypointModel
from edge_emotion_train.networks import OFFSET_LIMIT_PX

_MEAN_FACE_FACES = 2000
_PROBABILITIES_OFF = 0.01


@dataclass(frozen=True)
class Trial:
    """A network with the faces that calibrate its conversions and those that measure them.

    Attributes:
        subject: the network; its mean face is known.
        calibrating: rows it may be calibrated with, none of which is in `measuring`.
        measuring: rows that float and converted models are compared on.
        measured_on: what `measuring` is, in words.
        training_data: fingerprints of what it was trained on, empty if that is not known.
        answers: of the float network to `measuring`.
    """

    subject: Subject
    calibrating: Rows
    measuring: Rows
    measured_on: str
    training_data: dict[str, Any]
    answers: Floats

    @cached_property
    def before(self) -> Figures:
        """Figures of the float network."""
        return figures(self.measuring, self.answers)

    def metadata(self, format_name: str, given: TensorSpec, answered: TensorSpec) -> ModelMetadata:
        """What a file of this network says about itself; its accuracy is not measured yet."""
        subject = self.subject
        mean_face = None
        if subject.mean_face is not None:
            mean_face = tuple(
                (round(float(x), 2), round(float(y), 2)) for x, y in subject.mean_face
            )
        return ModelMetadata(
            task=subject.task,
            labels=EMOTIONS if subject.task == "emotion" else KEYPOINTS,
            input=given,
            output=answered,
            mean_face=mean_face,
            offset_limit_px=None if mean_face is None else OFFSET_LIMIT_PX,
            format=format_name,
            architecture=subject.architecture,
            recipe=subject.recipe.as_dict() if subject.recipe else {},
            training_data=self.training_data,
            accuracy={"measured_on": self.measured_on, "float": as_table(self.before)},
            versions=versions(),
            license=subject.license,
        )


@dataclass(frozen=True)
class Candidate:
    """One converted network, measured, that is nowhere on disk yet.

    Attributes:
        format: which.
        flatbuffer: the .tflite without metadata.
        metadata: with its accuracy and the gate's verdict.
        answers: of the converted network to the trial's rows.
        before, after: figures of the float and the converted network on them.
        verdict: the gate's.
        representative: how many faces calibrated it.
        ms_per_face: the median time of one face on one thread of this machine.
        seconds: what converting and measuring took.
    """

    format: Format
    flatbuffer: bytes
    metadata: ModelMetadata
    answers: Floats
    before: Figures
    after: Figures
    verdict: Verdict
    representative: int
    ms_per_face: float
    seconds: float


def prepare(subject: Subject, data: Path | None = None) -> Trial:
    """Read the data, and have the float network answer the rows that measure.

    Args:
        subject: the network.
        data: what `sources.splits_to_convert_with` takes; None takes that of its training.

    Raises:
        EdgeEmotionError: the data cannot be read, or the network does not do what its task asks.
        WrongUse: no data named, or data of the other task.
    """
    data = data or subject.data
    if data is None:
        raise WrongUse(
            f"no data to calibrate {subject.source} with and to measure it on",
            remedy="name it with --data",
        )
    say(f"{subject.task}: reading the faces of {subject.source} from {data}")
    splits = splits_to_convert_with(data, subject.task, subject.recipe)
    own = subject.recipe is not None and list(splits) == list(subject.recipe.sets)
    calibrating, measuring = training_rows(splits), validation_rows(splits)
    if subject.task == "keypoints" and subject.mean_face is None:
        subject = replace(subject, mean_face=_fitted_mean_face(subject.network, calibrating))
        say(f"{subject.task}: {subject.source} tells no mean face: fitted to the training faces")
    answers = predict(subject.network, subject.mean_face, measuring.images)
    if subject.task == "emotion" and len(answers):
        _check_probabilities(subject, answers)
    names = " and ".join(list(splits)[: None if subject.task == "emotion" else 1])
    return Trial(
        subject,
        calibrating,
        measuring,
        f"{len(measuring)} validation faces of {names}",
        fingerprints(splits) if own else {},
        answers,
    )


def convert_and_measure(
    trial: Trial,
    target: Format,
    samples: Floats | None,
    limits: Limits | None = None,
    network: keras.Model | None = None,
) -> Candidate:
    """Convert a network to a format, measure what came out by the device's code, and judge it.

    Args:
        trial: the network and its rows.
        target: the format.
        samples: from `calibration.samples`; float formats need none.
        limits: the budget; None takes the default.
        network: converted in place of the trial's, which it is compared with all the same.

    Raises:
        EdgeEmotionError: it cannot be converted.
    """
    start = time.perf_counter()
    flatbuffer = to_tflite(network or trial.subject.network, target, samples)
    metadata = trial.metadata(target.name, *tensor_specs(flatbuffer))
    file = ModelFile(Path(f"{trial.subject.name} in {target.name}"), metadata, flatbuffer)
    with quiet():
        metadata.architecture.setdefault("macs", read_graph(file.path, flatbuffer).macs)
    answers, ms_per_face = answers_of(file, trial.measuring)
    after = figures(trial.measuring, answers)
    truth = trial.measuring.truth
    test = None
    if trial.subject.task == "emotion":
        test = mcnemar(*(given.argmax(axis=1) == truth for given in (trial.answers, answers)))
    verdict = judge(
        trial.before, after, limits, loss_intervals(truth, trial.answers, answers), test
    )
    accuracy = {**metadata.accuracy, target.name: as_table(after), "gate": verdict.as_dict()}
    return Candidate(
        target,
        flatbuffer,
        replace(metadata, accuracy=accuracy),
        answers,
        trial.before,
        after,
        verdict,
        len(samples) if samples is not None and target.integer else 0,
        ms_per_face,
        time.perf_counter() - start,
    )


def answers_of(file: ModelFile, rows: Rows) -> tuple[Floats, float]:
    """What a model file answers to the rows, on one thread, and the median ms of one face."""
    task = file.metadata.task
    answers, times_ms = [], []
    with quiet():
        model = (EmotionModel if task == "emotion" else KeypointModel)(file, "cpu", 1)
    with model:
        for image in counted(rows.images, f"measuring {file.metadata.format}", len(rows)):
            start = time.perf_counter()
            answers.append(model.predict(image[None]))
            times_ms.append(1000 * (time.perf_counter() - start))
        nothing = model.predict(rows.images[:0])
    return np.concatenate([nothing, *answers]), statistics.median(times_ms) if times_ms else 0.0


def versions() -> dict[str, str]:
    """Of this package and of what converts."""
    return {
        "edge_emotion": edge_emotion.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def _fitted_mean_face(network: keras.Model, rows: Rows) -> Floats:
    """`(15, 2)`: what the offsets must be counted from so that their mean error is 0."""
    chosen: Sequence[int] = range(0, len(rows), max(1, len(rows) // _MEAN_FACE_FACES))
    origin = np.zeros((len(KEYPOINTS), 2), np.float32)
    offsets = predict(network, origin, rows.images[chosen])
    known = rows.truth[chosen] - offsets
    if not len(known) or np.isnan(known).all(axis=0).any():
        raise EdgeEmotionError(
            "the training faces do not show every point, so the mean face cannot be fitted",
            remedy="name data with all 15 points with --data",
        )
    fitted: Floats = np.nanmean(known, axis=0).round(2).astype(np.float32)
    return fitted


def _check_probabilities(subject: Subject, answers: Floats) -> None:
    off = float(np.abs(answers.sum(axis=1) - 1).max())
    if not (answers.min() >= -_PROBABILITIES_OFF and off <= _PROBABILITIES_OFF):  # NaN is neither
        raise EdgeEmotionError(
            f"{subject.source} answers from {answers.min():.2f} to {answers.max():.2f}, "
            f"with sums up to {off:.2f} off 1",
            expected="probabilities of the five emotions",
            remedy="end the network with a softmax",
        )
