"""What else went on while it was measured: load, heat, throttling, other programs."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_emotion_device.board import (
    HOT_C,
    ROOT,
    Throttling,
    read_temperature_c,
    read_text,
    read_throttling,
)

_BUSY_LOAD = 0.3  # a core, before it begins
_BUSY_SHARE = 0.1  # of all cores, taken by other programs
_STEAL_SHARE = 0.02
_NOISY = 0.05


@dataclass(frozen=True)
class Moment:
    """The machine at one moment.

    Attributes:
        load: programs that ran or waited, the mean of the last minute.
        temperature_c: of the CPU; None without a sensor.
        throttling: what the firmware tells; None where there is no such firmware.
        ticks: of all cores since the start: user, nice, system, idle, iowait, irq, softirq, steal,
            as proc(5) has them; empty where they are not told.
        own_s: CPU seconds of this process and its children.
    """

    load: float
    temperature_c: float | None
    throttling: Throttling | None
    ticks: tuple[int, ...]
    own_s: float


def look(root: Path = ROOT) -> Moment:
    """The machine now."""
    first = read_text(root / "proc/stat").partition("\n")[0].split()
    ticks = tuple(int(field) for field in first[1:9]) if first[:1] == ["cpu"] else ()
    load = read_text(root / "proc/loadavg").split()
    return Moment(
        load=float(load[0]) if load else os.getloadavg()[0],
        temperature_c=read_temperature_c(root),
        throttling=read_throttling(root),
        ticks=ticks if len(ticks) == 8 else (),
        own_s=sum(os.times()[:4]),
    )


def describe_conditions(
    before: Moment, after: Moment, cores: int, governor: str | None, noises: Sequence[float]
) -> dict[str, Any]:
    """What happened in between, as in the benchmark file, with warnings.

    Args:
        before, after: of the measurements.
        cores: how many there are.
        governor: of the CPU's clock.
        noises: of each contender; see `rounds.Timing`.
    """
    steal, others = _shares(before, after)
    throttled = _throttled(before.throttling, after.throttling)
    noise = sorted(noises)[len(noises) // 2] if noises else None
    warnings = []
    if before.load > _BUSY_LOAD * cores:
        warnings.append(
            f"the machine was busy before it began: load {before.load:.2f} on {cores} cores"
        )
    if others is not None and others > _BUSY_SHARE:
        warnings.append(f"other programs took {others:.0%} of the CPU meanwhile")
    if steal is not None and steal > _STEAL_SHARE:
        warnings.append(f"other virtual machines took {steal:.0%} of the CPU (steal)")
    if throttled:
        warnings.append(f"the board slowed itself down: {', '.join(throttled)}")
    elif after.temperature_c is not None and after.temperature_c >= HOT_C:
        warnings.append(f"the CPU was hot: {after.temperature_c:.0f} °C")
    if noise is not None and noise > _NOISY:
        warnings.append(f"the rounds were {noise:.0%} apart: measure again on a quieter machine")
    if governor not in (None, "performance"):
        warnings.append(f"the CPU's governor is {governor}: performance gives steadier figures")
    heat = (before.temperature_c, after.temperature_c)
    return {
        "load": [before.load, after.load],
        "temperature_c": None if None in heat else [round(c, 1) for c in heat if c is not None],
        "throttled": throttled,
        "steal_share": None if steal is None else round(steal, 4),
        "others_share": None if others is None else round(others, 4),
        "noise": None if noise is None else round(noise, 4),
        "warnings": warnings,
    }


def _shares(before: Moment, after: Moment) -> tuple[float | None, float | None]:
    """Of the time of all cores, what a hypervisor and what other programs took."""
    if not before.ticks or not after.ticks:
        return None, None
    spent = [now - then for then, now in zip(before.ticks, after.ticks, strict=True)]
    user, nice, system, _, _, irq, softirq, steal = spent
    total = sum(spent)
    if total <= 0:
        return None, None
    own = (after.own_s - before.own_s) * os.sysconf("SC_CLK_TCK")
    others = user + nice + system + irq + softirq - own
    return max(0, steal) / total, max(0.0, others) / total


def _throttled(before: Throttling | None, after: Throttling | None) -> list[str] | None:
    """What held before or holds now, or has happened for the first time since."""
    if before is None or after is None:
        return None
    new = set(after.since_boot) - set(before.since_boot)
    return sorted({*before.now, *after.now, *new})
