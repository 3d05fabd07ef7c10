"""Probabilities that are as sure as they are right, folded into a network's last dense layer.

A temperature (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2) divides the
logits and changes no answer.  Where it is asked for, rare classes are given back what their rarity
cost them (logit adjustment: Menon et al. 2021, "Long-tail learning via logit adjustment", equation
9): `strength * log(frequency)` is taken off each logit.  Its one number generalised better than a
bias of each class chosen freely (docs/experiments.md).

Both are weights in the end, so the device and every format need to know of neither.
"""

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from edge_emotion import metrics
from edge_emotion.labels import EMOTIONS
from edge_emotion.metrics import Counts, Labels
from edge_emotion.types import Floats

Doubles = npt.NDArray[np.float64]
_LOWEST, _HIGHEST = 0.5, 5.0  # temperature
_STRENGTHS = np.arange(0, 1.55, 0.05)
_LEAST = 1e-12  # a probability that float32 has rounded to 0 has no logarithm
_FEWEST = 100  # faces to fit to


@dataclass(frozen=True)
class Confidence:
    """What was done to a network's logits, and what it was worth on the faces it was fitted to.

    Attributes:
        temperature: that the logits are divided by; 1 leaves them.
        biases: added to them first, one a class.
        strength: of the logit adjustment that these biases are; 0 is none.
        faces: how many it was fitted to.
        calibration_error_before, calibration_error_after: expected, in 15 bins.
        accuracy_before, accuracy_after: fractions; so are the balanced ones.
    """

    temperature: float
    biases: tuple[float, ...]
    strength: float
    faces: int
    calibration_error_before: float
    calibration_error_after: float
    accuracy_before: float
    accuracy_after: float
    balanced_before: float
    balanced_after: float

    def as_dict(self) -> dict[str, Any]:
        """As conversion.json and the model file have it."""
        table = {name: _rounded(value) for name, value in asdict(self).items()}
        return {**table, "biases": [_rounded(bias) for bias in self.biases]}

    def sentence(self) -> str:
        """For people."""
        said = (
            f"Probabilities are those of the trained network at temperature {self.temperature:.2f}"
        )
        if self.strength:
            said += (
                f", after a logit adjustment of {self.strength:.2f} that changed accuracy from "
                f"{self.accuracy_before:.1%} to {self.accuracy_after:.1%} and balanced accuracy "
                f"from {self.balanced_before:.1%} to {self.balanced_after:.1%}"
            )
        return said + (
            f": the expected calibration error (15 bins) went from "
            f"{self.calibration_error_before:.1%} to {self.calibration_error_after:.1%} on the "
            f"{self.faces} validation faces it was fitted to."
        )


def fit(
    truth: Labels, probabilities: Floats, frequencies: Counts, most_lost: float | None = None
) -> Confidence | None:
    """The temperature, and the adjustment where it may cost something, that suit some faces best.

    Args:
        truth: `(N,)` labels of faces that did not train.
        probabilities: `(N, 5)`, the network's answers to them.
        frequencies: `(5,)`, how often each class trained.
        most_lost: of the accuracy for a higher balanced accuracy, as a fraction; None adjusts
            nothing.

    Returns:
        None where there are too few faces to fit anything to.
    """
    if len(truth) < _FEWEST:
        return None
    biases, strength = np.zeros(len(EMOTIONS)), 0.0
    if most_lost is not None:
        strength = _strength(truth, probabilities, frequencies, most_lost)
        biases = _biases(frequencies, strength)
    temperature = fit_temperature(truth, apply(probabilities, biases))
    fitted = apply(probabilities, biases, temperature)
    before, after = (_measured(truth, given) for given in (probabilities, fitted))
    return Confidence(
        temperature,
        tuple(biases.tolist()),
        strength,
        len(truth),
        metrics.calibration(truth, probabilities).error,
        metrics.calibration(truth, fitted).error,
        before[0],
        after[0],
        before[1],
        after[1],
    )


def fit_temperature(truth: Labels, probabilities: Floats) -> float:
    """The temperature, from 0.5 to 5, that makes the truth most likely.

    The likelihood is concave in its inverse, so its slope is bisected.
    """
    logits = _logits(probabilities)
    right = logits[np.arange(len(truth)), truth]
    low, high = 1 / _HIGHEST, 1 / _LOWEST
    for _ in range(50):
        inverse = (low + high) / 2
        slope = (right - (_softmax(inverse * logits) * logits).sum(axis=1)).mean()
        low, high = (inverse, high) if slope > 0 else (low, inverse)
    return 1 / low


def apply(probabilities: Floats, biases: Doubles, temperature: float = 1.0) -> Floats:
    """`(N, 5)` probabilities of logits with biases added and divided by a temperature."""
    logits = _logits(probabilities)
    return _softmax((logits + biases) / temperature).astype(np.float32)


def fold(network: keras.Model, confidence: Confidence) -> bool:
    """Put biases and temperature into the last dense layer of a network, in place.

    Returns:
        Whether it has one that can take them: linear with a bias before a softmax, or with that as
        its own activation.  A network without is left as it is.
    """
    dense = _last_dense(network)
    if dense is None:
        return False
    kernel, bias = dense.get_weights()
    temperature = np.float32(confidence.temperature)
    adjusted = bias + np.array(confidence.biases, np.float32)
    dense.set_weights([kernel / temperature, adjusted / temperature])
    return True


def _last_dense(network: keras.Model) -> layers.Dense | None:
    last = network.outputs[0]._keras_history.operation
    if isinstance(last, layers.Dense):
        softmax = last.activation is keras.activations.softmax
        return last if softmax and last.use_bias else None
    activation = getattr(last, "activation", None)
    if not isinstance(last, layers.Softmax) and activation is not keras.activations.softmax:
        return None
    before = last.input._keras_history.operation
    linear = isinstance(before, layers.Dense) and before.activation is keras.activations.linear
    return before if linear and before.use_bias else None


def _strength(truth: Labels, probabilities: Floats, frequencies: Counts, most_lost: float) -> float:
    """The adjustment with the highest balanced accuracy that costs at most so much accuracy."""
    base, _ = _measured(truth, probabilities)
    best, chosen = -1.0, 0.0
    for strength in _STRENGTHS.tolist():
        adjusted = apply(probabilities, _biases(frequencies, strength))
        accuracy, balanced = _measured(truth, adjusted)
        if accuracy >= base - most_lost and balanced > best:
            best, chosen = balanced, strength
    return chosen


def _biases(frequencies: Counts, strength: float) -> Doubles:
    """With mean 0, as a constant changes no probability."""
    logs = np.log(np.maximum(frequencies / frequencies.sum(), _LEAST))
    biases: Doubles = -strength * (logs - logs.mean())
    return biases


def _measured(truth: Labels, probabilities: Floats) -> tuple[float, float]:
    confusion = metrics.confusion_matrix(truth, probabilities.argmax(axis=1), len(EMOTIONS))
    return metrics.accuracy(confusion), metrics.balanced_accuracy(confusion)


def _logits(probabilities: Floats) -> Doubles:
    """Up to a constant a face, which a softmax takes out again."""
    logits: Doubles = np.log(np.maximum(probabilities, _LEAST)).astype(np.float64)
    return logits


def _softmax(logits: Doubles) -> Doubles:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _rounded(value: Any) -> Any:
    return round(value, 5) if isinstance(value, float) else value
