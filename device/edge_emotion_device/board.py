"""Facts about the board: what it is, how hot, and whether its power supply keeps up.

They are read from sysfs, procfs and the Raspberry Pi's firmware; what a machine does not tell, as
in a container, is empty or None.  Every path starts at `root`, for tests.
"""

import platform
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
HOT_C = 80.0  # from here on a Raspberry Pi slows down
_MB = 1_000_000
_VCGENCMD_TIMEOUT_S = 2.0

# https://www.raspberrypi.com/documentation/computers/os.html#get_throttled: bit N tells of now,
# bit N + 16 of any time since the start.
_FLAGS = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")
_SINCE_BOOT = 16


@dataclass(frozen=True)
class Throttling:
    """What a Raspberry Pi's firmware tells of its power and heat.

    Attributes:
        flags: as `vcgencmd get_throttled` gives them.
    """

    flags: int

    @property
    def now(self) -> tuple[str, ...]:
        """What holds at this moment; empty while all is well."""
        return self._named(0)

    @property
    def since_boot(self) -> tuple[str, ...]:
        """What has happened since the board was started."""
        return self._named(_SINCE_BOOT)

    def _named(self, first_bit: int) -> tuple[str, ...]:
        return tuple(name for bit, name in enumerate(_FLAGS, first_bit) if self.flags >> bit & 1)


@dataclass(frozen=True)
class Board:
    """What a machine is made of, and what of it is free.

    Attributes:
        model: the board's name, else the PC's, else the CPU's.
        system: name and version of the operating system.
        codename: of a Debian, such as bookworm.
        kernel: its release.
        machine: the kernel's architecture, such as aarch64.
        userland_bits: 32 or 64; a 64-bit kernel may run 32-bit programs.
        cpu_mhz: of the fastest core at this moment.
        cpu_max_mhz: what that can reach.
        memory_mb, memory_free_mb: the memory, and what a program can still get of it.
        disk_free_mb: where the program was started.
    """

    model: str
    system: str
    codename: str
    kernel: str
    machine: str
    userland_bits: int
    cpu_mhz: float | None
    cpu_max_mhz: float | None
    memory_mb: float | None
    memory_free_mb: float | None
    disk_free_mb: float


def read_board(root: Path = ROOT, folder: Path = Path()) -> Board:
    """Look at the machine.

    Args:
        root: of its files.
        folder: where the free disk space is asked for.
    """
    release = read_pairs(root / "etc/os-release", "=")
    memory = read_pairs(root / "proc/meminfo", ":")
    return Board(
        model=_model(root),
        system=release.get("PRETTY_NAME", ""),
        codename=release.get("VERSION_CODENAME", ""),
        kernel=read_text(root / "proc/sys/kernel/osrelease") or platform.release(),
        machine=platform.machine(),
        userland_bits=8 * struct.calcsize("P"),
        cpu_mhz=_fastest_mhz(root, "scaling_cur_freq"),
        cpu_max_mhz=_fastest_mhz(root, "cpuinfo_max_freq"),
        memory_mb=_memory_mb(memory.get("MemTotal", "")),
        memory_free_mb=_memory_mb(memory.get("MemAvailable", "")),
        disk_free_mb=shutil.disk_usage(folder).free / _MB,
    )


def read_temperature_c(root: Path = ROOT) -> float | None:
    """The CPU's temperature in °C, or None without a sensor.  Cheap: two or three small files."""
    zones = list(root.glob("sys/class/thermal/thermal_zone*"))
    for zone in sorted(zones, key=lambda zone: (not _of_cpu(zone), len(zone.name), zone.name)):
        reading = read_number(zone / "temp")
        if reading is not None:
            return reading / 1000
    return None


def read_throttling(root: Path = ROOT) -> Throttling | None:
    """What the firmware tells of power and heat, or None where there is no such firmware.

    `vcgencmd` is asked first, a process of some milliseconds: it alone knows what happened since
    the start.  The kernel's own file comes after it, since its reader is told off in the kernel's
    log with a stack trace ("deprecated, use hwmon sysfs instead") and the upper bits in it are
    those of the last two seconds (drivers/firmware/raspberrypi.c, drivers/hwmon/raspberrypi-hwmon.c
    of Linux).  Other kernels than the Raspberry Pi's have only the alarm of the supply voltage.
    """
    # Where it may not ask, it answers with a complaint.
    flags = _hexadecimal(ask_vcgencmd(root, "get_throttled").partition("throttled=")[2])
    if flags is None:
        files = root.glob("sys/devices/platform/soc*/soc*:firmware/get_throttled")
        flags = next((_hexadecimal(read_text(file)) for file in files), None)
    if flags is None:
        flags = _supply_alarm(root)
    return None if flags is None else Throttling(flags)


def ask_vcgencmd(root: Path, question: str) -> str:
    """What a Raspberry Pi's firmware answers; empty where there is none, or it does not answer."""
    program = root / "usr/bin/vcgencmd"
    if not program.exists():
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - a path and words of ours
            [program, question],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VCGENCMD_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _supply_alarm(root: Path) -> int | None:
    for sensor in root.glob("sys/class/hwmon/hwmon*"):
        if read_text(sensor / "name") == "rpi_volt":
            alarm = read_number(sensor / "in0_lcrit_alarm")
            return None if alarm is None else int(alarm)  # under-voltage is bit 0
    return None


def _model(root: Path) -> str:
    board = read_text(root / "proc/device-tree/model")
    if board:
        return board
    maker = (read_text(root / "sys/class/dmi/id" / name) for name in ("sys_vendor", "product_name"))
    computer = " ".join(filter(None, maker))
    return computer or read_pairs(root / "proc/cpuinfo", ":").get("model name", "")


def _of_cpu(zone: Path) -> bool:
    """Whether a thermal zone is the CPU's; a PC's first is often the mainboard's."""
    kind = read_text(zone / "type").lower()
    return any(word in kind for word in ("cpu", "soc", "x86_pkg"))


def _fastest_mhz(root: Path, name: str) -> float | None:
    files = root.glob(f"sys/devices/system/cpu/cpufreq/policy*/{name}")
    found = [khz for file in files if (khz := read_number(file)) is not None]
    return max(found) / 1000 if found else None


def _memory_mb(amount: str) -> float | None:
    """From an entry of /proc/meminfo, which counts in units of 1024 bytes and calls them kB."""
    kib = _number(amount.removesuffix("kB"))
    return None if kib is None else kib * 1024 / _MB


def read_text(file: Path) -> str:
    """A file's text without what is around it, such as the device tree's NUL; else nothing."""
    try:
        return file.read_text(errors="replace").strip(" \n\0")
    except OSError:
        return ""


def read_number(file: Path) -> float | None:
    """The number that a file holds; None where it holds none, or cannot be read."""
    return _number(read_text(file))


def read_pairs(file: Path, separator: str) -> dict[str, str]:
    """Lines of a key and a value; the first of equal keys, and nothing of a file not to be read."""
    found: dict[str, str] = {}
    for line in read_text(file).splitlines():
        key, _, value = line.partition(separator)
        found.setdefault(key.strip(), value.strip().strip("\"'"))
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _hexadecimal(text: str) -> int | None:
    try:
        return int(text.strip(), 16)
    except ValueError:
        return None
