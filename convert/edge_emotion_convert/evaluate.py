"""`edge-emotion evaluate`: what a model reads rightly, with intervals."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.table import Table

from edge_emotion.data.duplicates import has_near_twin
from edge_emotion.errors import WrongUse
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.metrics import Interval, accuracy_interval, rmse_interval_px
from edge_emotion.modelfile import Task
from edge_emotion.terminal import make_table
from edge_emotion.types import Floats
from edge_emotion_convert.measure import (
    EmotionFigures,
    Figures,
    KeypointFigures,
    as_table,
    figures,
)
from edge_emotion_convert.models import Opened, open_model, open_other
from edge_emotion_convert.progress import say, tell
from edge_emotion_convert.rows import Rows, take
from edge_emotion_convert.sources import Source, open_sources, own_folder

_NAME_WIDTH = 46  # characters, so that a table keeps to 100
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """Figures of one group of rows.

    Attributes:
        name: which rows.
        figures: measured on them.
        interval: of the accuracy or the RMSE in pixels, 95 %, by a bootstrap over the rows.
    """

    name: str
    figures: Figures
    interval: Interval


@dataclass(frozen=True)
class Evaluation:
    """A model's figures on every set it was evaluated on."""

    model: Path
    task: Task
    parts: tuple[Part, ...]

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "model": str(self.model),
            "task": self.task,
            "parts": [
                {
                    "rows_of": part.name,
                    **as_table(part.figures),
                    "interval_95": [
                        None if math.isnan(end) else round(end, 5)
                        for end in (part.interval.low, part.interval.high)
                    ],
                }
                for part in self.parts
            ],
        }


@dataclass(frozen=True)
class Measured:
    """A part with what it was measured on.

    Attributes:
        part: the figures.
        rows: the faces.
        answers: to them, `(N, 5)` or `(N, 15, 2)`.
        narrowed: whether faces with near twins were left out; another part has them.
    """

    part: Part
    rows: Rows
    answers: Floats
    narrowed: bool


def evaluate(model: Path, data: Path | None = None, split: str = "test") -> Evaluation:
    """Measure a model on data.

    Args:
        model: what `models.open_model` takes.
        data: what `sources.open_sources` takes; None takes the data of the run's training.
        split: test, validation, train or all.

    Raises:
        EdgeEmotionError: the model or the data cannot be read.
        WrongUse: data of the other task, an unknown split, no data named.
    """
    opened = open_model(model)
    return _evaluation(opened, _measure(opened, data, split))


def evaluate_command(
    model: Path,
    *,
    data: Path | None = None,
    split: str = "test",
    as_json: bool = False,
    page: Path | None = None,
    pictures: Path | None = None,
    other: Path | None = None,
) -> Evaluation:
    """`evaluate`, its result printed as tables or as JSON, and drawn where that is asked for.

    Args:
        model, data, split: as for `evaluate`.
        as_json: print JSON, not tables.
        page: write an HTML page to this file.
        pictures: write its pictures into this folder.
        other: the network of the other task for the pictures, the shipped one if None.
    """
    opened = open_model(model)
    drawn = page is not None or pictures is not None
    companion = open_other(other, opened.task) if drawn else None
    measured = _measure(opened, data, split)
    evaluation = _evaluation(opened, measured)
    if as_json:
        tell(json.dumps(evaluation.as_dict(), indent=2))
    elif evaluation.task == "emotion":
        _tell_emotion(evaluation)
    else:
        _tell_keypoints(evaluation)
    if companion is not None:
        from edge_emotion_convert.page import draw  # loads matplotlib

        draw(measured, opened, companion, page, pictures)
    return evaluation


def summary(parts: Sequence[Part], task: Task) -> tuple[list[str], list[list[str]]]:
    """Headings and a row for each part: its name, its faces and the figures that sum it up."""
    headings = {
        "emotion": ["rows of", "faces", "accuracy", "95 %", "balanced", "ECE"],
        "keypoints": ["rows of", "faces", "RMSE px", "95 %", "NME", "NME > 10 %"],
    }
    return headings[task], [_summed(part) for part in parts]


def _summed(part: Part) -> list[str]:
    found, low, high = part.figures, part.interval.low, part.interval.high
    counted = [part.name, str(found.rows)]
    if isinstance(found, EmotionFigures):
        shares = [f"{found.accuracy:.1%}", f"{low:.1%} to {high:.1%}"]
        return (
            counted + shares + [f"{found.balanced_accuracy:.1%}", f"{found.calibration_error:.1%}"]
        )
    errors = [f"{found.rmse_px:.3f}", f"{low:.3f} to {high:.3f}"]
    return counted + errors + [f"{found.nme:.2%}", f"{found.failure_rate:.1%}"]


def _measure(opened: Opened, data: Path | None, split: str) -> list[Measured]:
    own = own_folder(opened.recipe, opened.data)
    data = data or own
    if data is None:
        raise WrongUse("no data to evaluate on", remedy="name it with --data")
    say(f"{opened.task}: reading {data}")
    interval = accuracy_interval if opened.task == "emotion" else rmse_interval_px
    measured: list[Measured] = []
    for source in open_sources(data, split, opened.task, opened.recipe, own):
        say(f"{opened.task}: measuring {len(source.rows)} faces of {source.name}")
        answers = opened.predict(source.rows.images)
        for name, chosen, narrowed in _groups(source):
            rows, given = take(source.rows, chosen), answers[chosen]
            part = Part(name, figures(rows, given), interval(rows.truth, given))
            measured.append(Measured(part, rows, given, narrowed))
    return measured


def _evaluation(opened: Opened, measured: Sequence[Measured]) -> Evaluation:
    return Evaluation(opened.path, opened.task, tuple(found.part for found in measured))


def _groups(source: Source) -> Iterator[tuple[str, _Mask, bool]]:
    """The groups of a set's rows that are reported apart, as masks; and whether twins are out."""
    rows = source.rows
    everything = np.ones(len(rows), bool)
    alone = everything
    if source.trained is not None:
        alone = ~has_near_twin(rows.images, source.trained.images)
    without = [("", everything)]
    if alone.any() and not alone.all():
        without.append((", without near twins of training faces", alone))
    groups = [("", everything)]
    if rows.truth.ndim > 1:
        complete = ~np.isnan(rows.truth).any(axis=(1, 2))
        groups = [(", complete rows", complete), (", rows with missing points", ~complete)]
    for group, chosen in groups:
        for reservation, kept in without:
            if (chosen & kept).any():
                yield f"{source.name}{group}{reservation}", chosen & kept, bool(reservation)


def _tell_emotion(evaluation: Evaluation) -> None:
    tell(_table(*summary(evaluation.parts, evaluation.task)))
    for part in evaluation.parts:
        assert isinstance(part.figures, EmotionFigures)
        found = part.figures
        rows = []
        for name, counts in zip(EMOTIONS, found.confusion, strict=True):
            shares = (found.precision[name], found.recall[name], found.f1[name])
            rows.append([name, *map(str, counts), *map(_percent, shares)])
        tell(f"\n{part.name}")
        tell(_table(["true", *EMOTIONS, "precision", "recall", "F1"], rows))


def _tell_keypoints(evaluation: Evaluation) -> None:
    headings, summed = summary(evaluation.parts, evaluation.task)
    several = len(summed) > 1
    numbered = [
        [f"{n} {row[0]}" if several else row[0], *row[1:]] for n, row in enumerate(summed, 1)
    ]
    tell(_table(headings, numbered))
    found = [
        part.figures.point_error_px
        for part in evaluation.parts
        if isinstance(part.figures, KeypointFigures)
    ]
    places = [str(number) if several else "px" for number in range(1, len(summed) + 1)]
    rows = [[name, *(f"{errors[name]:.2f}" for errors in found)] for name in KEYPOINTS]
    tell("")
    tell(_table(["mean error, px" if several else "mean error", *places], rows))


def _table(headings: list[str], rows: list[list[str]]) -> Table:
    table = make_table(headings, rows)
    for column in table.columns:
        column.max_width = _NAME_WIDTH
    return table


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.1%}"
