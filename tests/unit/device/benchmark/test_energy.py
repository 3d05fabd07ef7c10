"""Sensors of power, as files and programs."""

import pytest

from edge_emotion_device.benchmark import energy
from edge_emotion_device.benchmark.energy import find_sensor, measure_energy
from edge_emotion_device.benchmark.networks import Contender
from edge_emotion_device.benchmark.subjects import read_subjects
from helpers.boards import CONTAINER, build, program

HWMON, RAPL = "sys/class/hwmon", "sys/class/powercap/intel-rapl"
# As the Raspberry Pi's firmware prints it: currents first, then voltages, some without the other.
PMIC = """cat << 'END'
    3V7_WL_SW_A current(0)=0.10000000A
   VDD_CORE_A current(7)=2.00000000A
    3V7_WL_SW_V volt(8)=3.70000000V
   VDD_CORE_V volt(15)=0.75000000V
      EXT5V_V volt(24)=5.15000000V
       BATT_V volt(25)=0.00000000V
END"""
INA219 = {
    f"{HWMON}/hwmon3/name": "ina219\n",
    f"{HWMON}/hwmon3/power1_input": "3250000\n",
    f"{HWMON}/hwmon3/curr1_input": "650\n",
}
INA3221 = {
    f"{HWMON}/hwmon2/name": "ina3221\n",
    f"{HWMON}/hwmon2/in1_input": "5000\n",
    f"{HWMON}/hwmon2/curr1_input": "400\n",
    f"{HWMON}/hwmon2/in2_input": "3300\n",
    f"{HWMON}/hwmon2/curr2_input": "100\n",
    f"{HWMON}/hwmon2/in3_input": "1000\n",  # nothing runs through this one
    f"{HWMON}/hwmon2/curr4_input": "500\n",  # the sum of the currents
    f"{HWMON}/hwmon2/in4_input": "40\n",  # the first channel's shunt, in µV
}
GRAPHICS = {f"{HWMON}/hwmon1/name": "amdgpu\n", f"{HWMON}/hwmon1/power1_input": "9000000\n"}


@pytest.mark.parametrize(
    ("files", "name", "watts"),
    [
        (INA219, "ina219", 3.25),
        (INA3221, "ina3221", 0.4 * 5 + 0.1 * 3.3),
        (INA219 | GRAPHICS, "ina219", 3.25),
    ],
)
def test_a_current_sensor(tmp_path, files, name, watts):
    sensor = find_sensor(build(tmp_path, files))
    assert name in sensor.name and sensor.read_w() == pytest.approx(watts)


def test_the_power_chip_of_a_pi_5(tmp_path):
    program(tmp_path, "usr/bin/vcgencmd", PMIC)
    sensor = find_sensor(tmp_path)
    assert "PMIC" in sensor.name
    assert sensor.read_w() == pytest.approx(0.1 * 3.7 + 2.0 * 0.75)


@pytest.mark.parametrize(
    "answer",
    [
        "echo 'error=1 error_msg=\"Command not registered\"'",
        'echo "Can\'t open device file: /dev/vcio" >&2; exit 255',
        "exit 0",
    ],
)
def test_other_boards_have_none(tmp_path, answer):
    program(tmp_path, "usr/bin/vcgencmd", answer)
    assert find_sensor(tmp_path) is None


def rapl(root, counts_uj):
    files = {f"{RAPL}:{zone}/energy_uj": f"{count}\n" for zone, count in enumerate(counts_uj)}
    files |= {f"{RAPL}:{zone}/max_energy_range_uj": "1000000000\n" for zone in range(2)}
    return build(root, files, {f"{RAPL}:0:0/energy_uj": f"{counts_uj[0]}\n"})  # part of the first


@pytest.mark.parametrize(
    ("before_uj", "after_uj", "watts"),
    [
        ((100, 200), (30_000_100, 10_000_200), 20),
        ((999_000_000, 0), (1_000_000, 0), 1),  # the counter has come round
    ],
)
def test_rapl_counts_energy(tmp_path, monkeypatch, before_uj, after_uj, watts):
    clock = iter((0.0, 0.0, 1.0, 3.0))
    monkeypatch.setattr(energy.time, "monotonic", lambda: next(clock))
    sensor = find_sensor(rapl(tmp_path, before_uj))
    sensor.read_w()
    rapl(tmp_path, after_uj)
    assert sensor.read_w() == pytest.approx(watts)


@pytest.mark.parametrize(
    "files",
    [
        CONTAINER,
        GRAPHICS,
        {f"{HWMON}/hwmon3/name": "ina219\n"},
        {f"{RAPL}:0/energy_uj": "", f"{RAPL}:0/max_energy_range_uj": "9"},  # not for this user
    ],
)
def test_nothing_that_measures(tmp_path, files):
    assert find_sensor(build(tmp_path, files)) is None


class Meter:
    """Tells 2 W at first, and then 5."""

    name = "a meter"

    def __init__(self, readings):
        self._readings = readings

    def read_w(self):
        return next(self._readings)


@pytest.fixture
def contender(monkeypatch):
    monkeypatch.setattr(energy, "_SECONDS", 0.02)
    monkeypatch.setattr(energy, "_SLICE_S", 0.02)
    (subject,) = read_subjects(["emotion"])
    return Contender(subject, "cpu", 1)


def test_energy_a_run_is_power_over_speed(contender):
    readings = iter([2.0, 2.0] + [5.0] * 99)  # one before and one in each slice
    found = measure_energy(Meter(readings), [contender], lambda text: None)
    (row,) = found["networks"]
    assert (found["sensor"], found["idle_w"], row["mean_w"]) == ("a meter", 2, 5)
    assert row["above_idle_mj_a_run"] == pytest.approx(row["mj_a_run"] * 3 / 5, rel=1e-3)
    assert row["mj_a_run"] > 0


def test_a_sensor_that_falls_silent_measures_nothing(contender):
    silent = iter([2.0] + [None] * 99)
    assert measure_energy(Meter(silent), [contender], lambda text: None) is None
