"""`python -m fuzz`: try cases on every parser and print what became of them."""

import argparse
import json
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from edge_emotion.files import write_text
from fuzz.engine import Outcome, Target, fuzz, try_one
from fuzz.targets import TARGETS

_PATIENCE = 2.0  # a target may take this times its share of the time


def main() -> int:
    """Parse the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="of all targets together")
    parser.add_argument("--seconds", type=float, default=1800, help="at most, of all together")
    parser.add_argument("--seed", type=int, help="of the cases; another one each time without")
    parser.add_argument("--only", nargs="*", metavar="TARGET", help="targets whose name begins so")
    parser.add_argument("--case", type=int, help="try this one alone, here, with its traceback")
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    chosen = [target for target in TARGETS if _is_chosen(target, arguments.only)]
    if not chosen:
        parser.error("no such target; there are " + ", ".join(target.name for target in TARGETS))
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    if arguments.case is not None:
        print(try_one(chosen[0], arguments.case, seed))
        return 0
    outcomes = fuzz_all(chosen, arguments.cases, seed, arguments.seconds)
    _print(outcomes, seed)
    if arguments.output is not None:
        write_text(arguments.output, json.dumps(_figures(outcomes, seed), indent=2) + "\n")
    return any(outcome.findings for outcome in outcomes)


def fuzz_all(
    targets: list[Target], cases: int, seed: int, seconds: float = float("inf")
) -> list[Outcome]:
    """Try so many cases, dealt out by the targets' weights, one target after the other."""
    weights = sum(target.weight for target in targets)
    ends_s = time.monotonic() + seconds
    outcomes: list[Outcome] = []
    for target in targets:
        share = target.weight / weights
        until_s = min(ends_s, time.monotonic() + max(60.0, _PATIENCE * share * seconds))
        number = max(3, round(cases * share))
        if target is targets[-1]:
            number, until_s = cases - sum(one.cases for one in outcomes), ends_s
        outcomes.append(fuzz(target, number, seed, until_s))
        sys.stderr.write(f"{target.name}: {outcomes[-1].cases} cases\n")
    return outcomes


def _is_chosen(target: Target, only: list[str] | None) -> bool:
    return not only or any(target.name.lower().startswith(name.lower()) for name in only)


def _print(outcomes: list[Outcome], seed: int) -> None:
    console = Console(width=140 if not sys.stdout.isatty() else None)
    table = Table(title=f"fuzz --seed {seed}")
    for name in (
        "target",
        "cases",
        "seconds",
        "how they ended",
        "slowest (CPU)",
        "memory",
        "found",
    ):
        table.add_column(name, justify="left" if name.endswith(("target", "ended")) else "right")
    for one in outcomes:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in one.kinds.most_common())
        slowest = f"{one.slowest_ms:.0f} ms (case {one.slowest})"
        row = (one.target, f"{one.cases:,}", f"{one.seconds:.0f}", kinds, slowest)
        table.add_row(*row, f"+{one.grown_mb:.0f} MB", str(len(one.findings)))
    total = sum(one.cases for one in outcomes)
    seconds = sum(one.seconds for one in outcomes)
    found = [finding for one in outcomes for finding in one.findings]
    table.add_row("all", f"{total:,}", f"{seconds:.0f}", "", "", "", str(len(found)), style="bold")
    console.print(table)
    alike: dict[tuple[str, str], list[int]] = {}
    for finding in found:
        alike.setdefault((finding.target, re.sub(r"\d+", "N", finding.what)), []).append(
            finding.number
        )
    for (target, what), numbers in alike.items():
        again = f"--seed {seed} --only {target!r} --case {numbers[0]}"
        console.print(f"{target}, {len(numbers)} times: {what}", highlight=False, markup=False)
        console.print(f"    again: {again}", highlight=False, markup=False)


def _figures(outcomes: list[Outcome], seed: int) -> dict[str, Any]:
    from machine import describe_run  # of benchmarks/

    return {
        "seed": seed,
        "cases": sum(one.cases for one in outcomes),
        "seconds": round(sum(one.seconds for one in outcomes)),
        "findings": sum(len(one.findings) for one in outcomes),
        "targets": [
            {
                "name": one.target,
                "cases": one.cases,
                "ended": dict(one.kinds.most_common()),
                "slowest_cpu_ms": round(one.slowest_ms),
                "grown_mb": round(one.grown_mb),
            }
            for one in outcomes
        ],
        "run": describe_run(("numpy", "opencv-python-headless", "ai-edge-litert")),
    }


if __name__ == "__main__":
    sys.exit(main())
