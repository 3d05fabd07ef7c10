"""What a /dev/videoN says of itself, and who holds it: V4L2's own calls, without a stream."""

import errno
import fcntl
import os
import struct
from pathlib import Path

# From linux/videodev2.h; the numbers are the same on x86-64 and ARM64.
_QUERYCAP, _QUERYCAP_FORMAT = 0x80685600, "16s32s32s3I12x"  # driver, card, bus, 3 words
_REQBUFS, _REQBUFS_FORMAT = 0xC0145608, "=5I"  # count, type, memory, capabilities, flags
_VIDEO_CAPTURE, _MEMORY_MMAP = 1, 1
# Nodes of a Raspberry Pi's own camera and codec blocks.  They claim to capture, but the camera
# behind them is `csi`, and each would be waited for in vain.
_NO_CAMERAS = (b"bcm2835-", b"unicam", b"rp1-cfe", b"pispbe", b"rpivid", b"rpi-hevc-dec")


def video_devices() -> list[str]:
    """The paths /dev/videoN that exist, in the order of N."""
    found = (str(path) for path in Path("/dev").glob("video[0-9]*"))
    return sorted(found, key=lambda path: (len(path), path))


def captures(device: str) -> bool:
    """Whether a device is a camera of its own; one that may not be asked counts as one."""
    answer = bytearray(struct.calcsize(_QUERYCAP_FORMAT))
    try:
        _ask(device, _QUERYCAP, answer)
    except OSError:
        return True
    driver, _, _, _, _, capabilities = struct.unpack(_QUERYCAP_FORMAT, answer)
    return bool(capabilities & _VIDEO_CAPTURE) and not driver.startswith(_NO_CAMERAS)


def is_busy(device: str) -> bool:
    """Whether another program takes pictures from a device."""
    # Asking for no buffers changes nothing, and is refused while somebody else has some.
    none = bytearray(struct.pack(_REQBUFS_FORMAT, 0, _VIDEO_CAPTURE, _MEMORY_MMAP, 0, 0))
    try:
        _ask(device, _REQBUFS, none)
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def holders(*devices: str | Path) -> list[str]:
    """The other programs that have one of the devices open, as `name (pid N)`; another user's are
    not seen.
    """
    found, real = [], {Path(device).resolve() for device in devices}
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            if any(fd.readlink() in real for fd in (process / "fd").iterdir()):
                name = (process / "comm").read_text().strip()
                found.append(f"{name} (pid {process.name})")
        except OSError:  # it ended, or is another user's
            continue
    return found


def _ask(device: str, call: int, answer: bytearray) -> None:
    fd = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, call, answer)
    finally:
        os.close(fd)
