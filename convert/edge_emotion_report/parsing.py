"""From the JSON of `benchmark`, `convert` and `evaluate` to records."""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from edge_emotion_report import contests, fields
from edge_emotion_report.benchmarks import SCHEMA, benchmark
from edge_emotion_report.fields import LONGEST_SENTENCE, MalformedError, Table
from edge_emotion_report.records import Change, Explanation, Layer, Network, Record, Source
from edge_emotion_report.scores import scores_of, table_score
from edge_emotion_report.wording import plain

_SAVED_MODEL = "saved_model"  # for servers, not for devices
_LARGEST_MODEL = 256 << 20

Parsed = tuple[Sequence[Record], Sequence[str]]


def parse(content: Any, file: Path) -> Parsed | None:
    """What a file's JSON tells, and a sentence about each part of it that cannot be used.

    Args:
        content: from `json.loads`.
        file: where it lies; models beside a conversion.json are looked at for their checksums.

    Returns:
        None if it is nothing that this toolkit writes for a report.

    Raises:
        MalformedError: it is of a known kind, and none of it can be used.
    """
    if isinstance(content, list) and content and all(_is_export(entry) for entry in content):
        content = {"models": content}
    if not isinstance(content, dict):
        return None
    if content.get("schema") == SCHEMA:
        return benchmark(content, file)
    if content.get("schema") == contests.SCHEMA:
        return contests.contest(content, file)
    if isinstance(content.get("models"), list) and all(map(_is_export, content["models"])):
        return _conversion(content, file)
    if {"model", "task", "parts"} <= content.keys():
        return [_evaluation(content, file)], []
    if content and all(_is_explanation(entry) for entry in content.values()):
        source = Source(file, "layers", _why(list(content)), "", "")
        return _each(content.items(), lambda one: _explanation(one[0], one[1], source))
    return None


def _is_export(entry: Any) -> bool:
    return isinstance(entry, dict) and {"format", "file"} <= entry.keys()


def _is_explanation(entry: Any) -> bool:
    return isinstance(entry, dict) and {"layers", "cause"} <= entry.keys()


def _each(entries: Any, read: Callable[[Any], Record]) -> Parsed:
    """Every entry that can be read, and what is wrong with the others."""
    records, wrong = [], []
    for place, entry in enumerate(entries, 1):
        try:
            records.append(read(entry))
        except MalformedError as error:
            wrong.append(f"entry {place}: {error}")
    return records, wrong


def _conversion(content: Table, file: Path) -> Parsed:
    run = fields.text(content, "run")
    version = fields.text(fields.inside(content, "versions"), "edge_emotion")
    groups = [(entry, False) for entry in content["models"] if entry["format"] != _SAVED_MODEL]
    groups += [(entry, True) for entry in fields.entries(content, "rejected")]
    command = _convert([entry for entry, _ in groups], run)
    source = Source(file, "conversion", command, "", version)
    return _each(groups, lambda one: _export(one[0], one[1], run, source))


def _convert(entries: Sequence[Any], run: str) -> str:
    """The command that makes such files: conversion.json may come from several."""
    tables = [entry for entry in entries if isinstance(entry, dict)]
    formats = dict.fromkeys(f"--{plain(str(entry.get('format')))}" for entry in tables)
    faces = [found for one in tables if isinstance(found := one.get("representative_faces"), int)]
    calibrated = [f"--representative {max(faces)}"] if any(faces) else []
    where = [f"runs/{run}"] if run else []
    return " ".join(["edge-emotion convert", *where, *formats, *calibrated])


def _export(entry: Table, rejected: bool, run: str, source: Source) -> Network:
    if not isinstance(entry, dict):
        raise MalformedError("it is no table")
    format_name, task = fields.text(entry, "format", None), fields.task(entry)
    told, size_bytes = Path(fields.text(entry, "file", None)), fields.number(entry, "bytes")
    # `convert --json` prints paths, conversion.json names its neighbours.
    path = source.file.parent / told.name if run else told
    name = run or told.parent.name or told.stem
    measured_on = fields.text(entry, "measured_on") or f"validation faces of {name}"
    measured = table_score(task, fields.inside(entry, format_name), measured_on, source)
    gate = fields.inside(entry, "gate")
    measures = fields.entries(gate, "measures") or ([gate] if gate else [])
    return Network(
        id=told.name,
        sha256=fields.text(entry, "sha256") or _checksum(path, size_bytes),
        flatbuffer_sha256=fields.text(entry, "flatbuffer_sha256"),
        task=task,
        name=name,
        file=told.name,
        format=format_name,
        size_bytes=size_bytes,
        peer=False,
        macs=None,
        scores=() if measured is None else (measured,),
        changes=tuple(map(_change, measures)),
        rejected=rejected,
        source=source,
    )


def _change(entry: Any) -> Change:
    if not isinstance(entry, dict):
        raise MalformedError("a measure is no table")
    unit = fields.text(entry, "unit", None)
    drop, interval = fields.signed(entry, "drop"), fields.pair(entry, "interval")
    return Change(fields.text(entry, "measure", None), unit, drop, interval)


def _checksum(path: Path, size_bytes: float | None) -> str:
    """The SHA-256 of a model of that size; empty where there is none."""
    if not path.is_file() or path.stat().st_size != size_bytes or size_bytes > _LARGEST_MODEL:
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _evaluation(content: Table, file: Path) -> Network:
    task, model = fields.task(content), Path(fields.text(content, "model", None))
    told = fields.text(content, "command", longest=LONGEST_SENTENCE)
    command = told or f"edge-emotion evaluate {model} --json"
    made, version = fields.text(content, "made"), fields.text(content, "tool")
    source = Source(file, "evaluation", command, made, version)
    scores = tuple(scores_of(task, fields.entries(content, "parts"), source))
    if not scores:
        raise MalformedError("it has no figures")
    peer = content.get("peer") is True
    return Network(
        id=str(model),
        sha256=fields.text(content, "sha256"),
        flatbuffer_sha256=fields.text(content, "flatbuffer_sha256"),
        task=task,
        name=fields.text(content, "name") or model.stem,
        file=model.name,
        format="",
        size_bytes=fields.number(content, "bytes"),
        peer=peer,
        macs=None,
        scores=scores,
        changes=(),
        rejected=False,
        source=source,
        adapter=fields.text(content, "adapter_sha256"),
    )


def _why(names: Sequence[str]) -> str:
    """The command that explains a run; without one it explains the newest of each task."""
    run = [f"runs/{plain(names[0])}"] if len(names) == 1 else []
    return " ".join(["edge-emotion convert", *run, "--why --json"])


def _explanation(name: str, entry: Table, source: Source) -> Explanation:
    cause = fields.inside(entry, "cause")
    layers = tuple(_layers(fields.entries(entry, "layers")))
    if not layers:
        raise MalformedError("it has no layers")
    return Explanation(
        name=plain(name),
        task=fields.task(entry),
        measured_on=fields.text(entry, "measured_on"),
        cause=fields.text(cause, "text", longest=LONGEST_SENTENCE),
        remedy=fields.text(cause, "remedy", longest=LONGEST_SENTENCE),
        layers=tuple(sorted(layers, key=lambda layer: -layer.share)),
        source=source,
    )


def _layers(entries: Sequence[Any]) -> Iterator[Layer]:
    for entry in entries:
        if not isinstance(entry, dict):
            raise MalformedError("a layer is no table")
        share = fields.number(entry, "noise_added_share")
        yield Layer(
            name=fields.text(entry, "layer", None),
            operator=fields.text(entry, "operator"),
            share=math.nan if share is None else share,
            sqnr_so_far_db=fields.signed(entry, "sqnr_so_far_db"),
            sqnr_db=fields.signed(entry, "sqnr_db"),
            error_steps=fields.number(entry, "rescaled_error"),
            channel_ratio=fields.number(entry, "channel_ratio"),
        )
