"""The machine that a benchmark file is of, and how it was while it measured."""

import math
from collections.abc import Iterator
from functools import partial

from edge_emotion_report import fields, wording
from edge_emotion_report.fields import Fence, Table
from edge_emotion_report.records import Device
from edge_emotion_report.wording import MISSING, plain

_GIB = 1 << 30
PEAKS = {
    "peak_macs_per_s": ("int8 peak of a thread", "GMAC/s"),
    "memory_bytes_per_s": ("copying memory", "GB/s"),
}
_OF_MACHINE, _OF_CONDITIONS = "machine", "conditions"  # keys, and what notes say


def device(content: Table, energy: Table, layers: Table, fence: Fence) -> Device:
    """The device of a file; what is wrong about it is missing, and noted.

    Args:
        content: of the file.
        energy, layers: tables of it; what `PEAKS` names is right in the latter, or None.
        fence: takes the notes.
    """
    machine = fence.inside(content, _OF_MACHINE)
    conditions = fence.inside(content, _OF_CONDITIONS)
    memory_mb, max_mhz, cores = (
        fence.number(machine, key, _OF_MACHINE) for key in ("memory_mb", "cpu_max_mhz", "cores")
    )
    name, cpu, architecture, kernel = (
        fence.text(machine, key, _OF_MACHINE) for key in ("name", "cpu", "architecture", "kernel")
    )
    clock = "" if max_mhz is None else f"{max_mhz:.0f} MHz"
    governor = fence.text(machine, "governor", _OF_MACHINE)
    facts = {
        "memory": wording.megabytes(memory_mb and round(memory_mb)),
        "system": fence.text(machine, "system", _OF_MACHINE) or MISSING,
        "kernel": kernel or MISSING,
        "clock, governor": ", ".join(filter(None, (clock, governor))) or MISSING,
        "accelerators": _listed(machine, "accelerators", _OF_MACHINE, fence) or "none",
        **dict(_conditions(conditions, fence)),
        "power": fence.text(energy, "sensor", "energy") or MISSING,
        "versions": _versions(machine, fence),
        **dict(_peaks(layers)),
    }
    warnings = fence.entries(conditions, "warnings", _OF_CONDITIONS)
    return Device(
        name=name or cpu or "an unnamed machine",
        cpu=cpu,
        cores="" if cores is None else f"{cores:g}",
        architecture=architecture,
        # The kernel takes some of it for itself, which differs from version to version.
        memory="" if memory_mb is None else f"{math.ceil(memory_mb * 1e6 / _GIB)} GB",
        clock=clock,
        kernel=kernel,
        facts=facts,
        warnings=tuple(plain(str(one)) for one in warnings),
    )


def _conditions(conditions: Table, fence: Fence) -> Iterator[tuple[str, str]]:
    for name, key, unit in (
        ("load before, after", "load", ""),
        ("temperature before, after", "temperature_c", " °C"),
    ):
        yield name, _before_and_after(conditions, key, unit, fence)
    if conditions.get("throttled") is None:
        yield "throttled", MISSING
    else:
        yield "throttled", _listed(conditions, "throttled", _OF_CONDITIONS, fence) or "no"
    for name, key in (("time stolen by the host", "steal_share"), ("noise of p50", "noise")):
        share = fence.number(conditions, key, _OF_CONDITIONS)
        yield name, MISSING if share is None else f"{share:.1%}"


def _before_and_after(conditions: Table, key: str, unit: str, fence: Fence) -> str:
    found = conditions.get(key)
    ends = found if isinstance(found, list) else [found]
    values = [
        fence.read(_OF_CONDITIONS, partial(fields.signed, {key: end}, key), None) for end in ends
    ]
    known = [f"{value:.3g}" for value in values if value is not None]
    return ", ".join(known) + unit if known else MISSING


def _listed(table: Table, key: str, where: str, fence: Fence) -> str:
    return ", ".join(plain(str(one)) for one in fence.entries(table, key, where))


def _versions(machine: Table, fence: Fence) -> str:
    versions = fence.inside(machine, "versions")
    return ", ".join(f"{plain(str(name))} {plain(str(one))}" for name, one in versions.items()) or (
        MISSING
    )


def _peaks(layers: Table) -> Iterator[tuple[str, str]]:
    """What one thread can do at best, where layers were timed."""
    for key, (name, unit) in PEAKS.items():
        rate = fields.number(layers, key)
        if rate is not None:
            yield name, f"{wording.figure(rate / 1e9)} {unit}"
