"""What the machine draws, where something measures it.

A Raspberry Pi 5's power chip sees its rails but for the losses before them and what hangs on USB;
an INA219, INA226 or INA3221 sees what runs through it, such as a board's whole supply; RAPL sees
the processor's package, and root alone may read it.
"""

import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from edge_emotion_device.benchmark.networks import Contender, Runner, Say, failing
from edge_emotion_device.benchmark.rounds import rounded, undisturbed
from edge_emotion_device.board import ROOT, ask_vcgencmd, read_number, read_text

_SECONDS = 2.0
_SLICE_S = 0.1


class Sensor(Protocol):
    """Something that measures power.

    Attributes:
        name: what it is.
    """

    name: str

    def read_w(self) -> float | None:
        """Watts, now or since the last reading; None where it does not tell."""


class Pmic:
    """The power chip of a Raspberry Pi 5: the sum over its rails of current times voltage."""

    name = "Raspberry Pi 5 PMIC (vcgencmd pmic_read_adc)"

    def __init__(self, root: Path) -> None:
        self._root = root

    def read_w(self) -> float | None:
        """Watts now; None on other boards."""
        told = ask_vcgencmd(self._root, "pmic_read_adc")
        found: dict[str, dict[str, float]] = {"A": {}, "V": {}}  # `VDD_CORE_A current(7)=1.25A`
        for rail, unit, value in re.findall(r"(\w+)_([AV])\b[^=\n]*=\s*([\d.]+)", told):
            found[unit][rail] = float(value)
        rails = found["A"].keys() & found["V"].keys()
        return sum(found["A"][rail] * found["V"][rail] for rail in rails) if rails else None


class Ina:
    """A current sensor of Texas Instruments with a driver of Linux's hwmon."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = f"{read_text(folder / 'name')} (hwmon)"

    def read_w(self) -> float | None:
        """Watts now, of all its channels; power in µW, current in mA, voltage in mV."""
        powers = [read_number(file) for file in sorted(self._folder.glob("power*_input"))]
        if not powers:  # the INA3221 leaves the product to the reader: its channels are the first
            # three; curr4 is their sum, in4 and on are shunts (docs.kernel.org/hwmon/ina3221.html)
            for file in sorted(self._folder.glob("curr[123]_input")):
                current, volts = read_number(file), read_number(self._folder / f"in{file.name[4:]}")
                powers.append(None if current is None or volts is None else current * volts)
        told = [power for power in powers if power is not None]
        return sum(told) / 1e6 if told else None


class Rapl:
    """The energy counters of x86 packages (Linux's power capping framework)."""

    name = "RAPL, the processor's packages"

    def __init__(self, zones: Sequence[Path]) -> None:
        self._zones = zones
        self._last: tuple[float, list[float | None]] = self._read()

    def read_w(self) -> float | None:
        """Watts since the last reading."""
        (then, before), self._last = self._last, self._read()
        now, after = self._last
        total = 0.0
        for zone, first, last in zip(self._zones, before, after, strict=True):
            if first is None or last is None:
                return None
            round_trip = read_number(zone / "max_energy_range_uj") or 0.0
            total += last - first + (round_trip if last < first else 0.0)
        return total / 1e6 / max(now - then, 1e-9)

    def _read(self) -> tuple[float, list[float | None]]:
        return time.monotonic(), [read_number(zone / "energy_uj") for zone in self._zones]


def find_sensor(root: Path = ROOT) -> Sensor | None:
    """The sensor that sees most of the machine; None where none tells anything."""
    hwmon = sorted(root.glob("sys/class/hwmon/hwmon*"))
    zones = sorted(root.glob("sys/class/powercap/intel-rapl:*"))
    packages = [zone for zone in zones if re.fullmatch(r"intel-rapl:\d+", zone.name)]
    sensors: list[Sensor] = [
        *(Ina(folder) for folder in hwmon if read_text(folder / "name").startswith("ina")),
        Pmic(root),
        *([Rapl(packages)] if packages else []),
    ]
    return next((sensor for sensor in sensors if sensor.read_w() is not None), None)


def measure_energy(
    sensor: Sensor, contenders: Sequence[Contender], say: Say
) -> dict[str, Any] | None:
    """Two seconds of nothing, then of each contender: mean power, and energy a run.

    Returns:
        As in the benchmark file; None where the sensor stopped telling.
    """
    say("measuring power: idle")
    idle_w, _ = _mean_w(sensor, _rest)
    if idle_w is None:
        return None
    rows: list[dict[str, Any]] = []
    for contender in contenders:
        say(f"measuring power: {contender.subject.path.name}")
        row = contender.as_dict()
        with failing(row), undisturbed():
            mean_w, runs_s = _mean_w(sensor, partial(_work, Runner(contender)))
            if mean_w is not None:
                above_w = max(0.0, mean_w - idle_w)
                row |= {"status": "ok", "mean_w": rounded(mean_w)}
                row |= {"mj_a_run": rounded(1000 * mean_w / runs_s)}
                row |= {"above_idle_mj_a_run": rounded(1000 * above_w / runs_s)}
        rows.append(row)
    return {"sensor": sensor.name, "idle_w": rounded(idle_w), "networks": rows}


def _mean_w(sensor: Sensor, work: Callable[[float], int]) -> tuple[float | None, float]:
    """Mean power over two seconds of work, and how much of it was done in a second."""
    told, done, worked_s = [], 0, 0.0
    sensor.read_w()
    end = time.monotonic() + _SECONDS
    while (start := time.monotonic()) < end:
        done += work(start + _SLICE_S)
        worked_s += time.monotonic() - start
        watts = sensor.read_w()
        if watts is None:
            return None, 0.0
        told.append(watts)
    return sum(told) / len(told), done / worked_s


def _rest(until: float) -> int:
    time.sleep(max(0.0, until - time.monotonic()))
    return 0


def _work(runner: Runner, until: float) -> int:
    runs = 0
    while time.monotonic() < until:
        runner.run(1)
        runs += 1
    return runs
