"""What reading faces costs on a device beside time: memory, imports, the start, the disk.

    python benchmarks/footprint.py

Ends with exit code 1 when a limit is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from edge_emotion.cli import app
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import write_text
from machine import describe_run
from timing import in_turns

LARGEST_MEMORY_MB = 150.0
LATEST_FIRST_READING_S = 1.5
LARGEST_HELP_RATIO = 1.3
HEAVY = ("tensorflow", "keras", "matplotlib", "pandas")
_PACKAGES = ("edge-emotion", "ai-edge-litert", "numpy", "opencv-python-headless", "typer")
_RUN = ("run", "--camera", "demo", "--headless", "--frames", "100")
_OURS = "from edge_emotion.__main__ import main; main()"  # all that the installed script does
_MODULES_OF_OURS = """
import sys
from edge_emotion.__main__ import main
try:
    main()
finally:
    print("", *sys.modules, sep="\\n", file=sys.stderr)
"""
_REPOSITORY = Path(__file__).resolve().parent.parent
_TOOLS = ("pip", "setuptools", "_distutils_hack", "pkg_resources", "distutils-precedence.pth")


def main() -> int:
    """Measure, print and write; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("runs/bench/footprint.json"))
    parser.add_argument("--rounds", type=int, default=15, help="starts timed of each program")
    parser.add_argument("--install-size", action="store_true", help="install it afresh, weigh that")
    given = parser.parse_args()
    result = describe_run(_PACKAGES)
    result["peak_memory_mb"] = peak_memory_mb(_RUN)
    result["imported"] = imported_by(_RUN)
    result["first_reading_s"] = first_reading_s(given.rounds)
    result["help"] = time_help(given.rounds)
    result["install_mb"] = install_mb() if given.install_size else None
    result["missed"] = _missed(result)
    write_text(given.output, json.dumps(result, indent=2) + "\n")
    _print(result)
    return 1 if result["missed"] else 0


def peak_memory_mb(arguments: tuple[str, ...]) -> float:
    """Largest resident memory of `edge-emotion` with these arguments, in MB of 10⁶ bytes.

    A child's peak starts at what its parent held (getrusage(2) counts on through exec), so nothing
    large may be imported here.
    """
    command = [sys.executable, "-c", _OURS, *arguments]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        _expect_success(process.returncode, arguments, errors.read().decode())
    return round(usage.ru_maxrss * 1024 / 1e6, 1)


def first_reading_s(rounds: int) -> float:
    """Seconds from the start of `edge-emotion run` to its first reading: the median."""
    durations_s = []
    for _ in range(rounds):
        start_s = perf_counter()
        with subprocess.Popen(
            [sys.executable, "-c", _OURS, *_RUN], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            durations_s.append(perf_counter() - start_s)
            process.kill()
    return round(float(np.median(durations_s)), 3)


def imported_by(arguments: tuple[str, ...]) -> dict[str, bool]:
    """Which of the heavy packages installed here `edge-emotion` with these arguments imports."""
    command = [sys.executable, "-c", _MODULES_OF_OURS, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    _expect_success(done.returncode, arguments, done.stderr)
    modules = done.stderr.splitlines()
    return {name: name in modules for name in HEAVY if find_spec(name) is not None}


def time_help(rounds: int) -> dict[str, float]:
    """Milliseconds of `edge-emotion --help`, and of a Typer app that has only the same commands."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bare.py").write_text(_bare_app())
        programs = {"ours": _OURS, "bare": "from bare import app; app()"}

        contenders = {
            name: [partial(_quietly, [sys.executable, "-c", program, "--help"], folder)]
            for name, program in programs.items()
        }
        in_turns(contenders, rounds=2)  # compiles both and brings them into the disk cache
        times = in_turns(contenders, rounds)
    ours, bare = (float(np.median(times[name])) for name in ("ours", "bare"))
    return {"ours_ms": round(ours, 1), "bare_ms": round(bare, 1), "ratio": round(ours / bare, 3)}


def install_mb() -> float:
    """Size of a fresh base install without pip, in MB of 10⁶ bytes."""
    print("installing into a fresh environment", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", str(_REPOSITORY)]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        _expect_success(done.returncode, ("pip", "install"), done.stderr)
        (packages,) = Path(folder).glob("lib/python*/site-packages")
        entries = [path for path in packages.iterdir() if not path.name.startswith(_TOOLS)]
        files = [file for entry in entries for file in (entry, *entry.rglob("*"))]
        return round(sum(file.stat().st_size for file in files if file.is_file()) / 1e6, 1)


def _quietly(command: list[str], folder: str) -> None:
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)


def _bare_app() -> str:
    """Source of a Typer app with the commands, options and help texts of ours and no more."""
    lines = ["from typing import Annotated", "import typer"]
    _add_group(lines, "app", typer.main.get_command(app))
    return "\n".join(lines) + "\n"


def _add_group(lines: list[str], name: str, group: Any) -> None:
    lines.append(
        f"{name} = typer.Typer(help={group.help!r}, add_completion=False, "
        "pretty_exceptions_enable=False)"
    )
    for title, command in group.commands.items():
        function = f"{name}_{title}"
        if hasattr(command, "commands"):
            _add_group(lines, function, command)
            lines.append(f"{name}.add_typer({function}, name={title!r})")
        else:
            parameters = ", ".join(map(_parameter, command.params))
            lines.append(f"@{name}.command({title!r}, help={command.help!r})")
            lines.append(f"def {function}({parameters}): pass")


def _parameter(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"{parameter.name}: Annotated[str, typer.Argument(help={parameter.help!r})] = ''"
    kind, default = ("bool", False) if parameter.is_flag else ("str", "")
    option = f"typer.Option({parameter.opts[0]!r}, help={parameter.help!r})"
    return f"{parameter.name}: Annotated[{kind}, {option}] = {default!r}"


def _expect_success(code: int, arguments: tuple[str, ...], errors: str) -> None:
    if code:
        last = (errors.strip() or "nothing on stderr").splitlines()[-1]
        raise EdgeEmotionError(f"{' '.join(arguments)} ended with {code}: {last}")


def _missed(result: dict[str, Any]) -> list[str]:
    """The limits that do not hold; one that could not be measured does not."""
    kept = {
        "peak memory": result["peak_memory_mb"] < LARGEST_MEMORY_MB,
        "imports": bool(result["imported"]) and not any(result["imported"].values()),
        "first reading": result["first_reading_s"] <= LATEST_FIRST_READING_S,
        "--help": result["help"]["ratio"] <= LARGEST_HELP_RATIO,
    }
    return [name for name, holds in kept.items() if not holds]


def _print(result: dict[str, Any]) -> None:
    machine, start = result["machine"], result["help"]
    console = Console(highlight=False, width=120)  # a file or a pipe gets whole lines
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores, load {machine['load']}\n", markup=False
    )
    imported = [name for name, found in result["imported"].items() if found]
    table = Table("", "found", "limit", box=None)
    table.add_row(
        f"peak memory of {' '.join(_RUN)}",
        f"{result['peak_memory_mb']:.0f} MB",
        f"under {LARGEST_MEMORY_MB:.0f} MB",
    )
    table.add_row(
        "from the start to its first reading",
        f"{result['first_reading_s']:.2f} s",
        f"at most {LATEST_FIRST_READING_S:g} s",
    )
    table.add_row(
        f"imported by it, of {', '.join(result['imported']) or 'none of them installed here'}",
        ", ".join(imported) or "none",
        "none",
    )
    table.add_row(
        "edge-emotion --help to a bare Typer app",
        f"{start['ours_ms']:.0f} / {start['bare_ms']:.0f} ms = {start['ratio']:.2f}",
        f"at most {LARGEST_HELP_RATIO}",
    )
    if result["install_mb"] is not None:
        table.add_row("base install on disk", f"{result['install_mb']:.0f} MB", "")
    console.print(table)
    missed = ", ".join(result["missed"])
    console.print(f"\nMISSED: {missed}" if missed else "\nAll limits hold.")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeEmotionError as error:
        sys.exit(f"footprint: {error}")
