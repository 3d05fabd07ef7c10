"""`edge-emotion convert --why`: which layers int8 costs most, and the likely cause."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from edge_emotion.modelfile import Task
from edge_emotion.terminal import make_table
from edge_emotion_convert import calibration
from edge_emotion_convert.causes import Cause, likely_cause
from edge_emotion_convert.layer_errors import FACES, LayerError, layer_errors
from edge_emotion_convert.progress import say
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_convert.trial import Trial
from edge_emotion_train.batches import as_input

HEADINGS = (
    "noise added",
    "SQNR so far, dB",
    "its own, dB",
    "error, steps",
    "step",
    "widest channel",
    "operator",
    "channels",
    "lost",
    "dead",
)
_ON_80_COLUMNS = 7  # of them; the others are on the page and in JSON


@dataclass(frozen=True)
class Explanation:
    """What int8 costs inside one network.

    Attributes:
        name, task: of the network.
        faces: how many it was measured on.
        measured_on: what these are, in words.
        representative: how many faces calibrated it.
        layers: the dearest first.
        cause: what most of the noise comes from.
    """

    name: str
    task: Task
    faces: int
    measured_on: str
    representative: int
    layers: tuple[LayerError, ...]
    cause: Cause

    @property
    def answer(self) -> LayerError:
        """The layer that gives the network's answer."""
        fed = {name for layer in self.layers for name in layer.inputs}
        return next(layer for layer in self.layers if layer.name not in fed)

    @property
    def sentences(self) -> Iterator[str]:
        """The cause, and what may help."""
        yield self.cause.text[0].upper() + self.cause.text[1:]
        yield f"What may help: {self.cause.remedy}."

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "task": self.task,
            "faces": self.faces,
            "measured_on": self.measured_on,
            "representative_faces": self.representative,
            "cause": self.cause.as_dict(),
            "layers": [_as_dict(layer) for layer in self.layers],
        }


def explain(trial: Trial, representative: int) -> Explanation:
    """Measure every layer's error on validation faces, evenly taken from all of them.

    Args:
        trial: the network and its rows; without any that measure, those that calibrate do.
        representative: how many training faces calibrate.

    Raises:
        EdgeEmotionError: it cannot be converted to int8, or there are no faces to calibrate with.
    """
    subject = trial.subject
    samples = calibration.samples(trial.calibrating, representative, trial.seed)
    rows, measured_on = trial.measuring, trial.measured_on
    if not len(rows):
        noun = KINDS[subject.task].noun
        rows, measured_on = trial.calibrating, f"{len(trial.calibrating)} training {noun}"
    chosen = np.linspace(0, len(rows) - 1, min(FACES, len(rows))).astype(np.intp)
    measured_on = f"{len(chosen)} of {measured_on}"
    say(f"{subject.task}: int8 layer by layer, on {measured_on}")
    layers = layer_errors(subject.network, samples, as_input(rows.images[chosen]))
    return Explanation(
        name=subject.name,
        task=subject.task,
        faces=len(chosen),
        measured_on=measured_on,
        representative=len(samples),
        layers=tuple(layers),
        cause=likely_cause(layers),
    )


def layer_table(explanation: Explanation) -> Table:
    """A line for each layer, the dearest first."""
    header = [explanation.name, *HEADINGS[:_ON_80_COLUMNS]]
    rows = [[layer.label, *list(cells(layer))[:_ON_80_COLUMNS]] for layer in explanation.layers]
    table = make_table(header, rows, left=["operator"])
    table.columns[0].no_wrap = table.columns[-1].no_wrap = True
    return table


def cells(layer: LayerError) -> Iterator[str]:
    """The figures of a layer under `HEADINGS`."""
    yield f"{layer.share:.0%}"
    yield decibels_in_words(layer.sqnr_so_far_db)
    yield decibels_in_words(layer.sqnr_db)
    yield f"{layer.rescaled_error:.2f}"
    yield f"{layer.scale:.2g}"
    yield f"{layer.channel_ratio:.1f} ×"
    yield layer.operator
    yield str(layer.channels)
    yield str(layer.lost or "")
    yield str(layer.dead or "")


def decibels_in_words(decibels: float) -> str:
    """With one digit behind the point, and never -0.0; what errs nowhere is exact."""
    return f"{round(decibels, 1) + 0:.1f}" if math.isfinite(decibels) else "exact"


def _as_dict(layer: LayerError) -> dict[str, Any]:
    return {
        "layer": layer.label,
        "tensor": layer.name,
        "operator": layer.operator,
        "inputs": list(layer.inputs),
        "scale": layer.scale,
        "zero_point": layer.zero_point,
        "sqnr_db": _finite(layer.sqnr_db),
        "sqnr_so_far_db": _finite(layer.sqnr_so_far_db),
        "rescaled_error": round(layer.rescaled_error, 4),
        "noise_added_share": round(layer.share, 4),
        "own_share": round(layer.own_share, 4),
        "channels": layer.channels,
        "channel_ratio": round(layer.channel_ratio, 2),
        "rare_ratio": round(layer.rare_ratio, 2),
        "clipped_share": round(layer.clipped, 6),
        "lost_channels": layer.lost,
        "dead_channels": layer.dead,
    }


def _finite(decibels: float) -> float | None:
    return round(decibels, 2) if math.isfinite(decibels) else None
