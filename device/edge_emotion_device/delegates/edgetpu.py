"""The Edge TPUs that the kernel sees, so that a refusal can be explained.

libedgetpu itself says only that it opened none.  Ids: debian/edgetpu-accelerator.rules in
https://github.com/google-coral/libedgetpu (USB, before and after it got its firmware) and
https://coral.ai/docs/m2/get-started (PCIe, whose driver makes /dev/apex_N); gasket_core.c in
https://github.com/google/gasket-driver has `is_device_owned`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

LIBRARY = "libedgetpu.so.1"
OPERATOR = b"edgetpu-custom-op"  # what the compiler leaves in a model in place of the operators

_USB_IDS = {("1a6e", "089a"), ("18d1", "9302")}
_PCI_IDS = ("0x1ac1", "0x089a")


@dataclass(frozen=True)
class EdgeTpu:
    """An Edge TPU on a bus.

    Attributes:
        kind: usb or pci.
        node: its device file; None for a PCIe one whose driver is not loaded.
        permitted: whether this user may open it.
        held: whether a program has it open.
    """

    kind: str
    node: Path | None
    permitted: bool
    held: bool = False


def connected(sys: Path = Path("/sys"), dev: Path = Path("/dev")) -> list[EdgeTpu]:
    """The Edge TPUs of this machine, PCIe first."""
    found = []
    for entry in sorted(sys.glob("class/apex/apex_*")):
        owned = _read(entry / "is_device_owned") == "1"
        found.append(_at("pci", dev / entry.name, owned))
    if not found:
        functions = sys.glob("bus/pci/devices/*")
        ids = [(_read(place / "vendor"), _read(place / "device")) for place in functions]
        found += [EdgeTpu("pci", None, False)] * ids.count(_PCI_IDS)
    for place in sorted(sys.glob("bus/usb/devices/*")):
        if (_read(place / "idVendor"), _read(place / "idProduct")) in _USB_IDS:
            bus, device = (_read(place / number).zfill(3) for number in ("busnum", "devnum"))
            claimed = any(sys.glob(f"bus/usb/drivers/usbfs/{place.name}:*"))  # an interface of it
            found.append(_at("usb", dev / "bus/usb" / bus / device, claimed))
    return found


def held(device: str) -> bool:
    """Whether other programs have every Edge TPU that libedgetpu could open.

    Args:
        device: as of `why_not_opened`.
    """
    wanted = _wanted(connected(), device)
    return bool(wanted) and all(tpu.held for tpu in wanted)


def why_not_opened(device: str) -> tuple[str, str]:
    """Why libedgetpu opened no Edge TPU, as far as the kernel shows it, and the remedy.

    Args:
        device: as libedgetpu's option has it: usb, pci, :N, usb:N, pci:N, or empty for any.
    """
    found = connected()
    wanted = _wanted(found, device)
    if not wanted:
        there = ", ".join(tpu.kind for tpu in found)
        name = f"Edge TPU {device.lstrip(':')}".strip()
        what = f"there is no {name}; connected: {there}" if found else "no Edge TPU is connected"
        return what, "plug it in, a USB one into a port that gives 900 mA, or use --delegate cpu"
    if all(tpu.node is None for tpu in wanted):
        return "the driver of the PCIe Edge TPU is not loaded", "install gasket-dkms and restart"
    if not any(tpu.permitted for tpu in wanted):
        nodes = ", ".join(str(tpu.node) for tpu in wanted)
        return (
            f"no permission to open the Edge TPU ({nodes})",
            "install the udev rule device/99-edge-emotion-coral.rules, add yourself to the group "
            "plugdev with: sudo usermod -aG plugdev $USER, and log in again",
        )
    if all(tpu.held for tpu in wanted):
        return "the Edge TPU is in use by another program", "end that one, or use --delegate cpu"
    return "the Edge TPU does not answer", "unplug it and plug it in again, or use --delegate cpu"


def _wanted(found: list[EdgeTpu], device: str) -> list[EdgeTpu]:
    kind, _, place = device.partition(":")
    wanted = [tpu for tpu in found if kind in ("", tpu.kind)]
    if not place:
        return wanted
    return wanted[int(place) :][:1] if place.isdecimal() else []


def _at(kind: str, node: Path, taken: bool) -> EdgeTpu:
    return EdgeTpu(kind, node, os.access(node, os.R_OK | os.W_OK), taken)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):  # no such entry, or one that the device does not answer
        return ""
