"""One file of `edge-emotion benchmark`, version 1."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edge_emotion_report import fields, wording
from edge_emotion_report.fields import MalformedError, Table
from edge_emotion_report.records import (
    Benchmark,
    Device,
    FrameTiming,
    Interval,
    Network,
    Roofline,
    Score,
    Source,
    TimedLayer,
    Timing,
)
from edge_emotion_report.scores import table_score
from edge_emotion_report.wording import plain

_LONG = 1000  # characters of a command
SCHEMA, VERSION = "edge-emotion/benchmark", 1


def benchmark(content: Table, file: Path) -> tuple[Sequence[Benchmark], Sequence[str]]:
    """The file's record, and a sentence about each entry that cannot be used.

    Raises:
        MalformedError: another version, or nothing in it can be used.
    """
    version = content.get("version")
    if version != VERSION:
        raise MalformedError(f"it is of version {version!r} of the format, this reads {VERSION}")
    made, tool = fields.text(content, "made"), fields.text(content, "tool")
    command = fields.text(content, "command", "edge-emotion benchmark", _LONG)
    source = Source(file, "benchmark", command, made, tool)
    device = _device(content)
    wrong: list[str] = []
    networks = list(_usable("models", content, wrong, lambda one: _network(one, source)))
    known = {network.id for network in networks}
    energies = dict(_usable("networks", fields.inside(content, "energy"), wrong, _energy))
    timings = list(
        _usable("networks", content, wrong, lambda one: _timing(one, known, energies, source))
    )
    frames = list(_usable("frame_path", content, wrong, lambda one: _frame(one, known, source)))
    cut = fields.inside(content, "layers")
    rooflines = list(
        _usable("models", cut, wrong, lambda one: _roofline(one, cut, known, source), "layers, ")
    )
    if not timings and not frames and not networks:
        raise MalformedError("it has no measurements" + "".join(f"; {one}" for one in wrong[:1]))
    parts = map(tuple, (networks, timings, frames, rooflines))
    return [Benchmark(source, device, *parts)], wrong


def _usable(
    key: str, content: Table, wrong: list[str], read: Any, within: str = ""
) -> Iterator[Any]:
    for place, entry in enumerate(fields.entries(content, key), 1):
        try:
            if not isinstance(entry, dict):
                raise MalformedError("it is no table")
            yield read(entry)
        except MalformedError as error:
            wrong.append(f"{within}{key}, entry {place}: {error}")


def _device(content: Table) -> Device:
    machine = fields.inside(content, "machine")
    conditions = fields.inside(content, "conditions")
    warnings = [plain(str(one)) for one in fields.entries(conditions, "warnings")]
    cores = fields.number(machine, "cores")
    return Device(
        name=fields.text(machine, "name") or fields.text(machine, "cpu") or "an unnamed machine",
        cpu=fields.text(machine, "cpu"),
        cores="" if cores is None else f"{cores:g}",
        architecture=fields.text(machine, "architecture"),
        facts={
            **dict(_facts(machine, conditions, fields.inside(content, "energy"))),
            **dict(_peaks(fields.inside(content, "layers"))),
        },
        warnings=tuple(warnings),
    )


def _facts(machine: Table, conditions: Table, energy: Table) -> Iterator[tuple[str, str]]:
    """What tells one machine's figures from another's, in words."""
    memory = fields.number(machine, "memory_mb")
    yield "memory", wording.megabytes(memory and round(memory))
    yield "system", fields.text(machine, "system", wording.MISSING)
    yield "kernel", fields.text(machine, "kernel", wording.MISSING)
    mhz = fields.number(machine, "cpu_max_mhz")
    governor = fields.text(machine, "governor")
    clock = [*([] if mhz is None else [f"{mhz:.0f} MHz"]), *([governor] if governor else [])]
    yield "clock, governor", ", ".join(clock) or wording.MISSING
    accelerators = [plain(str(one)) for one in fields.entries(machine, "accelerators")]
    yield "accelerators", ", ".join(accelerators) or "none"
    yield "load before, after", _before_and_after(conditions, "load", "")
    yield "temperature before, after", _before_and_after(conditions, "temperature_c", " °C")
    throttled = conditions.get("throttled")
    if throttled is None:
        yield "throttled", wording.MISSING
    else:
        flags = [plain(str(one)) for one in fields.entries(conditions, "throttled")]
        yield "throttled", ", ".join(flags) or "no"
    for name, key in (("time stolen by the host", "steal_share"), ("noise of p50", "noise")):
        share = fields.number(conditions, key)
        yield name, wording.MISSING if share is None else f"{share:.1%}"
    yield "power", fields.text(energy, "sensor", wording.MISSING)
    versions = fields.inside(machine, "versions")
    told = [f"{plain(str(name))} {plain(str(one))}" for name, one in versions.items()]
    yield "versions", ", ".join(told) or wording.MISSING


def _peaks(layers: Table) -> Iterator[tuple[str, str]]:
    """What one thread can do at best, where layers were timed."""
    for name, key, unit in (
        ("int8 peak of a thread", "peak_macs_per_s", "GMAC/s"),
        ("copying memory", "memory_bytes_per_s", "GB/s"),
    ):
        rate = fields.number(layers, key)
        if rate is not None:
            yield name, f"{wording.figure(rate / 1e9)} {unit}"


def _before_and_after(conditions: Table, key: str, unit: str) -> str:
    found = conditions.get(key)
    if found is None:
        return wording.MISSING
    ends = found if isinstance(found, list) else [found]
    values = [fields.signed({key: end}, key) for end in ends]
    known = [f"{value:.3g}" for value in values if value is not None]
    return ", ".join(known) + unit if known else wording.MISSING


def _network(entry: Table, source: Source) -> Network:
    told = fields.text(entry, "id", None)
    task, format_name = fields.task(entry), fields.text(entry, "format")
    return Network(
        id=told,
        sha256=fields.text(entry, "sha256"),
        flatbuffer_sha256=fields.text(entry, "flatbuffer_sha256"),
        task=task,
        name=fields.text(entry, "name") or told,
        file=fields.text(entry, "file"),
        format=format_name,
        size_bytes=fields.number(entry, "size_bytes"),
        peer=entry.get("peer") is True,
        macs=fields.number(entry, "macs"),
        scores=tuple(_scores(task, format_name, fields.inside(entry, "accuracy"), source)),
        changes=(),
        rejected=False,
        source=source,
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
    p50_ms, interval = fields.number(entry, "p50_ms"), fields.pair(entry, "p50_interval_ms")
    _check_above_0(p50_ms, interval)
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


def _check_above_0(p50_ms: float | None, interval: Interval) -> None:
    """Durations are drawn on a logarithmic scale, and none is 0."""
    if p50_ms == 0 or (interval is not None and interval[0] <= 0):
        raise MalformedError("p50_ms is 0")


def _energy(row: Table) -> tuple[object, float | None]:
    """Energy of a run in mJ, behind the network and the setting."""
    return _setting(row), fields.number(row, "mj_a_run")


def _setting(row: Table) -> object:
    return fields.text(row, "model"), fields.text(row, "delegate"), fields.number(row, "threads")


def _timing(
    entry: Table, known: set[str], energies: dict[object, float | None], source: Source
) -> Timing:
    return Timing(
        **_speed(entry, source),
        model=_known(entry, "model", known),
        load_ms=fields.number(entry, "load_ms"),
        first_ms=fields.number(entry, "first_ms"),
        memory_mb=fields.number(entry, "memory_mb"),
        energy_mj=energies.get(_setting(entry)),
    )


def _frame(entry: Table, known: set[str], source: Source) -> FrameTiming:
    stages = fields.inside(entry, "stages_ms")
    named = {plain(stage): fields.number(stages, stage) for stage in stages}
    size = [fields.number({"px": side}, "px") for side in fields.entries(entry, "frame_px")]
    faces, every = fields.number(entry, "faces"), fields.number(entry, "every")
    words = [
        "×".join(f"{side:g}" for side in size if side is not None),
        "" if faces is None else wording.count(int(faces), "face"),
        fields.text(entry, "detector"),
        "" if every is None else f"every {wording.ordinal(int(every))} frame",
    ]
    return FrameTiming(
        **_speed(entry, source),
        emotion=_known(entry, "emotion", known),
        keypoints=_known(entry, "keypoints", known),
        what=", ".join(" ".join(filter(None, part)) for part in (words[:1], words[1:2], words[2:])),
        stages_ms={name: value for name, value in named.items() if value is not None},
    )


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
