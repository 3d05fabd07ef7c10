"""The board and its system: what it is, how hot, and what is free."""

from pathlib import Path

from edge_emotion_device.board import HOT_C, ROOT, read_board, read_temperature_c, read_throttling
from edge_emotion_device.doctor.finding import Finding

_RUN_MB = 150  # what `run` takes at most
_DISK_MB = 500

_MORE_AIR = "give it a heat sink, a fan or more air"
_MORE_POWER = (
    "use the board's own power supply (a Pi 4's gives 3 A, a Pi 5's 5 A) with its own cable, and a "
    "powered hub for what hangs on USB"
)


def look_at_board(root: Path = ROOT) -> Finding:
    """Which board it is."""
    board = read_board(root)
    clock = f", {board.cpu_mhz:.0f}" if board.cpu_mhz else ""
    if clock and board.cpu_max_mhz:
        clock += f" of {board.cpu_max_mhz:.0f}"
    return Finding("ok", (board.model or "unknown") + (f"{clock} MHz" if clock else ""))


def look_at_system(root: Path = ROOT) -> Finding:
    """The operating system, which must be one of 64 bits."""
    board = read_board(root)
    system = board.system or "unknown system"
    found = f"{system}, Linux {board.kernel}, {board.machine}, {board.userland_bits}-bit programs"
    if board.userland_bits < 64:
        return Finding(
            "fail", found, "install a 64-bit system: NumPy and OpenCV have no wheels for 32-bit ARM"
        )
    return Finding("ok", found)


def look_at_temperature(root: Path = ROOT) -> Finding:
    """How hot the CPU is."""
    temperature_c = read_temperature_c(root)
    if temperature_c is None:
        return Finding("ok", "no sensor")
    found = f"{temperature_c:.0f} °C"
    if temperature_c < HOT_C:
        return Finding("ok", found)
    return Finding("warn", f"{found}, a Raspberry Pi slows down from {HOT_C:g} °C on", _MORE_AIR)


def look_at_throttling(root: Path = ROOT) -> Finding:
    """What the firmware says of power and heat, now and since the start."""
    throttling = read_throttling(root)
    if throttling is None:
        return Finding("ok", "not told by this machine")
    told = {"now": throttling.now, "since the start": throttling.since_boot}
    found = "; ".join(f"{when}: {', '.join(flags)}" for when, flags in told.items() if flags)
    if not found:
        return Finding("ok", "none since the start")
    starved = "under-voltage" in throttling.now + throttling.since_boot
    return Finding("warn", found, _MORE_POWER if starved else _MORE_AIR)


def look_at_memory(root: Path = ROOT) -> Finding:
    """How much memory a run could get."""
    board = read_board(root)
    if board.memory_mb is None or board.memory_free_mb is None:
        return Finding("ok", "not told by this machine")
    found = f"{board.memory_free_mb:.0f} MB free of {board.memory_mb:.0f}"
    if board.memory_free_mb >= _RUN_MB:
        return Finding("ok", found)
    remedy = f"end other programs or the desktop: run takes up to {_RUN_MB} MB"
    return Finding("warn", found, remedy)


def look_at_disk(root: Path = ROOT) -> Finding:
    """How much fits on the disk here."""
    free_mb = read_board(root).disk_free_mb
    found = f"{free_mb / 1000:.1f} GB free here"
    if free_mb >= _DISK_MB:
        return Finding("ok", found)
    return Finding("warn", found, "make room before you use --save")
