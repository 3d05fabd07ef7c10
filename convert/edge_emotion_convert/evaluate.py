"""`edge-emotion evaluate`: what a model reads rightly, with intervals."""

import json
import math
import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.table import Table

import edge_emotion
from edge_emotion.data.duplicates import has_near_twin
from edge_emotion.errors import WrongUse
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.metrics import accuracy_interval, rmse_interval_px
from edge_emotion.terminal import make_table
from edge_emotion_convert.evaluated import Evaluation, Measured, Part, summary
from edge_emotion_convert.measure import EmotionFigures, KeypointFigures, figures
from edge_emotion_convert.models import Opened, open_model, open_other
from edge_emotion_convert.progress import say, tell
from edge_emotion_convert.rows import take
from edge_emotion_convert.sources import Source, open_sources, own_folder

_NAME_WIDTH = 46  # characters, so that a table keeps to 100
_Mask = npt.NDArray[np.bool_]


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
        tell(json.dumps({**_occasion(), **evaluation.as_dict()}, indent=2))
    elif evaluation.task == "emotion":
        _tell_emotion(evaluation)
    else:
        _tell_keypoints(evaluation)
    if companion is not None:
        from edge_emotion_convert.page import draw  # loads matplotlib

        draw(measured, opened, companion, page, pictures)
    return evaluation


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
    parts = tuple(found.part for found in measured)
    return Evaluation(
        model=opened.path,
        task=opened.task,
        parts=parts,
        name=opened.name,
        file=opened.file,
        peer=bool(opened.peer),
        flatbuffer_sha256=opened.metadata.flatbuffer_sha256 if opened.metadata else "",
    )


def _occasion() -> dict[str, str]:
    """When, how and by which version."""
    return {
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(["edge-emotion", *sys.argv[1:]]),
        "tool": edge_emotion.__version__,
    }


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
