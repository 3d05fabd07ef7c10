"""`edge-emotion run`: from a camera through the analyzer to the sinks, until something ends it."""

import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from time import monotonic, perf_counter

from edge_emotion.errors import EdgeEmotionError, ExitCode, warn
from edge_emotion.types import Frame
from edge_emotion_device.analyzer import Analyzer
from edge_emotion_device.cameras import Camera, open_camera
from edge_emotion_device.cameras.ahead import ReadAhead
from edge_emotion_device.cameras.latest import LatestFrame
from edge_emotion_device.options import RunOptions
from edge_emotion_device.outlet import Outlet
from edge_emotion_device.pacing import Pace
from edge_emotion_device.signals import Signals
from edge_emotion_device.sinks import open_sinks
from edge_emotion_device.sinks.json_lines import ReaderGone
from edge_emotion_device.summary import Summary
from edge_emotion_device.supervisor import Supervisor

Reread = Callable[[], RunOptions]
_BEAT_S = 1.0
_OF_THE_SINKS = ("save", "output", "all_frames", "headless")


def run(options: RunOptions, reread: Reread | None = None) -> ExitCode:
    """Read a camera until its end, a limit, a closed window or a signal; prints the summary.

    Args:
        options: what to read, with what, and where to.
        reread: gives the options anew when SIGHUP asks for it.

    Raises:
        EdgeEmotionError: a model, the camera or a sink failed.
    """
    summary, signals, supervisor = Summary(), Signals(), Supervisor()
    try:
        # ReaderGone: who read stdout has seen enough, as `head -3` has after three lines.
        with suppress(ReaderGone), ExitStack() as stack:
            stack.enter_context(signals.listening())
            outlet: Outlet | None = None
            again: RunOptions | None = options
            while again is not None:
                options = again
                with ExitStack() as opened:
                    analyzer = opened.enter_context(open_analyzer(options))
                    camera = opened.enter_context(_threaded(options))
                    if outlet is None:
                        sinks = [stack.enter_context(sink) for sink in open_sinks(options, camera)]
                        outlet = Outlet(sinks)
                        stack.callback(outlet.close)
                    loop = _Loop(
                        options, camera, analyzer, outlet, signals, supervisor, summary, reread
                    )
                    again = loop.run()
    finally:
        supervisor.stopping()
        if summary.frames:
            summary.print(sys.stderr)
    return ExitCode.INTERRUPTED if signals.stop == signal.SIGINT else ExitCode.DONE


def open_analyzer(options: RunOptions) -> Analyzer:
    """The analyzer that a run asks for."""
    return Analyzer(
        options.emotion,
        options.keypoints,
        options.delegate,
        options.threads,
        options.max_faces,
        options.every,
        emotion_delegate=options.emotion_delegate,
        detector=options.detector,
        smoothing=options.smoothing,
    )


def _threaded(options: RunOptions) -> Camera:
    """The camera, in a thread of its own unless its pictures are separate."""

    def open_it() -> Camera:
        return open_camera(options.camera, sequence=options.sequence)

    camera = open_it()
    if camera.kind == "live":
        return LatestFrame(camera, reopen=open_it, give_up_s=options.give_up)
    return ReadAhead(camera) if camera.kind == "clip" else camera


@dataclass
class _Loop:
    """The frame loop with one camera and one analyzer."""

    options: RunOptions
    camera: Camera
    analyzer: Analyzer
    outlet: Outlet
    signals: Signals
    supervisor: Supervisor
    summary: Summary
    reread: Reread | None
    started_s: float = field(default_factory=monotonic)

    def run(self) -> RunOptions | None:
        """Read frames to the end; the new options if settings were read again and have changed."""
        pace = Pace(self.options.max_fps)
        self.summary.begin(self.analyzer, self.camera, pace)
        try:
            while not self._done():
                if self.signals.reread and (changed := self._read_settings()):
                    return changed
                start, frame = perf_counter(), None
                with self.signals.idle():
                    if not self.signals.came:
                        pace.wait()
                        frame = self._next_frame()
                if frame is not None:
                    self._take(frame, start)
                    self.supervisor.ready()
                elif not self.signals.came:
                    return None
            return None
        finally:
            self.summary.end()

    def _done(self) -> bool:
        limits = self.options
        return bool(
            self.signals.stop
            or self.outlet.closed
            or (limits.frames is not None and self.summary.frames >= limits.frames)
            or self._out_of_time()
        )

    def _out_of_time(self) -> bool:
        seconds = self.options.seconds
        return seconds is not None and monotonic() - self.started_s >= seconds

    def _next_frame(self) -> Frame | None:
        """The next frame; None at the end.  A camera that is away does not stop the heart."""
        self.supervisor.beat(lambda: self.summary.status)
        if isinstance(self.camera, LatestFrame):
            while not self.camera.wait(_BEAT_S):
                self.supervisor.beat(lambda: f"{self.camera.name} gives no frame")
                if self._out_of_time():
                    return None
        return self.camera.read()

    def _take(self, frame: Frame, start: float) -> None:
        got = perf_counter()
        if self.camera.kind == "pictures":
            self.analyzer.reset()
        readings = self.analyzer.analyze(frame)
        analyzed = perf_counter()
        self.outlet.write(frame, readings)
        self.summary.add(
            readings,
            self.analyzer.detect_ms,
            read_s=got - start,
            analyze_s=analyzed - got,
            write_ms=self.outlet.busy_ms,
        )

    def _read_settings(self) -> RunOptions | None:
        """The options anew, if they differ; wrong settings are told, and the former ones stay."""
        self.signals.reread = False
        if self.reread is None:
            return None
        self.supervisor.reloading()
        try:
            options = self.reread()
        except EdgeEmotionError as error:
            warn(f"settings not taken: {error}")
            return None
        kept = {name: getattr(self.options, name) for name in _OF_THE_SINKS}
        if any(getattr(options, name) != value for name, value in kept.items()):
            warn(f"a change of {', '.join(_OF_THE_SINKS)} counts after a restart")
        options = replace(options, **kept)
        changed = options != self.options
        warn("settings read again" + ("" if changed else ": nothing has changed"))
        return options if changed else None
