"""Edge TPUs with and without permission, library and a library that fits."""

import os

import pytest

from edge_emotion_device import permission, runtime
from edge_emotion_device.delegates import trial
from edge_emotion_device.delegates.errors import crashed
from edge_emotion_device.doctor.accelerators import look_at_accelerators
from helpers.boards import CONTAINER, CORAL, build, libedgetpu

REBUILT = libedgetpu("16.0tf2.17.1-1.bookworm")
PCIE = {
    "sys/bus/pci/devices/0000:01:00.0/vendor": "0x1ac1\n",
    "sys/bus/pci/devices/0000:01:00.0/device": "0x089a\n",
}


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    """The delegate opens, whatever is asked; counts how often."""
    tried: list[object] = []
    monkeypatch.setattr(trial, "try_delegate", lambda choice, model: tried.append(choice))
    return tried


@pytest.fixture
def forbidden(monkeypatch):
    """Nothing may be opened; it all belongs to the group plugdev."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    group = permission.grp.struct_group(("plugdev", "x", 46, []))
    monkeypatch.setattr(permission.grp, "getgrgid", lambda number: group)


def test_none(tmp_path):
    found = look_at_accelerators(build(tmp_path, CONTAINER))
    assert (found.status, found.found) == ("ok", "none; the networks run on the CPU")


def test_a_coral_that_works(tmp_path, opened):
    found = look_at_accelerators(build(tmp_path, CORAL, REBUILT))
    assert found.status == "ok"
    assert found.found == (
        "Edge TPU (usb), libedgetpu 16.0tf2.17.1-1.bookworm: opens with this runtime"
    )
    assert len(opened) == 1


def test_a_coral_after_its_firmware_is_loaded(tmp_path):
    loaded = CORAL | {
        "sys/bus/usb/devices/2-1/idVendor": "18d1\n",
        "sys/bus/usb/devices/2-1/idProduct": "9302\n",
    }
    assert look_at_accelerators(build(tmp_path, loaded, REBUILT)).status == "ok"


def test_without_permission_the_group_is_named(tmp_path, forbidden, opened):
    found = look_at_accelerators(build(tmp_path, CORAL, REBUILT))
    assert found.status == "warn"
    assert found.found.endswith(f"no permission for {tmp_path}/dev/bus/usb/002/003")
    assert found.remedy == "run: sudo usermod -aG plugdev $USER, then log in again"
    assert not opened


def test_a_coral_that_is_roots_needs_the_udev_rule(tmp_path, forbidden, monkeypatch):
    group = permission.grp.struct_group(("root", "x", 0, []))
    monkeypatch.setattr(permission.grp, "getgrgid", lambda number: group)
    found = look_at_accelerators(build(tmp_path, CORAL, REBUILT))
    assert "udev rule" in found.remedy


def test_a_coral_without_its_library(tmp_path):
    found = look_at_accelerators(build(tmp_path, CORAL))
    assert (found.status, found.found) == ("warn", "Edge TPU (usb), but no libedgetpu.so.1")
    assert "libedgetpu1-std" in found.remedy


def test_a_pcie_coral_without_its_driver(tmp_path):
    found = look_at_accelerators(build(tmp_path, PCIE, REBUILT))
    assert found.status == "warn" and "no driver" in found.found
    assert "gasket-dkms" in found.remedy


@pytest.mark.parametrize(
    ("version", "runtime_name", "status"),
    [
        ("16.0", "ai-edge-litert 2.3.0", "warn"),
        ("16.0", "tflite-runtime 2.14.0", "warn"),
        ("16.0", "tflite-runtime 2.11.0", "ok"),
        ("16.0TF2.15.0-1", "ai-edge-litert 2.3.0", "ok"),
        ("16.0tf2.17.1-1.bookworm", "ai-edge-litert 2.3.0", "ok"),
    ],
)
@pytest.mark.parametrize("coral", [CORAL, {}])
def test_googles_library_of_2021_does_not_fit_newer_runtimes(
    tmp_path, monkeypatch, opened, version, runtime_name, status, coral
):
    monkeypatch.setattr(runtime, "runtime_name", lambda: runtime_name)
    found = look_at_accelerators(build(tmp_path, coral, libedgetpu(version)))

    assert found.status == status
    if status == "warn":
        assert f"crashes with {runtime_name} (google-coral/edgetpu#812)" in found.found
        assert "rebuilt" in found.remedy
        assert not opened  # there is no need to let it crash


def test_a_library_that_no_package_brought_is_tried_out(tmp_path, monkeypatch):
    def crash(choice, model):
        raise crashed(choice, "prepare", "SIGSEGV", "")

    monkeypatch.setattr(trial, "try_delegate", crash)
    library = {"usr/local/lib/libedgetpu.so.1": ""}
    found = look_at_accelerators(build(tmp_path, CORAL, library))

    assert found.status == "warn"
    assert found.found.startswith("Edge TPU (usb), libedgetpu: ")
    assert "crashed with SIGSEGV while preparing the model" in found.found
    assert found.remedy.startswith("get a libedgetpu")


def test_a_coral_that_a_program_has_is_left_alone(tmp_path, opened):
    held = {"sys/bus/usb/drivers/usbfs/2-1:1.0/uevent": ""}
    found = look_at_accelerators(build(tmp_path, CORAL, REBUILT, held))
    assert found.status == "ok" and found.found.endswith("in use by another program")
    assert not opened


@pytest.mark.parametrize(("owned", "end"), [("1", "in use by another program"), ("0", "runtime")])
def test_a_pcie_coral_that_a_program_has_is_left_alone(tmp_path, opened, owned, end):
    apex = {"sys/class/apex/apex_0/is_device_owned": f"{owned}\n", "dev/apex_0": ""}
    found = look_at_accelerators(build(tmp_path, PCIE, apex, REBUILT))
    assert found.status == "ok" and found.found.endswith(end)
    assert len(opened) == (owned == "0")
