"""What the conversion must know of a task."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_emotion.metrics import Interval
from edge_emotion.modelfile import ModelFile, Task
from edge_emotion.types import Floats
from edge_emotion_convert.gate_measures import Measure
from edge_emotion_device.interpreter import DetectorModel, EmotionModel, KeypointModel

Truth = npt.NDArray[Any]
Column = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """One task.

    Attributes:
        task: emotion, keypoints or detector.
        answer: shape of what its network answers to one picture, in probabilities, px or cells.
        noun: what it is measured on, in the plural.
        labels: names of the outputs.
        measures: the headline, which --max-drop limits, and everything else that may be limited.
        limits: in a measure's unit, where no budget sets others.
        budget: what a budget file calls a measure, or all measures of a group.
        figures: of answers, against the truth.
        losses: of every measure, for each of `(W, N)` weights of the rows, in fractions or px:
            from the weights, the truth and the answers before and after.
        intervals: 95 %, of the headline and perhaps of others, by a bootstrap over the rows.
        open: a model file as the device runs it, with a delegate and threads.
    """

    task: Task
    answer: tuple[int, ...]
    noun: str
    labels: tuple[str, ...]
    measures: tuple[Measure, ...]
    limits: Mapping[str, float]
    budget: Mapping[str, str]
    figures: Callable[[Truth, Floats], Any]
    losses: Callable[[Column, Truth, Floats, Floats], dict[str, Column]]
    intervals: Callable[[Truth, Floats], dict[str, Interval]]
    open: Callable[[ModelFile, str, int], EmotionModel | KeypointModel | DetectorModel]


def means(weights: Column, values: Column, counts: Truth) -> Column:
    """For each draw the mean of `values` over the rows where `counts` is not 0; NaN without."""
    numbers = counts.astype(np.float64)
    sums, totals = weights @ np.where(numbers > 0, values, 0.0), weights @ numbers
    found: Column = np.divide(sums, totals, out=np.full_like(sums, np.nan), where=totals > 0)
    return found


def mean_or_nan(values: Floats) -> float:
    """The mean of what is known; NaN where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan
