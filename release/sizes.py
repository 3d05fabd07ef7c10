"""What the base install takes on a disk, for the two kinds of machine that it is made for.

    python release/sizes.py WHEEL [--output FILE]

The wheels that pip would choose on Debian 12 and 13 are unpacked and their modules compiled, as pip
does it there.  Ends with exit code 1 where a limit is missed.
"""

import argparse
import json
import re
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from environments import run

LARGEST_MB = {"aarch64": 260.0, "x86_64": 360.0}  # MB of 10⁶ bytes
SYSTEMS = {"3.11": 36, "3.13": 41}  # Python and the C library's minor version: Debian 12 and 13
Sizes = dict[str, dict[str, dict[str, float]]]  # MB by machine, Python and package
_OLDEST_GLIBC = 17
_LARGE_MB = 20.0
_NAMES = {
    "opencv-python-headless": "OpenCV",
    "numpy": "NumPy",
    "ai-edge-litert": "the TFLite runtime",
    "edge-emotion": "this program",
}


def main() -> int:
    """Measure, print and perhaps write; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    measured = measure(given.wheel)
    if given.output:
        given.output.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    for machine, found in measured.items():
        for python, packages in found.items():
            print(f"{machine}, Python {python}: {total_mb(packages):.1f} MB")
    return 1 if missed(measured) else 0


def measure(wheel: Path) -> Sizes:
    """What every package takes."""
    return {
        machine: {
            python: _unpacked_mb(wheel, machine, python, glibc) for python, glibc in SYSTEMS.items()
        }
        for machine in LARGEST_MB
    }


def missed(measured: Sizes) -> list[str]:
    """The machines whose limit does not hold."""
    return [name for name, limit in LARGEST_MB.items() if largest_mb(measured[name]) > limit]


def largest_mb(found: dict[str, dict[str, float]]) -> float:
    """The largest of a machine's installs, in MB."""
    return max(map(total_mb, found.values()))


def total_mb(packages: dict[str, float]) -> float:
    """The sum of all packages, in MB."""
    return sum(packages.values())


def in_readme(text: str, measured: Sizes) -> str:
    """README's text with what was measured, between its `<!-- figures: install -->` marks."""
    mark = re.compile(r"(<!-- figures: install -->\n).*?(<!-- end -->)", re.DOTALL)
    text, found = mark.subn(lambda match: match[1] + _told(measured) + match[2], text)
    assert found == 1
    return text


def _told(measured: Sizes) -> str:
    """The larger install of each machine, as Markdown: large packages one by one, others listed."""
    sizes = [max(found.values(), key=total_mb) for found in measured.values()]
    large = [name for name, size in sizes[0].items() if name in _NAMES or size >= _LARGE_MB]
    small = [name for name in sizes[0] if name not in large]
    each = ", ".join(
        f"{_NAMES.get(name, name)} {' and '.join(f'{one[name]:.0f}' for one in sizes)}"
        for name in large
    )
    rest = " and ".join(f"{sum(one.get(name, 0) for name in small):.0f}" for one in sizes)
    whole = " and ".join(
        f"{total_mb(one):.0f} MB on {machine}" for machine, one in zip(measured, sizes, strict=True)
    )
    return (
        f"The base install takes {whole}, without Python: {each}; {rest} are "
        f"{', '.join(sorted(small))} (`make release-check`).\n"
    )


def _unpacked_mb(wheel: Path, machine: str, python: str, glibc: int) -> dict[str, float]:
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(_OLDEST_GLIBC, glibc + 1)]
    platforms = [
        part for tag in [f"manylinux2014_{machine}", *tags] for part in ("--platform", tag)
    ]
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary=:all:"]
        run(*pip, *platforms, "--python-version", python, "--target", folder, wheel)
        sizes = {
            _plain(one.metadata["Name"]): _size_mb(one) for one in distributions(path=[folder])
        }
    return {name: sizes[name] for name in sorted(sizes, key=sizes.__getitem__, reverse=True)}


def _plain(name: str) -> str:
    """A package's name as indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _size_mb(package: Any) -> float:
    files = [Path(package.locate_file(file)) for file in package.files or []]
    return round(sum(file.stat().st_size for file in files if file.is_file()) / 1e6, 2)


if __name__ == "__main__":
    sys.exit(main())
