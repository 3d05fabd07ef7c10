"""The machine that a benchmark ran on, never its host name."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edge_emotion_device.benchmark.options import cores
from edge_emotion_device.board import ROOT, read_board, read_pairs, read_text
from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.runtime import MODULE

_PACKAGES = ("numpy", "opencv-python-headless", MODULE.partition(".")[0].replace("_", "-"))
# Arm's cores have no name in /proc/cpuinfo: part numbers of Arm's own (MIDR_EL1), as util-linux's
# lscpu-arm.c lists them; those of Raspberry Pis and the boards beside them.
_ARM_PARTS = {
    "0xd03": "Cortex-A53",
    "0xd05": "Cortex-A55",
    "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72",
    "0xd0b": "Cortex-A76",
    "0xd42": "Cortex-A78AE",
}


def describe_machine(name: str = "", root: Path = ROOT) -> dict[str, Any]:
    """What the machine is, as in the benchmark file.

    Args:
        name: in place of the board's own.
        root: of the files that tell.
    """
    board, cpu = read_board(root), _cpu(root)
    return {
        "name": name or board.model or cpu or board.machine,
        "cpu": cpu or None,
        "cores": cores(),
        "architecture": board.machine,
        "system": board.system or platform.system(),
        "kernel": board.kernel,
        "memory_mb": None if board.memory_mb is None else round(board.memory_mb),
        "governor": governor(root),
        "cpu_max_mhz": board.cpu_max_mhz,
        "accelerators": [
            "Coral " + {"usb": "USB", "pci": "PCIe"}.get(tpu.kind, tpu.kind)
            for tpu in edgetpu.connected(root / "sys", root / "dev")
        ],
        "versions": {
            "python": platform.python_version(),
            **{name: found for name in _PACKAGES if (found := _version(name))},
        },
    }


def governor(root: Path = ROOT) -> str | None:
    """What chooses the CPU's clock: performance, ondemand, ...; None where it is not told."""
    files = sorted(root.glob("sys/devices/system/cpu/cpufreq/policy*/scaling_governor"))
    return next(filter(None, map(read_text, files)), None)


def _cpu(root: Path) -> str:
    told = read_pairs(root / "proc/cpuinfo", ":")
    return told.get("model name") or _ARM_PARTS.get(told.get("CPU part", ""), "")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
