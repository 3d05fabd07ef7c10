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

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import ModelFile, ModelMetadata
from edge_emotion.quantization import TensorSpec
from edge_emotion.types import Floats
from edge_emotion_convert import undecided
from edge_emotion_convert.budget import Limits
from edge_emotion_convert.confidence import Confidence, fit, fold
from edge_emotion_convert.formats import Format
from edge_emotion_convert.gate import Verdict, judge
from edge_emotion_convert.integer_check import tensor_specs
from edge_emotion_convert.material import Material, open_material
from edge_emotion_convert.measure import as_table, figures
from edge_emotion_convert.metadata import metadata_of
from edge_emotion_convert.paired import loss_intervals, mcnemar
from edge_emotion_convert.progress import counted, quiet, say
from edge_emotion_convert.quantize import to_tflite
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.subject import Subject
from edge_emotion_convert.tasks.table import KINDS, Figures
from edge_emotion_device.graph import read_graph
from edge_emotion_train.predicting import predict

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
        confidence: what was done to its logits, which is in its weights already; None if nothing.
    """

    subject: Subject
    calibrating: Rows
    measuring: Rows
    measured_on: str
    training_data: dict[str, Any]
    answers: Floats
    confidence: Confidence | None = None

    @cached_property
    def before(self) -> Figures:
        """Figures of the float network."""
        return figures(self.measuring, self.answers)

    @property
    def seed(self) -> int:
        """Of whatever is drawn: the recipe's, or 0."""
        return self.subject.recipe.seed if self.subject.recipe else 0

    def metadata(self, format_name: str, given: TensorSpec, answered: TensorSpec) -> ModelMetadata:
        """What a file of this network says about itself; its accuracy is not measured yet."""
        accuracy = {"measured_on": self.measured_on, "float": as_table(self.before)}
        if self.confidence is not None:
            accuracy["confidence"] = self.confidence.as_dict()
        return metadata_of(self.subject, format_name, given, answered, self.training_data, accuracy)


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


def prepare(
    subject: Subject,
    data: Path | None = None,
    *,
    temperature: bool = True,
    balance: float | None = None,
) -> Trial:
    """Read the data, and have the float network answer the rows that measure.

    Args:
        subject: the network.
        data: what `material.open_material` takes; None takes that of its training.
        temperature: whether an emotion network's probabilities are made as sure as they are right
            on the rows that measure, in place (see `confidence`).
        balance: points of accuracy that a higher balanced accuracy may cost then.

    Raises:
        EdgeEmotionError: the data cannot be read, or the network does not do what its task asks.
        WrongUse: no data named, or data of another task.
    """
    material = open_material(subject, data)
    if subject.task == "keypoints" and subject.mean_face is None:
        mean_face = _fitted_mean_face(subject.network, material.calibrating)
        subject = replace(subject, mean_face=mean_face)
        say(f"{subject.task}: {subject.source} tells no mean face: fitted to the training faces")
    answers = predict(subject.network, subject.mean_face, material.measuring.images)
    _check_answers(subject, answers)
    found = None
    if subject.task == "emotion" and temperature:
        found = _made_confident(subject, material, answers, balance)
    if found is not None:
        answers = predict(subject.network, None, material.measuring.images)
    return Trial(
        subject,
        material.calibrating,
        material.measuring,
        material.measured_on,
        material.training_data,
        answers,
        found,
    )


def convert_and_measure(
    trial: Trial,
    target: Format,
    samples: Floats | None,
    limits: Limits | None = None,
) -> Candidate:
    """Convert a network to a format, measure what came out by the device's code, and judge it.

    Args:
        trial: the network and its rows.
        target: the format.
        samples: from `calibration.samples`; float formats need none.
        limits: the budget; None takes the default.

    Raises:
        EdgeEmotionError: it cannot be converted.
    """
    start = time.perf_counter()
    flatbuffer = to_tflite(trial.subject.network, target, samples)
    faces = len(samples) if samples is not None and target.integer else 0
    candidate = measure_flatbuffer(trial, target, flatbuffer, faces, limits)
    return replace(candidate, seconds=time.perf_counter() - start)


def measure_flatbuffer(
    trial: Trial,
    target: Format,
    flatbuffer: bytes,
    representative: int,
    limits: Limits | None = None,
) -> Candidate:
    """Measure a network that was converted, and judge it.

    Args:
        trial: the network and its rows.
        target: the format it was converted to.
        flatbuffer: the .tflite.
        representative: how many faces calibrated it.
        limits: the budget; None takes the default.
    """
    start = time.perf_counter()
    metadata = trial.metadata(target.name, *tensor_specs(flatbuffer))
    file = ModelFile(Path(f"{trial.subject.name} in {target.name}"), metadata, flatbuffer)
    if "macs" not in metadata.architecture:
        with quiet():
            macs = read_graph(file.path, flatbuffer).macs
        metadata = replace(metadata, architecture={**metadata.architecture, "macs": macs})
    answers, ms_per_face = answers_of(file, trial.measuring)
    after = figures(trial.measuring, answers)
    truth, test, below = trial.measuring.truth, None, None
    if trial.subject.task == "emotion" and np.isfinite(answers).all():
        test = mcnemar(*(given.argmax(axis=1) == truth for given in (trial.answers, answers)))
        below = undecided.choose(trial.measuring, answers)
    verdict = judge(
        trial.before, after, limits, loss_intervals(truth, trial.answers, answers), test
    )
    accuracy = {**metadata.accuracy, target.name: as_table(after), "gate": verdict.as_dict()}
    if below is not None:
        found = undecided.undecided("validation", trial.measuring, answers, below)
        accuracy["undecided"] = [part.as_dict() for part in found]
    return Candidate(
        target,
        flatbuffer,
        replace(metadata, accuracy=accuracy, undecided_below=below),
        answers,
        trial.before,
        after,
        verdict,
        representative,
        ms_per_face,
        time.perf_counter() - start,
    )


def answers_of(file: ModelFile, rows: Rows) -> tuple[Floats, float]:
    """What a model file answers to the rows, on one thread, and the median ms of one face."""
    answers, times_ms = [], []
    with quiet():
        model = KINDS[file.metadata.task].open(file, "cpu", 1)
    with model:
        for image in counted(rows.images, f"measuring {file.metadata.format}", len(rows)):
            start = time.perf_counter()
            answers.append(model.predict(image[None]))
            times_ms.append(1000 * (time.perf_counter() - start))
        nothing = model.predict(rows.images[:0])
    return np.concatenate([nothing, *answers]), statistics.median(times_ms) if times_ms else 0.0


def _made_confident(
    subject: Subject, material: Material, answers: Floats, balance: float | None
) -> Confidence | None:
    trained = material.calibrating.truth
    frequencies = np.bincount(trained[trained >= 0], minlength=len(EMOTIONS)).astype(np.int64)
    most_lost = None if balance is None else balance / 100
    found = fit(material.measuring.truth, answers, frequencies, most_lost)
    if found is None:
        say("emotion: too few validation faces to fit a temperature to")
    elif not fold(subject.network, found):
        say(f"emotion: {subject.source} ends in no dense layer that could take a temperature")
    else:
        say(f"emotion: {found.sentence()}")
        return found
    return None


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


def _check_answers(subject: Subject, answers: Floats) -> None:
    if not np.isfinite(answers).all():
        raise EdgeEmotionError(
            f"{subject.source} answers NaN or infinity for "
            f"{int((~np.isfinite(answers)).reshape(len(answers), -1).any(axis=1).sum())} of "
            f"{len(answers)} {KINDS[subject.task].noun}",
            remedy="train again, with a lower learning_rate if that happens again",
        )
    if subject.task != "emotion" or not len(answers):
        return
    off = float(np.abs(answers.sum(axis=1) - 1).max())
    if answers.min() < -_PROBABILITIES_OFF or off > _PROBABILITIES_OFF:
        raise EdgeEmotionError(
            f"{subject.source} answers from {answers.min():.2f} to {answers.max():.2f}, "
            f"with sums up to {off:.2f} off 1",
            expected="probabilities of the five emotions",
            remedy="end the network with a softmax",
        )
