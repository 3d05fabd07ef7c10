"""What else the machine did, as its files show it."""

import os
from dataclasses import replace

import pytest

from edge_emotion_device.benchmark.conditions import Moment, describe_conditions, look
from edge_emotion_device.board import Throttling
from helpers.boards import CONTAINER, PI_4, build, vcgencmd

TICK = os.sysconf("SC_CLK_TCK")
QUIET = Moment(0.2, 50.0, Throttling(0), (1000, 0, 100, 5000, 10, 0, 5, 0), own_s=10.0)
# Ten seconds on four cores; this process has used all of one.
LATER = replace(QUIET, ticks=(1000 + 10 * TICK, 0, 100, 5000 + 30 * TICK, 10, 0, 5, 0), own_s=20.0)


def conditions(before=QUIET, after=LATER, cores=4, governor="performance", noises=(0.01, 0.02)):
    return describe_conditions(before, after, cores, governor, noises)


def test_a_quiet_machine_is_warned_of_nothing():
    found = conditions()
    assert found["warnings"] == []
    assert (found["steal_share"], found["others_share"]) == (0, 0)
    assert (found["load"], found["temperature_c"], found["throttled"]) == ([0.2, 0.2], [50, 50], [])
    assert found["noise"] == 0.02


def ticks(**more):
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    pairs = zip(names, LATER.ticks, strict=True)
    return tuple(count + round(more.get(name, 0) * TICK) for name, count in pairs)


@pytest.mark.parametrize(
    ("before", "after", "others", "warning"),
    [
        ({"load": 1.3}, {}, {}, "busy before it began: load 1.30 on 4 cores"),
        ({}, {"ticks": ticks(user=20)}, {}, "other programs took 33% of the CPU"),
        ({}, {"ticks": ticks(nice=20)}, {}, "other programs took 33% of the CPU"),
        ({}, {"ticks": ticks(steal=4)}, {}, "took 9% of the CPU (steal)"),
        ({}, {"throttling": Throttling(0x50005)}, {}, "slowed itself down: throttled, under-v"),
        ({"throttling": Throttling(0x2)}, {}, {}, "slowed itself down: frequency capped"),
        ({}, {"temperature_c": 84.6}, {}, "the CPU was hot: 85 °C"),
        ({}, {}, {"noises": (0.2, 0.01, 0.08)}, "the rounds were 8% apart"),
        ({}, {}, {"governor": "ondemand"}, "the CPU's governor is ondemand"),
    ],
)
def test_a_warning_of_what_disturbs(before, after, others, warning):
    found = conditions(replace(QUIET, **before), replace(LATER, **after), **others)
    (told,) = found["warnings"]
    assert warning in told


def test_what_happened_before_the_start_is_not_counted():
    """The upper bits tell of any time since the start."""
    long_ago = Throttling(0x50000)
    found = conditions(replace(QUIET, throttling=long_ago), replace(LATER, throttling=long_ago))
    assert found["throttled"] == [] and found["warnings"] == []


def test_idle_and_iowait_are_nobodys():
    found = conditions(after=replace(LATER, ticks=ticks(idle=20, iowait=20)))
    assert found["others_share"] == 0


def test_what_a_machine_does_not_tell_is_none(tmp_path):
    moment = look(build(tmp_path, CONTAINER))
    assert (moment.temperature_c, moment.throttling, moment.ticks) == (None, None, ())
    found = conditions(moment, moment, governor=None, noises=())
    for name in ("temperature_c", "throttled", "steal_share", "others_share", "noise"):
        assert found[name] is None


def test_a_pi_4_at_one_moment(tmp_path):
    stat = "cpu  10 1 5 100 2 0 3 4 9 9\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
    build(tmp_path, PI_4, {"proc/stat": stat, "proc/loadavg": "0.52 0.4 0.3 2/345 6789\n"})
    moment = look(vcgencmd(tmp_path, "0x50000"))
    assert (moment.load, moment.temperature_c) == (0.52, 48.212)
    assert moment.ticks == (10, 1, 5, 100, 2, 0, 3, 4)
    assert moment.throttling == Throttling(0x50000)
    assert moment.own_s > 0


@pytest.mark.parametrize("stat", ["cpu  10 1 5 100", "nothing", "cpu0 1 2 3 4 5 6 7 8"])
def test_an_unusual_proc_stat_tells_nothing(tmp_path, stat):
    assert look(build(tmp_path, {"proc/stat": stat})).ticks == ()
