"""Machines as their files show them: sysfs, procfs and what lies in /dev, /etc and /usr."""

from pathlib import Path

RASPBERRY_PI_OS = (
    'PRETTY_NAME="Debian GNU/Linux {version} ({codename})"\nVERSION_CODENAME={codename}\n'
)
BOOKWORM = {"etc/os-release": RASPBERRY_PI_OS.format(version=12, codename="bookworm")}
TRIXIE = {"etc/os-release": RASPBERRY_PI_OS.format(version=13, codename="trixie")}

_POLICY = "sys/devices/system/cpu/cpufreq/policy0"
_ZONE = "sys/class/thermal/thermal_zone0"


def _pi(model: str, kernel: str, mhz: tuple[int, int], c: float, kib: tuple[int, int]) -> dict:
    return {
        "proc/device-tree/model": f"{model}\0",
        "proc/sys/kernel/osrelease": f"{kernel}\n",
        "proc/meminfo": f"MemTotal: {kib[0]:>14} kB\nMemFree: 1 kB\nMemAvailable: {kib[1]} kB\n",
        f"{_POLICY}/scaling_cur_freq": f"{mhz[0]}000\n",
        f"{_POLICY}/cpuinfo_max_freq": f"{mhz[1]}000\n",
        f"{_ZONE}/type": "cpu-thermal\n",
        f"{_ZONE}/temp": f"{c * 1000:.0f}\n",
    }


PI_4 = BOOKWORM | _pi(
    "Raspberry Pi 4 Model B Rev 1.4", "6.12.25+rpt-rpi-v8", (600, 1800), 48.212, (3884000, 3200000)
)
PI_5_STARVED = TRIXIE | _pi(
    "Raspberry Pi 5 Model B Rev 1.0", "6.12.47+rpt-rpi-2712", (1500, 2400), 83.4, (8254000, 7000000)
)
PI_ZERO_2_W = TRIXIE | _pi(
    "Raspberry Pi Zero 2 W Rev 1.0", "6.12.47+rpt-rpi-v8", (1000, 1000), 51.0, (427000, 93000)
)
PC = {
    "sys/class/dmi/id/sys_vendor": "LENOVO\n",
    "sys/class/dmi/id/product_name": "20XWCTO1WW\n",
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Some CPU\nprocessor\t: 1\n",
    f"{_ZONE}/type": "acpitz\n",
    f"{_ZONE}/temp": "27800\n",
    "sys/class/thermal/thermal_zone7/type": "x86_pkg_temp\n",
    "sys/class/thermal/thermal_zone7/temp": "61000\n",
}
CONTAINER: dict[str, str] = {}

CORAL = {  # on USB, before libedgetpu has loaded its firmware
    "sys/bus/usb/devices/2-1/idVendor": "1a6e\n",
    "sys/bus/usb/devices/2-1/idProduct": "089a\n",
    "sys/bus/usb/devices/2-1/busnum": "2\n",
    "sys/bus/usb/devices/2-1/devnum": "3\n",
    "dev/bus/usb/002/003": "",
}


def libedgetpu(version: str) -> dict[str, str]:
    """The library as its Debian package brings it."""
    return {
        "usr/lib/aarch64-linux-gnu/libedgetpu.so.1": "",
        "var/lib/dpkg/status": "Package: libc6\nVersion: 2.36\n\n"
        f"Package: libedgetpu1-std\nStatus: install ok installed\nVersion: {version}\n\n"
        "Package: zlib1g\nVersion: 1.2\n",
    }


def build(root: Path, *files: dict[str, str]) -> Path:
    """Write the files below a folder, which then is the root of such a machine."""
    for held in files:
        for name, text in held.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return root


def program(root: Path, name: str, script: str) -> Path:
    """A program of the machine, in the shell's language."""
    file = build(root, {name: f"#!/bin/sh\n{script}\n"}) / name
    file.chmod(0o755)
    return file


def vcgencmd(root: Path, flags: str) -> Path:
    """The machine with a firmware that tells of its power and heat."""
    program(root, "usr/bin/vcgencmd", f'[ "$1" = get_throttled ] && echo throttled={flags}')
    return root
