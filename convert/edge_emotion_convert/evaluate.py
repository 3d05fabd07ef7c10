"""`edge-emotion evaluate`: what a model reads rightly, with intervals."""

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt

import edge_emotion
from edge_emotion.data.duplicates import has_near_twin
from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import Task
from edge_emotion.types import Floats
from edge_emotion_convert.detector_peers import detector_peers
from edge_emotion_convert.evaluated import Evaluation, Measured, Part
from edge_emotion_convert.evaluation_tables import tables
from edge_emotion_convert.measure import figures
from edge_emotion_convert.models import Opened, open_model, open_other
from edge_emotion_convert.progress import say, tell
from edge_emotion_convert.robustness import robustness
from edge_emotion_convert.rows import Rows, take
from edge_emotion_convert.sources import Source, open_sources, own_folder
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_convert.undecided import select
from edge_emotion_device.peer import Peer

_Mask = npt.NDArray[np.bool_]
_Asked = tuple[Source, Floats]  # a set, and the answers to its rows


def evaluate(model: Path, data: Path | None = None, split: str = "test") -> Evaluation:
    """Measure a model on data.

    Args:
        model: what `models.open_model` takes.
        data: what `sources.open_sources` takes; None takes the data of the run's training.
        split: test, validation, train or all.

    Raises:
        EdgeEmotionError: the model or the data cannot be read.
        WrongUse: data of another task, an unknown split, no data named.
    """
    opened = open_model(model)
    asked = _ask(opened, data, split)
    return _evaluation(opened, _measure(opened, asked), asked)


def evaluate_command(
    model: Path,
    *,
    data: Path | None = None,
    split: str = "test",
    as_json: bool = False,
    page: Path | None = None,
    pictures: Path | None = None,
    other: Path | None = None,
    robust: bool = False,
) -> Evaluation:
    """`evaluate`, its result printed as tables or as JSON, and drawn where that is asked for.

    Args:
        model, data, split: as for `evaluate`.
        as_json: print JSON, not tables.
        page: write an HTML page to this file.
        pictures: write its pictures into this folder.
        other: the network of the other task for the pictures, the shipped one if None; of a
            detector, YuNet's file to set beside it.
        robust: measure the faces made worse, too (see `robustness`).

    Raises:
        WrongUse: as `evaluate`, or `robust` for a detector.
    """
    opened = open_model(model)
    if robust and opened.task == "detector":
        raise WrongUse("--robustness of a detector", expected="an emotion or keypoint network")
    drawn = page is not None or pictures is not None
    beside = detector_peers(other) if opened.task == "detector" else []
    companion = open_other(other, opened.task) if drawn and opened.task != "detector" else None
    asked = _ask(opened, data, split)
    measured = _measure(opened, asked)
    evaluation = replace(
        _evaluation(opened, measured, asked),
        beside=tuple(peer.measure(measured) for peer in beside),
        robustness=robustness(opened, _to_worsen(opened.task, asked)) if robust else None,
    )
    if as_json:
        tell(json.dumps({**_occasion(), **evaluation.as_dict()}, indent=2))
    else:
        for table in tables(evaluation):
            tell(table)
    if drawn:
        from edge_emotion_convert.page import draw  # loads matplotlib

        draw(measured, opened, evaluation, companion, page, pictures)
    return evaluation


def _ask(opened: Opened, data: Path | None, split: str) -> list[_Asked]:
    own = own_folder(opened.recipe, opened.data)
    data = data or own
    if data is None:
        raise WrongUse("no data to evaluate on", remedy="name it with --data")
    say(f"{opened.task}: reading {data}")
    asked = []
    for source in open_sources(data, split, opened.task, opened.recipe, own):
        noun = KINDS[opened.task].noun
        say(f"{opened.task}: measuring {len(source.rows)} {noun} of {source.name}")
        asked.append((source, opened.predict(source.rows.images)))
    return asked


def _measure(opened: Opened, asked: Sequence[_Asked]) -> list[Measured]:
    kind = KINDS[opened.task]
    measured: list[Measured] = []
    for source, answers in asked:
        for name, chosen, narrowed in _groups(source):
            rows, given = take(source.rows, chosen), answers[chosen]
            part = Part(name, figures(rows, given), kind.intervals(rows.truth, given), narrowed)
            measured.append(Measured(part, rows, given))
    return measured


def _to_worsen(task: Task, asked: Sequence[_Asked]) -> list[tuple[str, Rows]]:
    """Faces whose answers can be right; of keypoints the first set that has all points of some."""
    if task == "keypoints":
        sets = [
            (f"{one.name}, complete rows", take(one.rows, _complete(one.rows))) for one, _ in asked
        ]
    else:
        sets = [(one.name, take(one.rows, one.rows.answerable)) for one, _ in asked]
    found = [(name, rows) for name, rows in sets if len(rows)]
    return found[:1] if task == "keypoints" else found


def _complete(rows: Rows) -> _Mask:
    """`(N,)`, whether each face has all its points."""
    mask: _Mask = ~np.isnan(rows.truth).any(axis=(1, 2))
    return mask


def _evaluation(
    opened: Opened, measured: Sequence[Measured], asked: Sequence[_Asked]
) -> Evaluation:
    parts = tuple(found.part for found in measured)
    selection = None
    if opened.task == "emotion":
        below = opened.metadata.undecided_below if opened.metadata else None
        selection = select([(each.name, each.rows, answers) for each, answers in asked], below)
    return Evaluation(
        model=opened.path,
        task=opened.task,
        parts=parts,
        name=opened.name,
        file=opened.file,
        peer=bool(opened.peer),
        flatbuffer_sha256=opened.metadata.flatbuffer_sha256 if opened.metadata else "",
        adapter_sha256=Peer.read(opened.path).adapter_sha256 if opened.peer else "",
        selection=selection,
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
    everything = rows.answerable
    alone = everything
    if source.trained is not None:
        alone = everything & ~has_near_twin(rows.images, source.trained.images)
    without = [("", everything)]
    if alone.any() and (alone != everything).any():
        without.append((", without near twins of training faces", alone))
    groups = [("", everything)]
    if rows.truth.ndim > 1:
        complete = _complete(rows)
        groups = [(", complete rows", complete), (", rows with missing points", ~complete)]
    for group, chosen in groups:
        for reservation, kept in without:
            if (chosen & kept).any():
                yield f"{source.name}{group}{reservation}", chosen & kept, bool(reservation)
