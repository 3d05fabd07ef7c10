"""`make soak`: the whole system for some time, while things go wrong, and what came of it."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from edge_emotion.files import write_text
from soak.children import warn
from soak.faults import Suffered, Suffering, schedule
from soak.system import System, missing, system, wait_for
from soak.verdict import Verdict, judge, undisturbed

SHORTEST_S = 90
_LONG_S = 240  # from which on all faults have their turn
_START_S = 60.0
_SETTLED_S = 1.5  # after a fault, before the rate counts


def main() -> int:
    """Parse the command line and soak; returns the exit code."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help=f"{SHORTEST_S} at least")
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    if arguments.seconds < SHORTEST_S:
        parser.error(f"--seconds {arguments.seconds:g}; expected {SHORTEST_S} at least")
    if reason := missing():
        warn(reason)
        return 1
    try:
        with tempfile.TemporaryDirectory() as scratch, system(Path(scratch)) as whole:
            return _soak(whole, arguments.seconds, arguments.output)
    except KeyboardInterrupt:
        warn("interrupted; nothing is left running")
        return 130


def _soak(whole: System, seconds: float, output: Path | None) -> int:
    if wait_for(lambda: whole.frames() > 0, _START_S) is None:
        warn("the run reads no frame: " + "; ".join(whole.run.told[-3:]))
        return 1
    begun_s = time.monotonic()
    long = seconds >= _LONG_S
    calm_s = 10.0 if long else 4.0
    time.sleep(5)
    quiet_s = time.monotonic()
    time.sleep(30 if long else 12)
    rate = undisturbed(whole, quiet_s, time.monotonic())
    warn(f"undisturbed: {rate:.1f} frames/s")
    faults, calm = _suffer_all(whole, begun_s + seconds, long, calm_s)
    stopped_s = whole.run.stop(20)
    verdicts = judge(whole, faults, rate, calm, stopped_s)
    skipped = [f"{one.name}: {one.skipped}" for one in schedule(whole, long) if one.skipped]
    _print(faults, verdicts, time.monotonic() - begun_s)
    if output is not None:
        figures = _figures(faults, verdicts, seconds, skipped)
        write_text(output, json.dumps(figures, indent=2) + "\n")
    return not all(verdict.held for verdict in verdicts)


def _suffer_all(
    whole: System, until_s: float, long: bool, calm_s: float
) -> tuple[list[Suffered], list[tuple[float, float]]]:
    """One fault after the other, in turns while there is time, and the calm between them."""
    faults: list[Suffered] = []
    calm: list[tuple[float, float]] = []
    suffering, turn_s = Suffering(), 0.0
    while not faults or time.monotonic() + turn_s + calm_s < until_s:
        begun_s = time.monotonic()
        for fault in schedule(whole, long):
            if fault.skipped:
                warn(f"{fault.name}: left out, {fault.skipped}")
                continue
            faults += map(_noted, suffering.suffer(fault))
            resting_s = time.monotonic() + _SETTLED_S
            time.sleep(_SETTLED_S + calm_s)
            calm.append((resting_s, time.monotonic()))
        faults += map(_noted, suffering.rest())
        turn_s = time.monotonic() - begun_s
    resting_s = time.monotonic() + _SETTLED_S
    time.sleep(max(_SETTLED_S + calm_s, until_s - time.monotonic()))
    calm.append((resting_s, time.monotonic()))
    return faults, calm


def _noted(one: Suffered) -> Suffered:
    over = "not over" if one.recovered_s is None else f"well after {one.recovered_s:.1f} s"
    warn(f"{one.fault.name}: {over}")
    return one


def _print(faults: Sequence[Suffered], verdicts: Sequence[Verdict], seconds: float) -> None:
    console = Console(width=130 if not sys.stdout.isatty() else None)
    table = Table(title=f"what went wrong in {seconds:.0f} s")
    for name in ("fault", "times", "lasted", "to be over in", "was over in, at most"):
        table.add_column(name, justify="left" if name == "fault" else "right")
    for name in dict.fromkeys(one.fault.name for one in faults):
        same = [one for one in faults if one.fault.name == name]
        took = [one.recovered_s for one in same if one.recovered_s is not None]
        worst = f"{max(took):.1f} s" if len(took) == len(same) else "not over"
        lasted = f"{same[0].ended_s - same[0].began_s:.1f} s"
        table.add_row(name, str(len(same)), lasted, f"{same[0].fault.bound_s:g} s", worst)
    console.print(table)
    table = Table()
    for name in ("asked", "found", ""):
        table.add_column(name)
    for verdict in verdicts:
        style = None if verdict.held else "bold red"
        table.add_row(verdict.what, verdict.found, "yes" if verdict.held else "NO", style=style)
    console.print(table)


def _figures(
    faults: Sequence[Suffered], verdicts: Sequence[Verdict], seconds: float, skipped: list[str]
) -> dict[str, Any]:
    from machine import describe_run  # of benchmarks/

    return {
        "seconds": seconds,
        "faults": [
            {
                "name": one.fault.name,
                "lasted_s": round(one.ended_s - one.began_s, 1),
                "bound_s": one.fault.bound_s,
                "recovered_s": None if one.recovered_s is None else round(one.recovered_s, 1),
            }
            for one in faults
        ],
        "skipped": skipped,
        "asked": [asdict(verdict) for verdict in verdicts],
        "run": describe_run(("opencv-python-headless", "uvicorn", "paho-mqtt")),
    }


if __name__ == "__main__":
    sys.exit(main())
