"""What a V4L2 device says of itself, and who holds it, without taking it from whoever uses it.

Requests and structures are those of linux/videodev2.h, the same on every 64-bit machine.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_QUERYCAP, _QUERYCAP_FORMAT = 0x80685600, "16s32s32s3I12x"  # driver, card, bus, 3 words
_REQBUFS, _REQBUFS_FORMAT = 0xC0145608, "=5I"  # count, type, memory, capabilities, flags
_ENUM_FMT, _ENUM_FMT_BYTES = 0xC0405602, 64
_ENUM_FRAMESIZES, _ENUM_FRAMESIZES_BYTES = 0xC02C564A, 44
_VIDEO_CAPTURE = 1  # both the capability and the type of buffer
_MEMORY_MMAP = 1
_DISCRETE = 1
_AT_MOST = 100  # formats of a device, sizes of a format; the rest is a broken driver's
# How drivers and nodes of a Raspberry Pi's own camera and codec blocks are called.  They claim to
# capture, but the camera behind them is `csi`, and each would be waited for in vain.
NO_CAMERAS = ("bcm2835-", "unicam", "rp1-cfe", "pispbe", "rpivid", "rpi-hevc")


@dataclass(frozen=True)
class Capture:
    """A device that gives pictures.

    Attributes:
        card: what it calls itself.
        formats: each pixel format with its largest width and height in pixels.
    """

    card: str
    formats: dict[str, tuple[int, int]]


def video_devices() -> list[str]:
    """The paths /dev/videoN that exist, in the order of N."""
    found = (str(path) for path in Path("/dev").glob("video[0-9]*"))
    return sorted(found, key=lambda path: (len(path), path))


def query(device: str | Path) -> Capture | None:
    """Ask a device what it is; None where it is no camera of its own, as a camera's metadata.

    Raises:
        OSError: it cannot be opened, or is no V4L2 device.
    """
    answer = bytearray(struct.calcsize(_QUERYCAP_FORMAT))
    with _opened(device) as descriptor:
        fcntl.ioctl(descriptor, _QUERYCAP, answer)
        driver, card, _, _, _, capabilities = struct.unpack(_QUERYCAP_FORMAT, answer)
        if not capabilities & _VIDEO_CAPTURE or _text(driver).startswith(NO_CAMERAS):
            return None
        formats = {name: _largest(descriptor, code) for name, code in _formats(descriptor)}
        return Capture(_text(card), formats)


def captures(device: str | Path) -> bool:
    """Whether a device is a camera of its own; one that may not be asked counts as one."""
    try:
        return query(device) is not None
    except OSError:
        return True


def is_busy(device: str | Path) -> bool:
    """Whether somebody takes pictures from a device."""
    # Asking for no buffers changes nothing, and is refused while somebody else has some.
    none = bytearray(struct.pack(_REQBUFS_FORMAT, 0, _VIDEO_CAPTURE, _MEMORY_MMAP, 0, 0))
    try:
        with _opened(device) as descriptor:
            fcntl.ioctl(descriptor, _REQBUFS, none)
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def holders(*devices: str | Path) -> list[str]:
    """The other programs that have one of the devices open, as `name (pid N)`; another user's are
    not seen.
    """
    found, real = [], {Path(device).resolve() for device in devices}
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(os.getpid()) and _holds(process, real):
            try:
                found.append(f"{(process / 'comm').read_text().strip()} (pid {process.name})")
            except OSError:  # it ended
                continue
    return found


def held_here(device: str | Path) -> bool:
    """Whether this process itself has a device open, as after a call that hangs."""
    return _holds(Path("/proc/self"), {Path(device).resolve()})


def _holds(process: Path, devices: set[Path]) -> bool:
    try:
        opened = list((process / "fd").iterdir())
    except OSError:  # it ended, or is another user's
        return False
    for descriptor in opened:
        try:
            if descriptor.readlink() in devices:
                return True
        except OSError:  # closed meanwhile
            continue
    return False


def _formats(descriptor: int) -> list[tuple[str, int]]:
    """Name and code of each pixel format."""
    found = []
    for index in range(_AT_MOST):
        answer = bytearray(_ENUM_FMT_BYTES)
        struct.pack_into("<II", answer, 0, index, _VIDEO_CAPTURE)
        if not _asked(descriptor, _ENUM_FMT, answer):
            break
        (code,) = struct.unpack_from("<I", answer, 44)
        found.append((answer[44:48].decode("ascii", errors="replace").strip(), code))
    return found


def _largest(descriptor: int, code: int) -> tuple[int, int]:
    """The largest width and height of a pixel format; 0 where they are not told."""
    largest = (0, 0)
    for index in range(_AT_MOST):
        answer = bytearray(_ENUM_FRAMESIZES_BYTES)
        struct.pack_into("<II", answer, 0, index, code)
        if not _asked(descriptor, _ENUM_FRAMESIZES, answer):
            break
        (kind,) = struct.unpack_from("<I", answer, 8)
        if kind != _DISCRETE:  # one range of sizes: least, greatest and step of each side
            width, height = struct.unpack_from("<4xI8xI", answer, 12)
            return width, height
        width, height = struct.unpack_from("<II", answer, 12)
        largest = max(largest, (width, height))
    return largest


def _asked(descriptor: int, request: int, answer: bytearray) -> bool:
    """Whether there is an answer; the end of a list is an error of the request."""
    try:
        fcntl.ioctl(descriptor, request, answer)
    except OSError:
        return False
    return True


@contextmanager
def _opened(device: str | Path) -> Iterator[int]:
    descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode(errors="replace")
