"""What stands around `run`: the clock, a display, the service."""

import ctypes
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

from edge_emotion_device.board import ROOT
from edge_emotion_device.doctor.finding import Finding

UNIT = "edge-emotion.service"
_SYSTEMCTL_TIMEOUT_S = 5.0
_TIMEX_BYTES = 208  # struct timex of linux/timex.h on 64-bit machines
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronized


def look_at_clock(root: Path = ROOT) -> Finding:
    """Whether the clock was set by another; a Raspberry Pi has no battery to keep it."""
    if (root / "run/systemd/timesync/synchronized").exists() or _kernel_clock() != _TIME_ERROR:
        return Finding("ok", "synchronized")
    return Finding(
        "warn",
        "not synchronized: dates in logs may be wrong",
        "connect it to a network and run: sudo timedatectl set-ntp true",
    )


def look_at_window(root: Path = ROOT) -> Finding:
    """Whether `run` could show a window."""
    if not os.environ.get("DISPLAY"):
        return Finding("ok", "no display: run opens no window")
    if find_spec("tkinter") is None or find_spec("_tkinter") is None:
        return Finding(
            "warn", "a display, but this Python has no tkinter", "run: sudo apt install python3-tk"
        )
    return Finding("ok", f"display {os.environ['DISPLAY']}")


def look_at_service(root: Path = ROOT) -> Finding:
    """Whether the service is installed and runs."""
    if not (root / "run/systemd/system").exists():
        return Finding("ok", "no systemd here")
    states = ("LoadState", "ActiveState", "UnitFileState")
    done = subprocess.run(  # noqa: S603 - words of ours, and no shell
        ["systemctl", "show", UNIT, *(f"--property={state}" for state in states)],  # noqa: S607 - from PATH
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SYSTEMCTL_TIMEOUT_S,
    )
    told = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    if told.get("LoadState") != "loaded":
        return Finding("ok", "not installed")
    found = f"{told.get('ActiveState')}, {told.get('UnitFileState')} at the start"
    if told.get("ActiveState") == "failed":
        return Finding("warn", found, f"see why with: journalctl -u {UNIT}")
    return Finding("ok", found)


def _kernel_clock() -> int:
    """The kernel's word on its clock, as `timedatectl` asks for it; -1 where that is forbidden."""
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
