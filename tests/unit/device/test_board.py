"""What boards tell of themselves in sysfs, procfs and by their firmware."""

import platform
import struct

import pytest

from edge_emotion_device import board
from edge_emotion_device.board import Throttling, read_board, read_temperature_c, read_throttling
from helpers.boards import CONTAINER, PC, PI_4, PI_ZERO_2_W, build, program, vcgencmd

SOFT_FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
PI_5_FIRMWARE = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"


def test_a_pi_4(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    found = read_board(build(tmp_path, PI_4), folder=tmp_path)

    assert found.model == "Raspberry Pi 4 Model B Rev 1.4"
    assert found.system == "Debian GNU/Linux 12 (bookworm)"
    assert found.codename == "bookworm"
    assert found.kernel == "6.12.25+rpt-rpi-v8"
    assert (found.machine, found.userland_bits) == ("aarch64", 64)
    assert (found.cpu_mhz, found.cpu_max_mhz) == (600, 1800)
    assert (round(found.memory_mb), round(found.memory_free_mb)) == (3977, 3277)
    assert found.disk_free_mb > 0


def test_32_bit_programs_on_a_64_bit_kernel(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(struct, "calcsize", lambda format_: 4)
    found = read_board(build(tmp_path, PI_4))
    assert (found.machine, found.userland_bits) == ("aarch64", 32)


def test_a_pc_by_its_maker_and_without_that_by_its_cpu(tmp_path):
    assert read_board(build(tmp_path, PC)).model == "LENOVO 20XWCTO1WW"
    for name in ("sys_vendor", "product_name"):
        (tmp_path / "sys/class/dmi/id" / name).unlink()
    assert read_board(tmp_path).model == "Some CPU"


def test_a_container_tells_little(tmp_path):
    found = read_board(build(tmp_path, CONTAINER))

    assert (found.model, found.system, found.codename) == ("", "", "")
    assert found.kernel == platform.release()
    assert found.memory_mb is found.cpu_mhz is found.cpu_max_mhz is None
    assert read_temperature_c(tmp_path) is None
    assert read_throttling(tmp_path) is None


@pytest.mark.parametrize(
    ("files", "temperature_c"),
    [
        (PI_4, 48.212),
        (PI_ZERO_2_W, 51.0),
        (PC, 61.0),  # the CPU's, though the mainboard's comes first
        (PC | {"sys/class/thermal/thermal_zone7/temp": "nothing"}, 27.8),
        (PC | {"sys/class/thermal/thermal_zone7/temp/is/a/folder": ""}, 27.8),
    ],
)
def test_temperature(tmp_path, files, temperature_c):
    folder = "sys/class/thermal/thermal_zone7/temp"
    if f"{folder}/is/a/folder" in files:  # as a sensor that is asleep: it cannot be read
        files = {name: text for name, text in files.items() if name != folder}
    assert read_temperature_c(build(tmp_path, files)) == pytest.approx(temperature_c)


@pytest.mark.parametrize(
    ("flags", "now", "since_boot"),
    [
        (0x0, (), ()),
        (0x1, ("under-voltage",), ()),
        (0x50000, (), ("under-voltage", "throttled")),
        (0x50005, ("under-voltage", "throttled"), ("under-voltage", "throttled")),
        (0xE0008, ("soft temperature limit",), ("frequency capped", "throttled",
                                                "soft temperature limit")),
        (0x20002, ("frequency capped",), ("frequency capped",)),
    ],
)  # fmt: skip
def test_the_bits_are_those_of_raspberry_pis_documentation(flags, now, since_boot):
    found = Throttling(flags)
    assert (found.now, found.since_boot) == (now, since_boot)


def test_vcgencmd_is_asked_before_the_kernel_which_knows_less(tmp_path):
    build(tmp_path, {SOFT_FIRMWARE: "0\n"})
    assert read_throttling(vcgencmd(tmp_path, "0x50000")) == Throttling(0x50000)


@pytest.mark.parametrize("file", [SOFT_FIRMWARE, PI_5_FIRMWARE])
@pytest.mark.parametrize(
    "script",
    [
        None,
        'echo "Can\'t open device file: /dev/vcio" >&2; exit 255',
        "echo 'error=1 error_msg=\"Command not registered\"'",
    ],
)
def test_the_kernels_file_where_vcgencmd_does_not_answer(tmp_path, file, script):
    build(tmp_path, {file: "50005\n"})  # without 0x there
    if script:
        program(tmp_path, "usr/bin/vcgencmd", script)
    assert read_throttling(tmp_path) == Throttling(0x50005)


@pytest.mark.parametrize(("alarm", "flags"), [("1", 1), ("0", 0)])
def test_other_kernels_know_of_the_voltage_only(tmp_path, alarm, flags):
    build(
        tmp_path,
        {
            "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
            "sys/class/hwmon/hwmon2/name": "rpi_volt\n",
            "sys/class/hwmon/hwmon2/in0_lcrit_alarm": f"{alarm}\n",
        },
    )
    assert read_throttling(tmp_path) == Throttling(flags)


def test_a_vcgencmd_that_hangs_or_is_no_program_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(board, "_VCGENCMD_TIMEOUT_S", 0.1)
    hangs = program(tmp_path, "usr/bin/vcgencmd", "exec sleep 60")
    assert read_throttling(tmp_path) is None
    hangs.write_bytes(b"\x7fELF of another machine")
    assert read_throttling(tmp_path) is None
