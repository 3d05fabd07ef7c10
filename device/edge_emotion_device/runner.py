"""`edge-emotion run`: from a camera through the analyzer to the sinks, until something ends it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic, perf_counter
from types import FrameType

from edge_emotion.errors import ExitCode
from edge_emotion_device.analyzer import Analyzer
from edge_emotion_device.cameras import Camera, open_camera
from edge_emotion_device.cameras.latest import LatestFrame
from edge_emotion_device.options import RunOptions
from edge_emotion_device.sinks import Sink, open_sinks
from edge_emotion_device.sinks.json_lines import ReaderGone
from edge_emotion_device.summary import Summary


class Stopped(Exception):
    """SIGINT or SIGTERM came while waiting for a frame."""


class StopSignal:
    """Takes SIGINT and SIGTERM so that the frame at hand is written before the run ends.

    Attributes:
        number: the signal that came; 0 before.
        waiting: nothing is at hand, so a signal raises `Stopped` at once.
    """

    def __init__(self) -> None:
        self.number = 0
        self.waiting = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal; a second one of the same kind ends the program at once."""
        self.number = number
        signal.signal(number, signal.default_int_handler)
        if self.waiting:
            raise Stopped

    @contextmanager
    def listening(self) -> Iterator["StopSignal"]:
        """Take the signals while in the block."""
        before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run(options: RunOptions) -> ExitCode:
    """Read a camera until its end, a limit, a closed window or a signal; prints the summary.

    Raises:
        EdgeEmotionError: a model, the camera or a sink failed.
    """
    summary = Summary()
    stop = StopSignal()
    try:
        with ExitStack() as stack:
            analyzer = stack.enter_context(
                Analyzer(
                    options.emotion,
                    options.keypoints,
                    options.delegate,
                    options.threads,
                    options.max_faces,
                    options.detect_every,
                )
            )
            camera = open_camera(options.camera, sequence=options.sequence)
            if camera.kind == "live":
                camera = LatestFrame(camera)
            stack.enter_context(camera)
            stack.enter_context(stop.listening())
            sinks = [stack.enter_context(sink) for sink in open_sinks(options, camera)]
            # ReaderGone: who read stdout has seen enough, as `head -3` has after three lines.
            with suppress(ReaderGone, Stopped):
                _loop(options, camera, analyzer, sinks, stop, summary)
            summary.dropped = getattr(camera, "dropped", 0)
    finally:
        if summary.frames:
            summary.print(sys.stderr)
    return ExitCode.INTERRUPTED if stop.number == signal.SIGINT else ExitCode.DONE


def _loop(
    options: RunOptions,
    camera: Camera,
    analyzer: Analyzer,
    sinks: list[Sink],
    stop: StopSignal,
    summary: Summary,
) -> None:
    started_s = monotonic()
    while not stop.number and not any(sink.closed for sink in sinks):
        if options.frames is not None and summary.frames >= options.frames:
            return
        if options.seconds is not None and monotonic() - started_s >= options.seconds:
            return
        start = perf_counter()
        stop.waiting = True
        frame = camera.read()
        stop.waiting = False
        if frame is None:
            return
        got = perf_counter()
        if camera.kind == "pictures":
            analyzer.reset()
        readings = analyzer.analyze(frame)
        analyzed = perf_counter()
        for sink in sinks:
            sink.write(frame, readings)
        done = perf_counter()
        summary.add(
            readings,
            analyzer.detect_ms,
            read_s=got - start,
            analyze_s=analyzed - got,
            write_s=done - analyzed,
        )
