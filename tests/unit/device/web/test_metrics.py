"""What Prometheus is told of a run, read by its own parsers."""

import shutil
import subprocess
from typing import Any

import pytest

from edge_emotion_device.vitals import STAGE_BOUNDS_MS
from helpers.vitals import vitals

pytest.importorskip("prometheus_client")

from prometheus_client.parser import text_string_to_metric_families

from edge_emotion_device.web.metrics import exposition


def samples(**changed: Any) -> dict[tuple[str, ...], float]:
    """Each sample's value by its name and the values of its labels."""
    body, _ = exposition(vitals(**changed))
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (("frames_total",), 120),
        (("frames_dropped_total",), 3),
        (("frames_with_face_total",), 100),
        (("readings_total",), 130),
        (("faces",), 2),
        (("frames_per_second",), 14.5),
        (("temperature_celsius",), 61.5),
        (("camera_up",), 1),
        (("camera_reopened_total",), 1),
        (("rate_lowered_total",), 2),
        (("network_info", "cpu", "keypoints"), 1),
        (("network_info", "external:/a/b.so,x=1", "emotion"), 1),
        (("readings_by_label_total", "Happy"), 100),
        (("readings_by_label_total", "Sad"), 0),
        (("readings_by_label_total", "undecided"), 30),
        (("sink_failures_total", "mqtt"), 7),
        (("sink_failures_total", "readings"), 0),
        (("stage_seconds_count", "detect"), 7),
        (("stage_seconds_sum", "detect"), 4.3),
    ],
)
def test_each_figure_has_its_sample(sample, expected):
    name, *labels = sample
    assert samples()[(f"edge_emotion_{name}", *labels)] == expected


def test_stage_times_are_a_cumulative_histogram_in_seconds():
    buckets = {
        float(sample[1]): value
        for sample, value in samples().items()
        if sample[0] == "edge_emotion_stage_seconds_bucket"
    }
    assert list(buckets) == [*(ms / 1000 for ms in STAGE_BOUNDS_MS), float("inf")]
    assert list(buckets.values()) == [1, 1, *(10 * [3]), 7]


@pytest.mark.parametrize(
    "changed", [{"since_frame_s": None}, {"since_frame_s": 60.0}, {"trouble": "lost"}]
)
def test_a_camera_that_gives_no_frames_is_down(changed):
    assert samples(**changed)[("edge_emotion_camera_up",)] == 0


def test_where_there_is_no_sensor_there_is_no_temperature():
    assert ("edge_emotion_temperature_celsius",) not in samples(temperature_c=None)


def test_the_process_is_measured_too_and_runs_do_not_share_anything():
    first, second = samples(), samples(failures={})
    assert first[("process_resident_memory_bytes",)] > 1e6
    assert ("edge_emotion_sink_failures_total", "mqtt") not in second


def test_a_run_that_has_just_begun_can_be_asked():
    fresh = samples(stages={}, ran_on=(), labels={}, failures={}, camera="", frames=0)
    assert fresh[("edge_emotion_frames_total",)] == 0


def test_prometheus_own_tool_finds_nothing_to_complain_of():
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool: sudo apt install prometheus")
    body, kind = exposition(vitals())
    done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert kind.startswith("text/plain; version=")
