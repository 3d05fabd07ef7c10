"""What a V4L2 device says of itself, without taking it from whoever uses it.

Requests and structures are those of linux/videodev2.h, the same on every 64-bit machine.
"""

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

_QUERYCAP, _QUERYCAP_BYTES = 0x80685600, 104
_ENUM_FMT, _ENUM_FMT_BYTES = 0xC0405602, 64
_ENUM_FRAMESIZES, _ENUM_FRAMESIZES_BYTES = 0xC02C564A, 44
_VIDEO_CAPTURE = 1  # both the capability and the type of buffer
_DISCRETE = 1
_AT_MOST = 100  # formats of a device, sizes of a format; the rest is a broken driver's


@dataclass(frozen=True)
class Capture:
    """A device that gives pictures.

    Attributes:
        card: what it calls itself.
        formats: each pixel format with its largest width and height in pixels.
    """

    card: str
    formats: dict[str, tuple[int, int]]


def query(node: Path) -> Capture | None:
    """Ask a device file what it is; None where it gives no pictures, as a camera's metadata.

    Raises:
        OSError: it cannot be opened, or is no V4L2 device.
    """
    descriptor = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    try:
        answer = bytearray(_QUERYCAP_BYTES)
        fcntl.ioctl(descriptor, _QUERYCAP, answer)
        (capabilities,) = struct.unpack_from("<I", answer, 88)
        if not capabilities & _VIDEO_CAPTURE:
            return None
        card = answer[16:48].split(b"\0")[0].decode(errors="replace")
        return Capture(
            card, {name: _largest(descriptor, code) for name, code in _formats(descriptor)}
        )
    finally:
        os.close(descriptor)


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
