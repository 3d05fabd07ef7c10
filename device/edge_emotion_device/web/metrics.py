"""A run's vitals in Prometheus' exposition format, with those of the process."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from edge_emotion_device.vitals import STAGE_BOUNDS_MS, Vitals
from edge_emotion_device.web.facts import failing

_BOUNDS_S = [*(f"{bound_ms / 1000:g}" for bound_ms in STAGE_BOUNDS_MS), "+Inf"]


def exposition(vitals: Vitals) -> tuple[bytes, str]:
    """What GET /metrics answers: the body and its content type.

    Names and units follow https://prometheus.io/docs/practices/naming/.
    """
    registry = CollectorRegistry()  # of its own: the default one would outlive the run
    registry.register(_OfRun(vitals))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _OfRun(Collector):
    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        yield from _counters(self._vitals)
        yield from _gauges(self._vitals)
        yield _stages(self._vitals)
        yield _networks(self._vitals)


def _counters(vitals: Vitals) -> Iterator[Metric]:
    for name, text, value in (
        ("frames", "Frames read.", vitals.frames),
        ("frames_dropped", "Frames that a newer one replaced unread.", vitals.dropped),
        ("frames_with_face", "Frames with at least one face.", vitals.with_face),
        ("readings", "Readings, one a face and frame.", vitals.readings),
        ("camera_reopened", "Times the camera was lost and came back.", vitals.reopened),
        ("rate_lowered", "Times heat or power lowered the rate.", vitals.lowered),
    ):
        yield CounterMetricFamily(f"edge_emotion_{name}", text, value=value)
    labels = CounterMetricFamily(
        "edge_emotion_readings_by_label", "Readings by the emotion decided.", labels=["label"]
    )
    for label, count in vitals.labels.items():
        labels.add_metric([label or "undecided"], count)
    failures = CounterMetricFamily(
        "edge_emotion_sink_failures", "Failures that did not end the run.", labels=["sink"]
    )
    for sink, count in vitals.failures.items():
        failures.add_metric([sink], count)
    yield from (labels, failures)


def _gauges(vitals: Vitals) -> Iterator[Metric]:
    for name, text, value in (
        ("faces", "Faces read in the last frame.", vitals.faces),
        ("frames_per_second", "Frames read a second, lately.", vitals.fps),
        ("camera_up", "Whether the camera gives frames.", float(not failing(vitals))),
        ("temperature_celsius", "Of the CPU.", vitals.temperature_c),
    ):
        if value is not None:
            yield GaugeMetricFamily(f"edge_emotion_{name}", text, value=value)


def _stages(vitals: Vitals) -> Metric:
    family = HistogramMetricFamily(
        "edge_emotion_stage_seconds", "Durations of the stages of the frame path.", labels=["stage"]
    )
    for name, stage in vitals.stages.items():
        buckets = list(zip(_BOUNDS_S, accumulate(stage.counts), strict=True))
        family.add_metric([name], buckets, sum_value=stage.sum_ms / 1000)
    return family


def _networks(vitals: Vitals) -> Metric:
    family = InfoMetricFamily("edge_emotion_network", "What runs each network.")
    for line in vitals.ran_on:  # keypoints on cpu, 23 operators
        network, _, place = line.partition(" on ")
        family.add_metric([], {"network": network, "delegate": place.partition(", ")[0]})
    return family
