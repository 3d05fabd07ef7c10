"""`edge-emotion evaluate`: what a model reads rightly, with intervals."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.table import Table

from edge_emotion.data.duplicates import has_near_twin
from edge_emotion.errors import WrongUse
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.metrics import Interval, bootstrap_interval
from edge_emotion.modelfile import Task, read_model
from edge_emotion.types import Floats, Image
from edge_emotion_convert.measure import (
    EmotionFigures,
    Figures,
    KeypointFigures,
    as_table,
    figures,
    predict_file,
)
from edge_emotion_convert.network import predict, read_network
from edge_emotion_convert.progress import say, tell
from edge_emotion_convert.rows import Rows, take
from edge_emotion_convert.runs import read_run
from edge_emotion_convert.sources import Source, open_sources
from edge_emotion_train.recipe import Recipe, parse


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
                    "interval_95": [round(part.interval.low, 5), round(part.interval.high, 5)],
                }
                for part in self.parts
            ],
        }


@dataclass(frozen=True)
class _Model:
    task: Task
    recipe: Recipe | None
    data: Path | None
    predict: Callable[[Image], Floats]


def evaluate(model: Path, data: Path | None = None, split: str = "test") -> Evaluation:
    """Measure a model on data.

    Args:
        model: a .tflite of this toolkit, a run's folder or the model.keras in it.
        data: what `sources.open_sources` takes; None takes the data of the run's training.
        split: test, validation, train or all.

    Raises:
        EdgeEmotionError: the model or the data cannot be read.
        WrongUse: data of the other task, an unknown split, no data named.
    """
    opened = _open(model)
    data = data or opened.data
    if data is None:
        raise WrongUse("no data to evaluate on", remedy="name it with --data")
    say(f"{opened.task}: reading {data}")
    parts: list[Part] = []
    for source in open_sources(data, split, opened.task, opened.recipe):
        say(f"{opened.task}: measuring {len(source.rows)} faces of {source.name}")
        answers = opened.predict(source.rows.images)
        for name, chosen in _groups(source):
            rows, answered = take(source.rows, chosen), answers[chosen]
            parts.append(Part(name, figures(rows, answered), _interval(rows, answered)))
    return Evaluation(model, opened.task, tuple(parts))


def evaluate_command(
    model: Path, *, data: Path | None = None, split: str = "test", as_json: bool = False
) -> Evaluation:
    """`evaluate`, its result printed as tables or as JSON."""
    evaluation = evaluate(model, data, split)
    if as_json:
        tell(json.dumps(evaluation.as_dict(), indent=2))
    elif evaluation.task == "emotion":
        _tell_emotion(evaluation)
    else:
        _tell_keypoints(evaluation)
    return evaluation


def _open(path: Path) -> _Model:
    if path.suffix != ".keras" and not path.is_dir():
        metadata = read_model(path).metadata
        recipe = None
        if metadata.recipe:
            recipe = parse(metadata.recipe, str(metadata.recipe.get("name", path.stem)))
        return _Model(metadata.task, recipe, None, partial(predict_file, path, metadata.task))
    run = read_run(path)
    network = read_network(run.network, run.task)
    return _Model(run.task, run.recipe, run.data, partial(predict, network, run))


def _groups(source: Source) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """The groups of a set's rows that are reported apart, as masks."""
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
                yield f"{source.name}{group}{reservation}", chosen & kept


def _interval(rows: Rows, answers: Floats) -> Interval:
    if rows.truth.ndim == 1:
        hits = answers.argmax(axis=1) == rows.truth
        return bootstrap_interval(lambda drawn: float(hits[drawn].mean()), len(rows))
    squares = np.square(answers - rows.truth, dtype=np.float64).reshape(len(rows), -1)
    sums, counts = np.nansum(squares, axis=1), (~np.isnan(squares)).sum(axis=1)
    return bootstrap_interval(
        lambda drawn: float(np.sqrt(sums[drawn].sum() / max(1, counts[drawn].sum()))), len(rows)
    )


def _tell_emotion(evaluation: Evaluation) -> None:
    table = _table("rows of", "faces", "accuracy", "95 %", "balanced", *EMOTIONS)
    for part in evaluation.parts:
        found = part.figures
        assert isinstance(found, EmotionFigures)
        table.add_row(
            part.name,
            str(found.rows),
            f"{found.accuracy:.1%}",
            f"{part.interval.low:.1%} to {part.interval.high:.1%}",
            f"{found.balanced_accuracy:.1%}",
            *(f"{found.recall[name]:.1%}" for name in EMOTIONS),
        )
    tell(table)
    for part in evaluation.parts:
        assert isinstance(part.figures, EmotionFigures)
        found = part.figures
        confusion = _table(f"{part.name}: true", *EMOTIONS, "precision", "recall", "F1")
        for name, counts in zip(EMOTIONS, found.confusion, strict=True):
            shares = (found.precision[name], found.recall[name], found.f1[name])
            confusion.add_row(name, *map(str, counts), *(f"{share:.1%}" for share in shares))
        tell("")
        tell(confusion)


def _tell_keypoints(evaluation: Evaluation) -> None:
    table = _table("rows of", "faces", "RMSE px", "95 %", "NME", "NME > 10 %")
    points = _table("mean error px", *(part.name for part in evaluation.parts))
    measured = []
    for part in evaluation.parts:
        assert isinstance(part.figures, KeypointFigures)
        measured.append(part.figures)
        table.add_row(
            part.name,
            str(part.figures.rows),
            f"{part.figures.rmse_px:.3f}",
            f"{part.interval.low:.3f} to {part.interval.high:.3f}",
            f"{part.figures.nme:.2%}",
            f"{part.figures.failure_rate:.1%}",
        )
    for name in KEYPOINTS:
        points.add_row(name, *(f"{found.point_error_px[name]:.2f}" for found in measured))
    tell(table)
    tell("")
    tell(points)


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right")
    return table
