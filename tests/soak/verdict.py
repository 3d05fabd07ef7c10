"""What is asked of a soak, and whether it was so."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from edge_emotion_device.sinks.rotated import former_files
from soak.children import Use
from soak.faults import Suffered
from soak.system import System

LEAST_RATE = 0.95  # outside faults, of the undisturbed rate
MOST_MB, MOST_SHARE = 20.0, 0.25  # that memory may grow by, together
MOST_DESCRIPTORS, MOST_THREADS = 6, 4
STOPPED_IN_S = 3.0
_LOST_TO_A_FULL_DISK = 6  # frames: those on their way to the file
_AFTER_START_S, _LOOKED_AT_S = 8.0, 6.0


@dataclass(frozen=True)
class Verdict:
    """One thing that is asked.

    Attributes:
        what: it is, with its bound.
        found: in words.
        held: whether it was so.
    """

    what: str
    found: str
    held: bool


def undisturbed(system: System, from_s: float, to_s: float) -> float:
    """Frames a second in a stretch of time."""
    return _rate(system, [(from_s, to_s)])[0]


def judge(
    system: System,
    faults: Sequence[Suffered],
    rate: float,
    calm: Sequence[tuple[float, float]],
    stopped_s: float,
) -> list[Verdict]:
    """All that is asked.

    Args:
        system: after its end.
        faults: that it suffered.
        rate: undisturbed, in frames a second.
        calm: stretches of time without faults.
        stopped_s: how long the run took to end.
    """
    kept, seconds = _rate(system, calm)
    share = kept / rate if rate else 0.0
    late = [one.fault.name for one in faults if one.recovered_s is None]
    clients = system.clients
    return [
        Verdict(
            "every fault is over within its bound", f"late: {', '.join(late) or 'none'}", not late
        ),
        _no_crash(system, faults),
        Verdict(f"ends within {STOPPED_IN_S:g} s", f"{stopped_s:.1f} s", stopped_s <= STOPPED_IN_S),
        Verdict(
            f"frames outside faults: at least {LEAST_RATE:.0%} of {rate:.1f} a second",
            f"{kept:.1f} a second, {share:.1%}, in {seconds:.0f} s",
            share >= LEAST_RATE,
        ),
        *(_flat(name, system.use[name]) for name in ("run", "serve")),
        _nothing_lost(system, faults),
        Verdict(
            "serve answers every client as at first",
            f"{clients.right:,} right, {len(clients.wrong)} wrong {clients.wrong[:1] or ''}",
            clients.right > 0 and not clients.wrong,
        ),
        Verdict(
            "the viewer saw pictures", f"{system.viewer.seen_bytes / 1e6:.1f} MB",
            system.viewer.seen_bytes > 0,
        ),
    ]  # fmt: skip


def _rate(system: System, stretches: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Frames a second in some stretches of time, and how long they were together."""
    frames, seconds = 0, 0.0
    for from_s, to_s in stretches:
        inside = [one for one in system.samples if from_s <= one[0] <= to_s and one[1]]
        for (a_s, before, one), (b_s, after, other) in pairwise(inside):
            if one == other:
                frames, seconds = frames + after - before, seconds + b_s - a_s
    return (frames / seconds if seconds else 0.0), seconds


def _no_crash(system: System, faults: Sequence[Suffered]) -> Verdict:
    """A run may end with 1 while the disk is full; nothing else may end at all."""
    full = [
        (one.began_s, one.ended_s + 5) for one in faults if one.fault.name.startswith("the disk")
    ]
    *before, last = system.run.ended
    wrong = [
        f"exit code {one.code}"
        for one in before
        if one.code != 1 or not any(from_s <= one.at_s <= to_s for from_s, to_s in full)
    ]
    wrong += [f"exit code {last.code} at the end"] if last.code else []
    wrong += ["a traceback"] if any("Traceback" in line for line in system.run.told) else []
    wrong += ["serve has ended"] if system.serve.poll() is not None else []
    found = f"{', '.join(wrong) or 'none'}; started again by its supervisor {len(before)} times"
    return Verdict("no crash", found, not wrong)


def _flat(name: str, samples: Sequence[tuple[int, Use]]) -> Verdict:
    """Memory, descriptors and threads of the process that was there last, after it had begun."""
    last = samples[-1][0]
    use = [one for pid, one in samples if pid == last]
    begun_s, end_s = use[0].at_s + _AFTER_START_S, use[-1].at_s
    first = [one for one in use if begun_s <= one.at_s <= begun_s + _LOOKED_AT_S]
    final = [one for one in use if one.at_s >= end_s - _LOOKED_AT_S]
    what = (
        f"{name}: at most {MOST_SHARE:.0%} and {MOST_MB:.0f} MB more memory, {MOST_DESCRIPTORS} "
        f"descriptors and {MOST_THREADS} threads more than at first"
    )
    if not first:
        return Verdict(what, "it was there for too short a time", False)
    before, after = (
        [
            median(values)
            for values in zip(*((u.rss_mb, u.descriptors, u.threads) for u in part), strict=True)
        ]
        for part in (first, final)
    )
    held = (
        after[0] <= before[0] * (1 + MOST_SHARE) + MOST_MB
        and after[1] <= before[1] + MOST_DESCRIPTORS
        and after[2] <= before[2] + MOST_THREADS
    )
    found = (
        f"{before[0]:.0f} → {after[0]:.0f} MB, {before[1]:.0f} → {after[1]:.0f} descriptors, "
        f"{before[2]:.0f} → {after[2]:.0f} threads in {end_s - use[0].at_s:.0f} s"
    )
    return Verdict(what, found, held)


def _nothing_lost(system: System, faults: Sequence[Suffered]) -> Verdict:
    """Each frame that a run counted is in the file, but for those that met a full disk."""
    what = "no reading is lost from the file"
    files = [*reversed(former_files(system.output)), system.output]
    try:
        written = list(_runs_in(files))
    except ValueError as error:
        return Verdict(what, f"a broken line: {error}", False)
    counted = [one for one in system.run.ended if one.frames]
    lost = []
    for number, one in enumerate(counted):
        frames, readings = written[number] if number < len(written) else (0, 0)
        assert one.frames is not None and one.readings is not None
        allowed = _LOST_TO_A_FULL_DISK if one.code else 0
        if one.frames - frames > allowed or (not allowed and one.readings != readings):
            lost.append(f"run {number + 1}: {frames} of {one.frames} frames")
    total = sum(readings for _, readings in written)
    found = f"{total:,} readings of {len(written)} runs in {len(files)} files"
    return Verdict(what, "; ".join([found, *lost]), not lost and total > 0)


def _runs_in(files: Sequence[Path]) -> Iterator[tuple[int, int]]:
    """Frames and readings of each run that a log tells of.

    Raises:
        ValueError: a line is broken.
    """
    started, last, frames, readings = None, None, 0, 0
    for file in files:
        for line in file.read_bytes().splitlines():
            fields = json.loads(line)
            if "run" in fields:
                if started not in (None, fields["run"]["started"]):
                    yield frames, readings
                    last, frames, readings = None, 0, 0
                started = fields["run"]["started"]
                continue
            frames += fields["frame"] != last  # several faces of a frame stand together
            last = fields["frame"]
            readings += fields.get("faces") != 0
    yield frames, readings
