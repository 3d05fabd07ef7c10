"""Steadying what one face says over time; every constant is in seconds, none in frames."""

import math

import numpy as np

from edge_emotion.labels import EMOTIONS
from edge_emotion.modelfile import ModelMetadata
from edge_emotion.types import Floats

# One-euro filter: below this cut-off a resting point's jitter is taken out ...
_MIN_CUTOFF_HZ = np.float32(1.2)
# ... and the cut-off rises by this for each face side a second that a point moves.
_SPEED_GAIN = np.float32(8.0)
_SPEED_CUTOFF_HZ = 1.0

_PROBABILITY_TIME_S = 0.4
UNDECIDED_BELOW = 0.5  # where a model file does not say it
_KEPT_LONGER = 0.1
_SWITCH_LEAD = 0.15


class OneEuroFilter:
    """The 1 € filter (Casiez, Roussel and Vogel 2012) over the points of one face.

    Speeds are measured in sides of the face, so that near and far faces are steadied alike.
    """

    def __init__(self) -> None:
        self._time_s = 0.0
        self._points: Floats | None = None
        self._speed: Floats | None = None

    def __call__(self, points: Floats, side: float, time_s: float) -> Floats:
        """Steady `(15, 2) float32` points.

        Args:
            points: in frame pixels.
            side: of the face's crop, in frame pixels.
            time_s: of the frame; a clock that stands still or runs back starts afresh.
        """
        step_s = time_s - self._time_s
        self._time_s = time_s
        if self._points is None or self._speed is None or step_s <= 0:
            self._points, self._speed = points.copy(), np.zeros_like(points)
            return points.copy()
        raw_speed = (points - self._points) / (side * step_s)
        self._speed = self._speed + _weight(_SPEED_CUTOFF_HZ, step_s) * (raw_speed - self._speed)
        cutoff = _MIN_CUTOFF_HZ + _SPEED_GAIN * np.abs(self._speed)
        self._points = self._points + _weight(cutoff, step_s) * (points - self._points)
        return self._points.copy()


class LabelSmoother:
    """Exponential smoothing of the probabilities, and a label that does not flicker.

    A label is decided where the model's own threshold is reached, kept down to 0.1 below it, and
    given up for another one that leads by 0.15.  A clock that stands still or runs back starts
    afresh.
    """

    def __init__(self) -> None:
        self._time_s = 0.0
        self._smoothed: Floats | None = None
        self._label: int | None = None

    def __call__(
        self, probabilities: Floats, time_s: float, undecided_below: float = UNDECIDED_BELOW
    ) -> tuple[Floats, str | None]:
        """Take the `(5,)` probabilities of one frame; returns the smoothed ones and the label."""
        step_s = time_s - self._time_s
        self._time_s = time_s
        if self._smoothed is None or step_s <= 0:
            self._smoothed, self._label = probabilities.copy(), None
        else:
            weight = np.float32(1 - math.exp(-step_s / _PROBABILITY_TIME_S))
            self._smoothed = self._smoothed + weight * (probabilities - self._smoothed)
        self._label = decide(self._smoothed, self._label, undecided_below)
        return self._smoothed.copy(), _name(self._label)


def decide(
    probabilities: Floats, current: int | None, undecided_below: float = UNDECIDED_BELOW
) -> int | None:
    """The class to show for smoothed `(5,)` probabilities, given the one shown; None: undecided."""
    best = int(probabilities.argmax())
    if current is not None and probabilities[current] >= undecided_below - _KEPT_LONGER:
        leads = probabilities[best] - probabilities[current] >= _SWITCH_LEAD
        return best if leads else current
    return best if probabilities[best] >= undecided_below else None


def label_of(probabilities: Floats, undecided_below: float = UNDECIDED_BELOW) -> str | None:
    """The label of one frame alone, for its `(5,)` probabilities; None: undecided."""
    return _name(decide(probabilities, None, undecided_below))


def threshold_of(metadata: ModelMetadata) -> float:
    """The largest probability below which faces stay undecided, as an emotion model says it."""
    below = metadata.undecided_below
    return UNDECIDED_BELOW if below is None else below


def _name(label: int | None) -> str | None:
    return None if label is None else EMOTIONS[label]


def _weight(cutoff_hz: float | Floats, step_s: float) -> Floats | np.float32:
    """Share of a new value in a filter with that cut-off, a number or an array of them.

    This is the first-order low-pass filter itself.  The paper's share, 1 / (1 + 1 / (2π f t)), is
    near it only for steps that are short against the cut-off, so the frame rate would matter.
    """
    # With a scalar of 64 bits NumPy 2 would make the points 64 bits wide, too.
    return -np.expm1(np.float32(-2 * math.pi * step_s) * cutoff_hz)
