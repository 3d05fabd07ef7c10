"""Do two runs of `edge-emotion benchmark` agree on which network is how much faster?

    python benchmarks/agreement.py exports/emotion-edge --threads 1,4
    python benchmarks/agreement.py --files monday.json tuesday.json

Ends with exit code 1 when a ratio of two medians differs by more than 5 %, which a quiet machine
keeps.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from edge_emotion.errors import EdgeEmotionError

PROMISED = 0.05
PARTS = {
    "networks": ("model",),
    "frame_path": ("emotion", "keypoints", "detector", "detector_model", "every"),
}

Medians = Mapping[str, float]


@dataclass(frozen=True)
class Agreement:
    """How well two runs agree.

    Attributes:
        faster, slower: the two whose ratio differs most: of all they changed least and most.
        ratio: by how much theirs differs, as a fraction; 0 of one alone.
        median: the largest change of one median, as a fraction.
    """

    faster: str
    slower: str
    ratio: float
    median: float


def main() -> int:
    """Measure twice, or read two files, and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        epilog="Everything else is for edge-emotion benchmark.",
    )
    parser.add_argument("--files", type=Path, nargs=2, help="compare these instead of measuring")
    given, others = parser.parse_known_args()
    first, second = map(_read, given.files) if given.files else measured_twice(others)
    agreements = {name: show(name, keys, first, second) for name, keys in PARTS.items()}
    for number, run in enumerate((first, second), 1):
        for warning in run["conditions"]["warnings"]:
            print(f"run {number}: {warning}")
    return 1 if any(one and one.ratio > PROMISED for one in agreements.values()) else 0


def measured_twice(arguments: Sequence[str]) -> list[dict[str, Any]]:
    """The content of the files of two runs, one right behind the other."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("first.json", "second.json"):
            file = Path(folder, name)
            options = [*arguments, "--output", str(file)]
            command = [sys.executable, "-m", "edge_emotion", "benchmark", *options]
            done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
            if done.returncode:
                raise EdgeEmotionError(f"edge-emotion benchmark ended with {done.returncode}")
            found.append(_read(file))
    return found


def agreement(first: Medians, second: Medians) -> Agreement | None:
    """Of what both have measured; None if that is nothing.

    The ratio of two medians differs from one run to the other as the ratio of their changes does.
    """
    changes = {name: second[name] / first[name] for name in first.keys() & second.keys()}
    if not changes:
        return None
    faster, slower = min(changes, key=changes.__getitem__), max(changes, key=changes.__getitem__)
    return Agreement(
        faster,
        slower,
        changes[slower] / changes[faster] - 1,
        max(max(change, 1 / change) - 1 for change in changes.values()),
    )


def medians(run: Mapping[str, Any], part: str, keys: Sequence[str]) -> Medians:
    """The p50s in ms of a part of a file, by what they are of."""
    of = (*keys, "delegate", "threads")
    return {
        " ".join(str(row[key]) for key in of if row.get(key) is not None): row["p50_ms"]
        for row in run[part]
        if row["status"] == "ok"
    }


def show(
    part: str, keys: Sequence[str], one: Mapping[str, Any], other: Mapping[str, Any]
) -> Agreement | None:
    """Print the medians of both runs, and what they agree to."""
    first, second = medians(one, part, keys), medians(other, part, keys)
    found = agreement(first, second)
    if found is None:
        return None
    table = Table("p50 ms", "first", "second", "change", title=part)
    for name in first:
        if name in second:
            change = second[name] / first[name] - 1
            table.add_row(name, f"{first[name]:.4g}", f"{second[name]:.4g}", f"{change:+.1%}")
    Console(width=120).print(table)
    print(f"{part}: medians differ by up to {found.median:.1%}")
    if found.faster != found.slower:
        print(f"{part}: ratios differ by up to {found.ratio:.1%}: {found.slower} / {found.faster}")
    for name in sorted(first.keys() ^ second.keys()):
        print(f"{part}: only one of both runs measured {name}")
    return found


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main())
