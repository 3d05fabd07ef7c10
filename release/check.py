"""Everything that is looked at before a release, as one table.

    make release-check [NAMES='names that no file may hold']

Builds into dist/, makes fresh environments under .venv-fresh/, and writes constraints.txt,
docs/licences.md, benchmarks/results/install_size.json and README's sentence on it anew.  Ends with
exit code 1 where a row says MISSED; one says `not had` where what it needs cannot be reached.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import Version
from rich.console import Console
from rich.table import Table

import constraints
import contents
import licences
import packages
import sizes
from environments import EXTRAS, ROOT, VERSIONS, Environment, find_python, run

DIST, FRESH = ROOT / "dist", ROOT / ".venv-fresh"
TOOLS = Path(sys.executable).parent
_EXCEPTION, _REASON = re.compile(r"# noqa: S\d"), re.compile(r"# noqa: S\d+\W+\w")
OK, MISSED, NOT_HAD = "ok", "MISSED", "not had"


@dataclass
class Release:
    """What is checked, and what was found so far.

    Attributes:
        tests: the environment that the tests run in.
        names: what no file of the packages may hold.
        fresh: an environment for each Python that was found.
        built: the wheel and the sdist.
    """

    tests: Environment
    names: tuple[str, ...]
    fresh: dict[str, Environment] = field(default_factory=dict)
    built: list[Path] = field(default_factory=list)

    @property
    def wheel(self) -> Path:
        """The wheel, once it is built."""
        return self.built[0]


Found = tuple[str, str]  # OK, MISSED or NOT_HAD; and what was found, in words
Check = Callable[[Release], Found]


def builds_alike(release: Release) -> Found:
    """Two builds, in other folders and by other rights, time zones and hash seeds."""
    release.built = packages.build(DIST)
    os.environ.update(TZ="Pacific/Kiritimati", PYTHONHASHSEED="7")
    usual = os.umask(0o077)
    with tempfile.TemporaryDirectory() as folder:
        again = packages.build(Path(folder, "other"))
        differ = [
            one.name
            for one, other in zip(release.built, again, strict=True)
            if one.read_bytes() != other.read_bytes()
        ]
    os.umask(usual)
    told = ", ".join(f"{one.name} {one.stat().st_size / 1e6:.2f} MB" for one in release.built)
    return (MISSED, f"differ: {', '.join(differ)}") if differ else (OK, f"{told}, the same twice")


def holds_nothing_else(release: Release) -> Found:
    """Code and the shipped models; no data, no place or name of this machine."""
    found = [line for one in release.built for line in contents.complaints(one, release.names)]
    return (MISSED, "; ".join(found[:5])) if found else (OK, "code, pages and the shipped models")


def describes_itself(release: Release) -> Found:
    """`twine check`: what a package index would say of it."""
    run(sys.executable, "-m", "twine", "check", "--strict", *release.built)
    return OK, "twine check --strict"


def works_on(version: str) -> Check:
    """A check of the README's commands in a fresh environment of one Python."""

    def check(release: Release) -> Found:
        interpreter = find_python(version)
        if interpreter is None:
            return NOT_HAD, f"no Python {version} on PATH, of pyenv or of uv"
        made = Environment.fresh(interpreter, FRESH / version)
        made.install(release.wheel)
        base = len(made.installed["groups"][""])
        made = Environment(made.python)
        made.install(f"{release.wheel}[{EXTRAS}]")
        release.fresh[version] = made
        _try_readme(release, made)
        told = f"{base} packages and the extras {EXTRAS.replace(',', ', ')}; README's examples run"
        return OK, f"{made.installed['python']}: {told}"

    return check


def _try_readme(release: Release, made: Environment) -> None:
    test = "tests/docs/test_examples.py"
    command = [str(release.tests.python), "-m", "pytest", test, "-k", "README", "-x"]
    quiet = {**os.environ, "EXAMPLES_BIN": str(made.binaries)}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"an example failed: {done.stdout.strip().splitlines()[-1]}")


def is_small(release: Release) -> Found:
    """The base install's size on both kinds of machine."""
    measured = sizes.measure(release.wheel)
    _write("benchmarks/results/install_size.json", json.dumps(measured, indent=2) + "\n")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _write("README.md", sizes.in_readme(readme, measured))
    told = ", ".join(
        f"{name} {sizes.largest_mb(measured[name]):.0f} of {limit:.0f} MB"
        for name, limit in sizes.LARGEST_MB.items()
    )
    return (MISSED if sizes.missed(measured) else OK), told


def versions_are_pinned(release: Release) -> Found:
    """constraints.txt, from what was installed; and pip can keep to it."""
    text = constraints.constraints(
        [one.installed for one in release.fresh.values()], release.tests.installed
    )
    changed = _write("constraints.txt", text)
    for made in release.fresh.values():
        wanted = f"{release.wheel}[{EXTRAS}]"
        file = ROOT / "constraints.txt"
        made.install("--dry-run", "--constraint", file, wanted)
    count = text.count("==")
    return OK, f"constraints.txt, {count} lines, {'written anew' if changed else 'unchanged'}"


def licences_are_known(release: Release) -> Found:
    """docs/licences.md, and none in it that nobody has looked at."""
    everywhere = [one.installed for one in (*release.fresh.values(), release.tests)]
    changed = _write("docs/licences.md", licences.page(everywhere))
    unknown = licences.unknown(everywhere)
    if unknown:
        return MISSED, f"look at {'; '.join(unknown)}, and add them to release/licences.py"
    return OK, f"docs/licences.md, {'written anew' if changed else 'unchanged'}"


def materials_are_listed(release: Release) -> Found:
    """A bill of materials in CycloneDX, for the newest Python with the extras of a device."""
    version, made = max(release.fresh.items(), key=lambda item: Version(item[0]))
    file = DIST / f"{release.wheel.name.partition('-py3')[0]}.cdx.json"
    how = ["--mc-type", "application", "--spec-version", "1.6", "--output-reproducible"]
    where = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-format", "JSON"]
    run(TOOLS / "cyclonedx-py", "environment", *where, *how, "--output-file", file, made.python)
    count = len(json.loads(file.read_text(encoding="utf-8"))["components"])
    return OK, f"{file.relative_to(ROOT)}: {count} components on Python {version}"


def no_rule_of_safety_is_broken(release: Release) -> Found:
    """The S rules of ruff, which are bandit's; and each exception says why."""
    rooms = ["edge_emotion", "train", "convert", "device"]
    command = [str(release.tests.python), "-m", "ruff", "check", *rooms]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return MISSED, done.stdout.strip().splitlines()[-1]
    allowed = [
        (f"{file.relative_to(ROOT)}:{number}", line)
        for room in rooms
        for file in sorted((ROOT / room).rglob("*.py"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if _EXCEPTION.search(line)
    ]
    bare = [where for where, line in allowed if not _REASON.search(line)]
    if bare:
        return MISSED, f"exceptions without a reason: {', '.join(bare)}"
    return OK, f"ruff check with S, {len(allowed)} exceptions, each with its reason"


def nothing_is_known_to_be_vulnerable(release: Release) -> Found:
    """`pip-audit` over constraints.txt; it asks the package index."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins:
        everything = {
            f"{name}=={package['version']}"
            for one in (*release.fresh.values(), release.tests)
            for members in one.installed["groups"].values()
            for name in members
            for package in [one.installed["packages"][name]]
        }
        names = {pin.partition("==")[0]: pin for pin in sorted(everything)}
        pins.write("\n".join(names.values()))
        pins.flush()
        quiet = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
        command = [str(TOOLS / "pip-audit"), "--requirement", pins.name, *quiet]
        done = subprocess.run(command, capture_output=True, text=True)
    try:
        told = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return NOT_HAD, f"pip-audit: {done.stderr.strip().splitlines()[-1][:120]}"
    audited = [one for one in told if "skip_reason" not in one]
    found = [f"{one['name']} {vuln['id']}" for one in audited for vuln in one["vulns"]]
    if len(audited) < len(told) / 2:
        return NOT_HAD, f"the index here tells no advisories ({len(audited)} of {len(told)} known)"
    return (MISSED, ", ".join(found)) if found else (OK, f"{len(audited)} packages")


CHECKS: tuple[tuple[str, Check], ...] = (
    ("built twice, the same bytes", builds_alike),
    ("what is inside", holds_nothing_else),
    ("metadata", describes_itself),
    *((f"Python {version}", works_on(version)) for version in VERSIONS),
    ("base install", is_small),
    ("constraints", versions_are_pinned),
    ("licences", licences_are_known),
    ("bill of materials", materials_are_listed),
    ("rules of safety", no_rule_of_safety_is_broken),
    ("known vulnerabilities", nothing_is_known_to_be_vulnerable),
)


def main() -> int:
    """Check all and print the table; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tests", type=Path, required=True, help="Python that runs the tests")
    parser.add_argument("--names", default="", help="names that no file may hold")
    given = parser.parse_args()
    release = Release(Environment(given.tests.absolute()), tuple(given.names.split()))
    table = Table("", "", "found", box=None)
    failed = False
    for name, check in CHECKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            status, found = check(release)
        except RuntimeError as error:
            status, found = MISSED, str(error)
        failed |= status == MISSED
        table.add_row(name, status, found)
    Console(highlight=False, markup=False, width=140).print(table)
    return 1 if failed else 0


def _write(name: str, text: str) -> bool:
    """Write a file of the repository; returns whether that changes it."""
    path = ROOT / name
    changed = not path.exists() or path.read_text(encoding="utf-8") != text
    path.write_text(text, encoding="utf-8")
    return changed


if __name__ == "__main__":
    sys.exit(main())
