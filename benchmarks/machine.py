"""What every benchmark says about itself: when, where and with which versions it ran."""

import json
import os
import platform
import shlex
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edge_emotion.files import write_text


def describe_run(packages: tuple[str, ...]) -> dict[str, Any]:
    """Date, command, machine and the versions of the named packages, as JSON objects."""
    return {
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(["python", *_called(), *sys.argv[1:]]),
        "machine": {
            "cpu": _cpu_model(),
            "cores": os.cpu_count(),
            "load": [round(load, 2) for load in os.getloadavg()],
            "architecture": platform.machine(),
            "system": platform.platform(),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in packages},
        },
    }


def _called() -> list[str]:
    script = Path(sys.argv[0])
    return ["-m", script.parent.name] if script.name == "__main__.py" else [str(script)]


def report(figures: dict[str, Any], output: Path | None) -> None:
    """Print figures as JSON, and write them to a file if one is named."""
    text = json.dumps(figures, indent=2)
    if output is not None:
        write_text(output, text + "\n")
    print(text)


def _cpu_model() -> str:
    """The CPU's name; on ARM boards, whose cpuinfo has none, the board's."""
    for path, key in (("/proc/cpuinfo", "model name"), ("/proc/device-tree/model", "")):
        try:
            lines = Path(path).read_text().rstrip("\0").splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(key):
                return line.rpartition(":")[2].strip()
    return platform.processor() or "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
