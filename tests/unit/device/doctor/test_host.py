"""Board, system, heat, power and room of machines that are well and of some that are not."""

import shutil
import struct

import pytest

from edge_emotion_device.doctor import host
from helpers.boards import CONTAINER, PI_4, PI_5_STARVED, PI_ZERO_2_W, build, vcgencmd

LOOKS = {
    "board": host.look_at_board,
    "system": host.look_at_system,
    "temperature": host.look_at_temperature,
    "throttling": host.look_at_throttling,
    "memory": host.look_at_memory,
    "disk": host.look_at_disk,
}


def look(root):
    return {name: look_at(root) for name, look_at in LOOKS.items()}


def test_a_healthy_pi_4(tmp_path):
    found = look(vcgencmd(build(tmp_path, PI_4), "0x0"))

    assert {one.status for one in found.values()} == {"ok"}
    assert not any(one.remedy for one in found.values())
    assert found["board"].found == "Raspberry Pi 4 Model B Rev 1.4, 600 of 1800 MHz"
    assert found["system"].found.startswith(
        "Debian GNU/Linux 12 (bookworm), Linux 6.12.25+rpt-rpi-v8"
    )
    assert found["temperature"].found == "48 °C"
    assert found["throttling"].found == "none since the start"
    assert found["memory"].found == "3277 MB free of 3977"


def test_a_hot_pi_5_on_a_weak_power_supply(tmp_path):
    found = look(vcgencmd(build(tmp_path, PI_5_STARVED), "0xd0005"))

    assert found["temperature"].status == found["throttling"].status == "warn"
    assert found["temperature"].found == "83 °C, a Raspberry Pi slows down from 80 °C on"
    assert "heat sink" in found["temperature"].remedy
    assert found["throttling"].found == (
        "now: under-voltage, throttled; "
        "since the start: under-voltage, throttled, soft temperature limit"
    )
    assert "power supply" in found["throttling"].remedy


def test_heat_alone_asks_for_air_not_for_another_power_supply(tmp_path):
    found = host.look_at_throttling(vcgencmd(build(tmp_path, PI_4), "0xe0008"))
    assert found.status == "warn"
    assert "heat sink" in found.remedy and "power" not in found.remedy


def test_a_pi_zero_2_w_with_little_memory(tmp_path):
    found = host.look_at_memory(build(tmp_path, PI_ZERO_2_W))
    assert (found.status, found.found) == ("warn", "95 MB free of 437")
    assert "150 MB" in found.remedy


def test_32_bit_programs_cannot_run_this(tmp_path, monkeypatch):
    monkeypatch.setattr(struct, "calcsize", lambda format_: 4)
    found = host.look_at_system(build(tmp_path, PI_4))
    assert found.status == "fail"
    assert found.found.endswith("32-bit programs")
    assert "64-bit system" in found.remedy


def test_a_full_disk(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=20_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    found = host.look_at_disk(tmp_path)
    assert (found.status, found.found) == ("warn", "0.0 GB free here")
    assert "--save" in found.remedy


@pytest.mark.parametrize("name", LOOKS)
def test_a_container_that_tells_nothing_is_no_trouble(tmp_path, name):
    assert LOOKS[name](build(tmp_path, CONTAINER)).status == "ok"
