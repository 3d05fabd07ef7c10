"""What the files hold, each kind as its own record, made by `parsing`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_emotion_report import wording

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Source:
    """A file that figures come from.

    Attributes:
        file: as it was named.
        kind: benchmark, conversion, evaluation, layers or detectors.
        command: that made it, as it tells or as its kind implies.
        made: when, as it tells; may be empty.
        version: of the toolkit that made it; may be empty.
    """

    file: Path
    kind: str
    command: str
    made: str
    version: str


@dataclass(frozen=True)
class Score:
    """How right a model is on one set of rows.

    Attributes:
        rows_of: the rows, in words.
        rows: how many.
        value: the task's main figure, a fraction or an RMSE in px of the 96 px face.
        interval: 95 %, in the same unit; None where it was not measured.
        source: the file that has it.
        beside: the task's second figure, where it has one (see `tasks.Facts`).
    """

    rows_of: str
    rows: int
    value: float
    interval: Interval
    source: Source
    beside: float | None = None


@dataclass(frozen=True)
class Change:
    """What a format loses by one measure against its own float network, on the same rows.

    Attributes:
        measure: accuracy, recall.Disgust, rmse_px, point_error_px.nose_tip, ...
        unit: points (percentage points) or px.
        drop: above 0 if it became worse; None if not measured.
        interval: of `drop`, 95 %, paired.
    """

    measure: str
    unit: str
    drop: float | None
    interval: Interval


@dataclass(frozen=True)
class Network:
    """A model as one file tells of it.

    Attributes:
        id: within that file.
        sha256: of the model's file; empty if not told.
        flatbuffer_sha256: of the network in it, without what is told about it behind; empty if not
            told.
        task, name, file, format: one of `tasks.TASKS`; the run's or the peer's name; the file's
            name; int8, float32, ..., "int8, Edge TPU" where it is compiled.
        size_bytes: of the file.
        peer: whether it is somebody else's.
        macs: multiply-accumulates a face.
        scores: on whichever rows the file tells of.
        changes: against its float network.
        rejected: whether it did not pass the gate.
        source: the file that tells this.
        adapter: checksum of what a peer's adapter says; empty if not told.
        compiled_from: `flatbuffer_sha256` of what it was compiled from for an Edge TPU; empty if it
            is not compiled, or not told.
    """

    id: str
    sha256: str
    flatbuffer_sha256: str
    task: str
    name: str
    file: str
    format: str
    size_bytes: float | None
    peer: bool
    macs: float | None
    scores: tuple[Score, ...]
    changes: tuple[Change, ...]
    rejected: bool
    source: Source
    adapter: str = ""
    compiled_from: str = ""


@dataclass(frozen=True)
class Device:
    """A machine, and how it was while it measured.

    Attributes:
        name, cpu, cores, architecture: what tells it from others.
        memory, clock: so do these, in words: whole gigabytes, and what the clock can reach; empty
            if not told.
        kernel: of the system; empty if not told.
        facts: further ones by their names, in words.
        warnings: about this measurement.
    """

    name: str
    cpu: str
    cores: str
    architecture: str
    memory: str
    clock: str
    kernel: str
    facts: Mapping[str, str] = field(hash=False)
    warnings: tuple[str, ...] = field(hash=False)

    @property
    def identity(self) -> tuple[str, ...]:
        """Equal where it may be the same machine; in words, the name first."""
        cores = self.cores and f"{self.cores} cores"
        return self.name, self.cpu, cores, self.architecture, self.memory, self.clock


@dataclass(frozen=True)
class Speed:
    """How long something takes on a device.

    Attributes:
        delegate, threads: the setting.
        p50_ms, p90_ms, p99_ms: of a face, or of a frame; None where it failed.
        interval_ms: of p50, 95 %.
        per_s: faces or frames a second.
        error: why it failed; empty if it did not.
        source: the file that has it.
    """

    delegate: str
    threads: int
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    interval_ms: Interval
    per_s: float | None
    error: str
    source: Source


@dataclass(frozen=True)
class Timing(Speed):
    """A network alone; `model` is a `Network.id`, `energy_mj` what a run draws, idling included."""

    model: str
    load_ms: float | None
    first_ms: float | None
    memory_mb: float | None
    energy_mj: float | None


@dataclass(frozen=True)
class FrameTiming(Speed):
    """The networks and the detector on whole frames.

    Attributes:
        emotion, keypoints: `Network.id` of the two.
        detector: `Network.id` of what finds the faces; empty if that is no network of ours.
        size: of the frames in px, in words; may be empty.
        faces: that were read in a frame, the mean; None if not told.
        finder: what finds the faces, by its name; may be empty.
        every: frames from one detection to the next; None if not told.
        stages_ms: mean time of a frame spent in each stage.
    """

    emotion: str
    keypoints: str
    detector: str
    size: str
    faces: float | None
    finder: str
    every: int | None
    stages_ms: Mapping[str, float] = field(hash=False)

    @property
    def networks(self) -> dict[str, str]:
        """What takes part, by its task."""
        detector = {"detector": self.detector} if self.detector else {}
        return {"emotion": self.emotion, "keypoints": self.keypoints, **detector}

    @property
    def what(self) -> str:
        """`640×480, 1 face, haar every 10th frame`."""
        finding = [self.finder, "" if self.every is None else wording.every(self.every, "frame")]
        faces = "" if self.faces is None else wording.faces(self.faces)
        return ", ".join(filter(None, (self.size, faces, " ".join(filter(None, finding)))))


@dataclass(frozen=True)
class TimedLayer:
    """One operator of a graph, on one thread of a device's CPU.

    Attributes:
        number: its place in the graph, from 1.
        operator, output: its kind and the shape it answers, in words.
        macs: multiply-accumulates of a face; None if not told.
        moved_bytes: that it reads, weights included, and writes; None if not told.
        us: microseconds; what is below 0 is noise.
        us_interval: half of the rounds lay between these.
    """

    number: int
    operator: str
    output: str
    macs: float | None
    moved_bytes: float | None
    us: float
    us_interval: Interval


@dataclass(frozen=True)
class Roofline:
    """A network's layers in the order of its graph, beside what the device can do at best.

    Attributes:
        model: a `Network.id`.
        peak_macs_per_s: int8 multiply-accumulates a second, by one thread.
        memory_bytes_per_s: read and written when memory is copied; None if not measured.
        layers: empty if they could not be timed.
        error: why not; empty if they could.
        source: the file that has it.
    """

    model: str
    peak_macs_per_s: float
    memory_bytes_per_s: float | None
    layers: tuple[TimedLayer, ...]
    error: str
    source: Source


@dataclass(frozen=True)
class Benchmark:
    """One file of `edge-emotion benchmark`."""

    source: Source
    device: Device
    networks: tuple[Network, ...]
    timings: tuple[Timing, ...]
    frames: tuple[FrameTiming, ...]
    rooflines: tuple[Roofline, ...]


@dataclass(frozen=True)
class Contender:
    """A face detector as a program calls it, from a photograph in memory to boxes.

    Attributes:
        name, peer: what it is called, and whether it is somebody else's.
        precision: its average precision; None if it does not say how sure it is.
        recall: with at most 0.15 false boxes a photograph; None if not told.
        recall_as_used, false_boxes_as_used: with the least score that it is used with, the latter
            a photograph; None if not told.
        p50_ms, p90_ms: of a photograph, on one thread; None if not timed.
        interval_ms: of p50, 95 %.
    """

    name: str
    peer: bool
    precision: Score | None
    recall: Score | None
    recall_as_used: float | None
    false_boxes_as_used: float | None
    p50_ms: float | None
    interval_ms: Interval
    p90_ms: float | None


@dataclass(frozen=True)
class Contest:
    """Face detectors side by side, one file of benchmarks/detectors.py.

    Attributes:
        source: the file.
        machine: on which they were timed.
        rows_of: the photographs, in words.
        contenders: in the order of the file.
        warnings: about the times.
    """

    source: Source
    machine: str
    rows_of: str
    contenders: tuple[Contender, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """What int8 costs in one layer, as `convert --why` tells.

    Attributes:
        name, operator: of the layer.
        share: of the noise that all layers add.
        sqnr_so_far_db, sqnr_db: of what comes out of it, and of its own doing; None if exact.
        error_steps: its own error in steps of its grid.
        channel_ratio: the widest channel's range by the median one's.
    """

    name: str
    operator: str
    share: float
    sqnr_so_far_db: float | None
    sqnr_db: float | None
    error_steps: float | None
    channel_ratio: float | None


@dataclass(frozen=True)
class Explanation:
    """Layers of one network, the dearest first, and the likely cause in a sentence."""

    name: str
    task: str
    measured_on: str
    cause: str
    remedy: str
    layers: tuple[Layer, ...]
    source: Source


Record = Benchmark | Network | Explanation | Contest
