"""Which machine it was."""

import json
import platform
import socket

import pytest

from edge_emotion_device.benchmark.machine import describe_machine
from helpers.boards import CONTAINER, CORAL, PC, PI_4, build

GOVERNOR = {"sys/devices/system/cpu/cpufreq/policy0/scaling_governor": "ondemand\n"}


def test_a_pi_4_with_a_coral(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    cpuinfo = {"proc/cpuinfo": "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n"}
    found = describe_machine(root=build(tmp_path, PI_4, CORAL, GOVERNOR, cpuinfo))

    assert found["name"] == "Raspberry Pi 4 Model B Rev 1.4"
    assert (found["cpu"], found["architecture"]) == ("Cortex-A72", "aarch64")
    assert (found["cpu_max_mhz"], found["governor"]) == (1800, "ondemand")
    assert (found["memory_mb"], found["accelerators"]) == (3977, ["Coral USB"])
    assert found["system"] == "Debian GNU/Linux 12 (bookworm)"
    assert {"python", "numpy"} <= found["versions"].keys()
    assert found["cores"] >= 1


@pytest.mark.parametrize(
    ("files", "given", "name"),
    [
        (PC, "", "LENOVO 20XWCTO1WW"),
        (PC, "my laptop", "my laptop"),
        ({"proc/cpuinfo": PC["proc/cpuinfo"]}, "", "Some CPU"),
        (CONTAINER, "", platform.machine()),
    ],
)
def test_its_name(tmp_path, files, given, name):
    assert describe_machine(given, build(tmp_path, files))["name"] == name


def test_what_a_container_does_not_tell_is_none(tmp_path):
    found = describe_machine(root=build(tmp_path, CONTAINER))
    for name in ("cpu", "memory_mb", "governor", "cpu_max_mhz"):
        assert found[name] is None
    assert found["accelerators"] == []


def test_the_host_name_is_not_told(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "annas-kitchen")
    monkeypatch.setattr(platform, "node", lambda: "annas-kitchen")
    assert "annas-kitchen" not in json.dumps(describe_machine())
