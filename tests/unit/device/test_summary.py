"""The closing summary: one fact a line, over all cameras of a run."""

import io
import threading
from threading import Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge_emotion_device import summary as summary_module
from edge_emotion_device.sinks import Sink
from edge_emotion_device.summary import StageTimes, Summary


class Analyzer:
    ran_on = ("keypoints on cpu", "emotion on cpu")


class Camera:
    name, trouble, dropped, reopened = "demo", "", 3, 2


class Pace:
    lowered, temperature_c, hottest_c, limit_fps = 1, 60.0, 71.4, None


def reading(label: str | None) -> Any:
    return SimpleNamespace(label=label, ms={"keypoints": 0.2, "emotion": 0.1})


class MqttSink(Sink):
    failures = 3


@pytest.fixture
def printed(monkeypatch):
    now_s = 0.0
    monkeypatch.setattr(summary_module, "monotonic", lambda: now_s)
    summary = Summary()
    for _ in range(2):  # settings were read again in between
        summary.begin(Analyzer(), Camera(), Pace())
        for _ in range(50):
            summary.add([], 10.0, read_s=0.001, analyze_s=0.002, write_ms=0.3)
        now_s += 10
        summary.end()
    stream = io.StringIO()
    summary.print(stream)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(("read_in", "told"), [(0, True), (1, False)])
def test_faces_that_were_found_and_never_read_are_told(read_in: int, told: bool):
    summary, times = Summary(), {"read_s": 0.001, "analyze_s": 0.002, "write_ms": 0.3}
    for suspected, readings in ((0, []), (2, []), (1, []), (1, [reading("Happy")] * read_in)):
        summary.add(readings, 10.0, **times, suspected=suspected)
    stream = io.StringIO()
    summary.print(stream)
    line = f"refused    in {3 - read_in} frames a face was found, but its points were not steady"
    assert (line in stream.getvalue()) == told


def test_frames_drops_and_losses_add_up(printed):
    assert "frames     100 read, 6 dropped, 0 with a face" in printed
    assert "rate       5.0 frames/s over 20.0 s" in printed
    assert "camera     reopened 4 times" in printed
    assert "throttled  2 times the rate was lowered" in printed
    assert "board      71 °C at most" in printed
    assert "ran on     keypoints on cpu" in printed


def test_stages_that_ran_have_their_times(printed):
    stages = {line.split()[0]: line.split()[2] for line in printed if "p50" in line}
    assert stages == {"read": "1.00", "detect": "10.00", "analyze": "2.00", "write": "0.30"}


def test_percentiles_are_of_the_latest_times_and_memory_is_bounded():
    times = StageTimes()
    assert times.stage() is None
    for duration_ms in (*(20_000 * [100.0]), *(10_000 * [1.0])):
        times.add(duration_ms)
    stage = times.stage()
    assert stage.percentiles_ms == (1.0, 1.0)
    assert (stage.latest_ms.size, sum(stage.counts)) == (10_000, 30_000)


def test_who_listens_pays_for_no_percentiles_unless_they_are_asked_for(monkeypatch):
    summary = Summary()
    summary.add([], 10.0, read_s=0.001, analyze_s=0.002, write_ms=0.3)
    monkeypatch.setattr(np, "percentile", None)
    stages = summary.vitals().stages
    monkeypatch.undo()
    assert stages["detect"].percentiles_ms == (10.0, 10.0)


def test_no_count_runs_backwards_when_settings_are_read_again():
    summary = Summary()
    seen: list[Any] = []
    asking = Thread(target=lambda: seen.append(summary.vitals()))

    class Asked(Camera):
        @property
        def reopened(self) -> int:  # the sum of the dropped ones is made by now
            if threading.current_thread() is not asking and not asking.is_alive():
                asking.start()
                asking.join(0.2)
            return 2

    summary.begin(Analyzer(), Asked(), Pace())
    summary.end()
    asking.join(60)
    assert (seen[0].dropped, seen[0].reopened, seen[0].lowered) == (3, 2, 1)
    assert summary.vitals().dropped == 3


def test_the_failures_of_two_sinks_of_a_kind_add_up():
    summary = Summary()
    summary.sinks = [MqttSink(), MqttSink()]
    assert summary.vitals().failures == {"mqtt": 6}


def test_the_vitals_count_faces_labels_and_what_sinks_could_not_hand_on():
    summary = Summary()
    summary.sinks = [MqttSink()]
    for labels in (["Happy", None], ["Happy"], []):
        summary.add(list(map(reading, labels)), 0.0, read_s=0.001, analyze_s=0.002, write_ms=0.3)
    assert summary.vitals().faces == 0
    summary.add([reading("Sad")], 0.0, read_s=0.001, analyze_s=0.002, write_ms=0.3)
    vitals = summary.vitals()
    assert (vitals.faces, vitals.with_face, vitals.readings) == (1, 3, 4)
    assert {label: count for label, count in vitals.labels.items() if count} == {
        "Happy": 2, "Sad": 1, None: 1,
    }  # fmt: skip
    assert vitals.failures == {"mqtt": 3}
    assert sum(vitals.stages["read"].counts) == 4
