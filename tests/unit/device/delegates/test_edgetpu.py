"""Edge TPUs as the kernel lists them, and why libedgetpu could not open one."""

import os
from pathlib import Path

import pytest

from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.delegates.edgetpu import EdgeTpu, connected, why_not_opened

NODE = Path("/dev/bus/usb/002/003")
USB = EdgeTpu("usb", NODE, True)
HELD = EdgeTpu("usb", NODE, True, held=True)
PCI = EdgeTpu("pci", Path("/dev/apex_0"), True)


@pytest.fixture
def machine(tmp_path):
    """Plugs devices into a made-up /sys and /dev."""

    class Machine:
        sys, dev = tmp_path / "sys", tmp_path / "dev"

        def usb(self, name: str, vendor: str, product: str, device: int) -> Path:
            place = self.sys / "bus/usb/devices" / name
            place.mkdir(parents=True)
            facts = {"idVendor": vendor, "idProduct": product, "busnum": "2", "devnum": str(device)}
            for key, value in facts.items():
                (place / key).write_text(value + "\n")
            return self._node(f"bus/usb/002/{device:03}")

        def pci(self) -> None:
            place = self.sys / "bus/pci/devices/0000:01:00.0"
            place.mkdir(parents=True)
            (place / "vendor").write_text("0x1ac1\n")
            (place / "device").write_text("0x089a\n")

        def apex(self) -> Path:
            (self.sys / "class/apex/apex_0").mkdir(parents=True)
            return self._node("apex_0")

        def _node(self, name: str) -> Path:
            node = self.dev / name
            node.parent.mkdir(parents=True, exist_ok=True)
            node.touch()
            return node

        def connected(self) -> list[EdgeTpu]:
            return connected(self.sys, self.dev)

    return Machine()


def test_there_is_none_where_nothing_is_plugged_in(machine):
    machine.usb("1-1", "046d", "0825", 4)  # a webcam
    (machine.sys / "bus/usb/devices/usb1").mkdir()  # an entry without ids
    assert machine.connected() == []


@pytest.mark.parametrize("ids", [("1a6e", "089a"), ("18d1", "9302")])
def test_a_usb_one_is_found_before_and_after_it_got_its_firmware(machine, ids):
    node = machine.usb("2-1", *ids, 3)
    assert machine.connected() == [EdgeTpu("usb", node, True)]


def test_a_pcie_one_comes_first(machine):
    usb, pci = machine.usb("2-1", "18d1", "9302", 3), machine.apex()
    machine.pci()
    assert machine.connected() == [EdgeTpu("pci", pci, True), EdgeTpu("usb", usb, True)]


def test_a_pcie_one_without_its_driver_is_told_apart(machine):
    machine.pci()
    assert machine.connected() == [EdgeTpu("pci", None, False)]


def test_one_that_another_program_has_open_is_told_apart(machine):
    machine.usb("2-1", "18d1", "9302", 3)
    machine.usb("2-1.4", "18d1", "9302", 5)
    machine.apex()
    assert [tpu.held for tpu in machine.connected()] == [False, False, False]

    (machine.sys / "bus/usb/drivers/usbfs/2-1.4:1.0").mkdir(parents=True)
    (machine.sys / "class/apex/apex_0/is_device_owned").write_text("1\n")
    assert [tpu.held for tpu in machine.connected()] == [True, False, True]


@pytest.mark.parametrize(
    ("found", "device", "expected"),
    [
        ([], "", False),
        ([HELD], "", True),
        ([HELD, PCI], "", False),
        ([HELD, PCI], "usb", True),
        ([HELD, PCI], ":1", False),
    ],
)
def test_it_is_held_where_every_one_that_could_be_opened_is(monkeypatch, found, device, expected):
    monkeypatch.setattr(edgetpu, "connected", lambda: found)
    assert edgetpu.held(device) is expected


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is forbidden to root")
def test_one_that_may_not_be_opened_is_told_apart(machine):
    machine.apex().chmod(0o400)
    assert not machine.connected()[0].permitted


@pytest.mark.parametrize(
    ("found", "device", "why", "remedy"),
    [
        ([], "", "no Edge TPU is connected", "plug it in"),
        ([USB], "pci", "there is no Edge TPU pci; connected: usb", "plug it in"),
        ([USB], ":1", "there is no Edge TPU 1; connected: usb", "plug it in"),
        ([PCI, USB], ":2", "no Edge TPU 2; connected: pci, usb", "plug it in"),
        ([EdgeTpu("pci", None, False)], "", "the driver of the PCIe Edge TPU", "gasket-dkms"),
        (
            [EdgeTpu("usb", NODE, False)],
            "usb",
            "no permission to open the Edge TPU (/dev/bus/usb/002/003)",
            "group plugdev with: sudo usermod -aG plugdev $USER",
        ),
        ([EdgeTpu("pci", Path("/dev/apex_0"), False), USB], ":0", "(/dev/apex_0)", "group plugdev"),
        ([HELD], "usb", "in use by another program", "end that one"),
        ([EdgeTpu("usb", NODE, False), PCI], "", "does not answer", "unplug it"),
        ([HELD, PCI], ":1", "does not answer", "unplug it"),
        ([USB], "usb:0", "does not answer", "unplug it"),
    ],
)
def test_a_refusal_is_explained_by_what_the_kernel_shows(monkeypatch, found, device, why, remedy):
    monkeypatch.setattr(edgetpu, "connected", lambda: found)
    told = why_not_opened(device)
    assert why in told[0] and remedy in told[1]
