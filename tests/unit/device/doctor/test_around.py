"""Clock, display and service."""

import os

import pytest

from edge_emotion_device.doctor import around
from helpers.boards import build, program


@pytest.mark.parametrize(
    ("files", "kernel", "status"),
    [
        ({}, 5, "warn"),
        ({}, 0, "ok"),
        ({}, -1, "ok"),  # it may not be asked: nothing is known to be wrong
        ({"run/systemd/timesync/synchronized": ""}, 5, "ok"),
    ],
)
def test_a_clock_that_nobody_set(tmp_path, monkeypatch, files, kernel, status):
    monkeypatch.setattr(around, "_kernel_clock", lambda: kernel)
    found = around.look_at_clock(build(tmp_path, files))
    assert found.status == status
    assert ("timedatectl" in found.remedy) == (status == "warn")


def test_the_kernel_tells_of_its_clock():
    assert -1 <= around._kernel_clock() <= 5


@pytest.mark.parametrize(
    ("display", "modules", "status", "found"),
    [
        ("", (), "ok", "no display: run opens no window"),
        (":0", ("tkinter", "_tkinter"), "ok", "display :0"),
        (":0", ("tkinter",), "warn", "a display, but this Python has no tkinter"),
        (":0", (), "warn", "a display, but this Python has no tkinter"),
    ],
)
def test_a_window_needs_a_display_and_tkinter(
    tmp_path, monkeypatch, display, modules, status, found
):
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setattr(around, "find_spec", lambda name: name in modules or None)
    told = around.look_at_window(tmp_path)
    assert (told.status, told.found) == (status, found)
    assert ("python3-tk" in told.remedy) == (status == "warn")


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """A machine with systemd, whose systemctl knows the unit's states."""

    def make(load: str, active: str, file: str):
        build(tmp_path, {"run/systemd/system/x": ""})
        answers = f"LoadState={load}\\nActiveState={active}\\nUnitFileState={file}\\n"
        program(tmp_path, "bin/systemctl", f"[ $2 = edge-emotion.service ] && printf '{answers}'")
        monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=os.pathsep)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("states", "status", "found"),
    [
        (("not-found", "inactive", ""), "ok", "not installed"),
        (("loaded", "active", "enabled"), "ok", "active, enabled at the start"),
        (("loaded", "inactive", "disabled"), "ok", "inactive, disabled at the start"),
        (("loaded", "failed", "enabled"), "warn", "failed, enabled at the start"),
    ],
)
def test_the_service(systemctl, states, status, found):
    told = around.look_at_service(systemctl(*states))
    assert (told.status, told.found) == (status, found)
    assert ("journalctl -u edge-emotion.service" in told.remedy) == (status == "warn")


def test_without_systemd_there_is_no_service(tmp_path):
    assert around.look_at_service(tmp_path).found == "no systemd here"
