"""One file of `edge-emotion benchmark`, version 1."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edge_emotion_report import fields
from edge_emotion_report.fields import Fence, MalformedError, Table
from edge_emotion_report.machines import PEAKS, device
from edge_emotion_report.records import (
    Benchmark,
    FrameTiming,
    Network,
    Roofline,
    Score,
    Source,
    TimedLayer,
    Timing,
)
from edge_emotion_report.scores import table_score
from edge_emotion_report.wording import plain

_COMMAND = "edge-emotion benchmark"
SCHEMA, VERSION = "edge-emotion/benchmark", 1


def benchmark(content: Table, file: Path) -> tuple[Sequence[Benchmark], Sequence[str]]:
    """The file's record, and a sentence about each part of it that cannot be used.

    Raises:
        MalformedError: another version, or nothing in it can be used.
    """
    fields.check_version(content, VERSION)
    fence = Fence()
    source = fence.source(content, file, "benchmark", _COMMAND)
    energy, cut = fence.inside(content, "energy"), _with_peaks(content, fence)
    measured = device(content, energy, cut, fence)
    networks = fence.usable(
        content, "models", lambda one, where: _network(one, source, where, fence)
    )
    known = {network.id for network in networks}
    energies = dict(
        fence.usable(energy, "networks", lambda one, where: _energy(one), within="energy")
    )
    timings = fence.usable(
        content, "networks",
        lambda one, where: _timing(one, known, energies, source, where, fence),
    )  # fmt: skip
    frames = fence.usable(
        content, "frame_path", lambda one, where: _frame(one, known, source, where, fence)
    )
    rooflines = fence.usable(
        cut, "models", lambda one, where: _roofline(one, cut, known, source), within="layers"
    )
    if not timings and not frames and not networks:
        raise MalformedError(
            "it has no measurements" + "".join(f"; {one}" for one in fence.wrong[:1])
        )
    parts = tuple(networks), tuple(timings), tuple(frames), tuple(rooflines)
    return [Benchmark(source, measured, *parts)], fence.wrong


def _with_peaks(content: Table, fence: Fence) -> Table:
    """The layers, with peaks that are right or None."""
    cut = fence.inside(content, "layers")
    return {**cut, **{key: fence.number(cut, key, "layers") for key in PEAKS}}


def _network(entry: Table, source: Source, where: str, fence: Fence) -> Network:
    told = fields.text(entry, "id", None)
    task, format_name = fields.task(entry), fields.text(entry, "format")
    no_scores: tuple[Score, ...] = ()
    scores = fence.read(
        where,
        lambda: tuple(_scores(task, format_name, fields.inside(entry, "accuracy"), source)),
        no_scores,
    )
    return Network(
        id=told,
        sha256=fields.text(entry, "sha256"),
        flatbuffer_sha256=fields.text(entry, "flatbuffer_sha256"),
        task=task,
        name=fields.text(entry, "name") or told,
        file=fields.text(entry, "file"),
        format=f"{format_name}, Edge TPU" if entry.get("compiled") is True else format_name,
        size_bytes=fence.number(entry, "size_bytes", where),
        peer=entry.get("peer") is True,
        macs=fence.number(entry, "macs", where),
        scores=scores,
        changes=(),
        rejected=False,
        source=source,
        adapter=fields.text(entry, "adapter_sha256"),
        compiled_from=fields.text(entry, "int8_sha256"),
    )


def _scores(task: str, format_name: str, accuracy: Table, source: Source) -> Iterator[Score]:
    """What the model's own metadata tells, on the rows its conversion was measured on."""
    rows_of = fields.text(accuracy, "measured_on")
    found = fields.inside(accuracy, format_name) if format_name else {}
    measured = table_score(task, found, rows_of, source) if rows_of else None
    if measured is not None:
        yield measured


def _speed(entry: Table, source: Source) -> dict[str, Any]:
    failed = fields.text(entry, "status", "ok") != "ok"
    p50_ms, interval = fields.median(entry)
    error = fields.text(entry, "error") or "it failed" if failed else ""
    threads = fields.number(entry, "threads")
    return {
        "delegate": fields.text(entry, "delegate", "cpu"),
        "threads": int(threads) if threads else 1,
        "p50_ms": None if failed else p50_ms,
        "p90_ms": None if failed else fields.number(entry, "p90_ms"),
        "p99_ms": None if failed else fields.number(entry, "p99_ms"),
        "interval_ms": None if failed else interval,
        "per_s": None if failed else fields.number(entry, "per_s"),
        "error": error,
        "source": source,
    }


def _energy(row: Table) -> tuple[object, float | None]:
    """Energy of a run in mJ, behind the network and the setting."""
    return _setting(row), fields.number(row, "mj_a_run")


def _setting(row: Table) -> object:
    return fields.text(row, "model"), fields.text(row, "delegate"), fields.number(row, "threads")


def _timing(
    entry: Table,
    known: set[str],
    energies: dict[object, float | None],
    source: Source,
    where: str,
    fence: Fence,
) -> Timing:
    return Timing(
        **_speed(entry, source),
        model=_known(entry, "model", known),
        load_ms=fence.number(entry, "load_ms", where),
        first_ms=fence.number(entry, "first_ms", where),
        memory_mb=fence.number(entry, "memory_mb", where),
        energy_mj=energies.get(_setting(entry)),
    )


def _frame(entry: Table, known: set[str], source: Source, where: str, fence: Fence) -> FrameTiming:
    return FrameTiming(
        **_speed(entry, source),
        emotion=_known(entry, "emotion", known),
        keypoints=_known(entry, "keypoints", known),
        detector=_known(entry, "detector_model", known) if entry.get("detector_model") else "",
        size=fence.read(where, lambda: _size(entry), ""),
        faces=fence.number(entry, "faces", where),
        finder=fence.text(entry, "detector", where),
        every=fence.read(where, lambda: _whole(entry, "every"), None),
        stages_ms=fence.read(where, lambda: _stages(entry), {}),
    )


def _stages(entry: Table) -> dict[str, float]:
    stages = fields.inside(entry, "stages_ms")
    named = {plain(stage): fields.number(stages, stage) for stage in stages}
    return {name: value for name, value in named.items() if value is not None}


def _size(entry: Table) -> str:
    """`640×480`."""
    sides = [
        fields.number({"frame_px": side}, "frame_px") for side in fields.entries(entry, "frame_px")
    ]
    return "×".join(f"{side:g}" for side in sides if side is not None)


def _whole(entry: Table, key: str) -> int | None:
    value = fields.number(entry, key)
    return None if value is None else int(value)


def _known(entry: Table, key: str, known: set[str]) -> str:
    """The id of a network that the file describes."""
    told = fields.text(entry, key, None)
    if told not in known:
        raise MalformedError(f"{key} {told} is not among its models")
    return told


def _roofline(entry: Table, peaks: Table, known: set[str], source: Source) -> Roofline:
    model, peak = _known(entry, "model", known), fields.number(peaks, "peak_macs_per_s")
    if not peak:
        raise MalformedError("the file tells no peak_macs_per_s")
    failed = fields.text(entry, "status", "ok") != "ok"
    layers = () if failed else tuple(map(_layer, fields.entries(entry, "layers")))
    if not layers and not failed:
        raise MalformedError("it has no layers")
    return Roofline(
        model=model,
        peak_macs_per_s=peak,
        memory_bytes_per_s=fields.number(peaks, "memory_bytes_per_s") or None,
        layers=layers,
        error=fields.text(entry, "error") or "it failed" if failed else "",
        source=source,
    )


def _layer(entry: Any) -> TimedLayer:
    if not isinstance(entry, dict):
        raise MalformedError("a layer is no table")
    number, us = fields.number(entry, "number"), fields.signed(entry, "us")
    if number is None or us is None:
        raise MalformedError("a layer has no number or no us")
    shape = [fields.number({"side": side}, "side") for side in fields.entries(entry, "output")]
    moved = [fields.number(entry, key) for key in ("read_bytes", "written_bytes")]
    known = [part for part in moved if part is not None]
    return TimedLayer(
        number=int(number),
        operator=fields.text(entry, "operator"),
        output="×".join(f"{side:g}" for side in shape if side is not None),
        macs=fields.number(entry, "macs"),
        moved_bytes=sum(known) if len(known) == len(moved) else None,
        us=us,
        us_interval=fields.pair(entry, "us_interval"),
    )
