"""`edge-emotion run`: from a camera through the analyzer to the sinks, until something ends it."""

import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from time import monotonic, perf_counter

from edge_emotion.errors import EdgeEmotionError, ExitCode, warn
from edge_emotion.locks import alone_in
from edge_emotion.types import Frame
from edge_emotion_device.analyzer import Analyzer
from edge_emotion_device.cameras import Camera, is_live, open_camera
from edge_emotion_device.cameras.ahead import ReadAhead
from edge_emotion_device.cameras.latest import LatestFrame
from edge_emotion_device.detectors import network_of
from edge_emotion_device.options import RunOptions
from edge_emotion_device.outlet import Outlet
from edge_emotion_device.pacing import Pace
from edge_emotion_device.signals import Signals, Stopped
from edge_emotion_device.sinks import check_sinks, open_sinks
from edge_emotion_device.sinks.json_lines import ReaderGone
from edge_emotion_device.summary import Summary
from edge_emotion_device.supervisor import Supervisor

Reread = Callable[[], RunOptions]
_SLICE_S = 0.2  # how long the loop waits for a frame before it looks at signals and the watchdog
_OF_THE_SINKS = (
    *("save", "output", "rotate_mb", "keep", "all_frames", "headless", "anonymize"),
    *("web", "web_token_file", "pictures"),
    *("mqtt", "mqtt_login_file", "mqtt_ca_file", "mqtt_rate", "mqtt_discovery"),
)


def run(options: RunOptions, reread: Reread | None = None) -> ExitCode:
    """Read a camera until its end, a limit, a closed window or a signal; prints the summary.

    Args:
        options: what to read, with what, and where to.
        reread: gives the options anew when SIGHUP asks for it.

    Raises:
        EdgeEmotionError: a model, the camera or a sink failed.
    """
    try:
        check_sinks(options)
    except EdgeEmotionError as error:
        options.locate(error)
        raise
    summary, signals, supervisor = Summary(), Signals(reread is not None), Supervisor()
    whole = _Run(options, reread, summary, signals, supervisor)
    try:
        # ReaderGone: who read stdout has seen enough, as `head -3` has after three lines.
        with signals.listening(), suppress(ReaderGone, Stopped):
            whole.to_the_end()
    finally:
        supervisor.stopping()
        if summary.frames:
            summary.print(sys.stderr)
    if signals.stop != signal.SIGINT:
        return ExitCode.DONE
    if not summary.frames:  # so that there is no summary
        warn("interrupted")
    return ExitCode.INTERRUPTED


@dataclass
class _Run:
    """A run through all settings it is given.

    Attributes:
        options: those that hold now.
        outlet: made with the first camera, and kept.
    """

    options: RunOptions
    reread: Reread | None
    summary: Summary
    signals: Signals
    supervisor: Supervisor
    outlet: Outlet | None = None
    started_s: float = field(default_factory=monotonic)

    def to_the_end(self) -> None:
        """Open what the options ask for and read it, again and again while settings change."""
        former: RunOptions | None = None
        reloading = False
        with ExitStack() as stack:
            while True:
                with ExitStack() as opened:
                    try:
                        with self.signals.opening():
                            analyzer = opened.enter_context(open_analyzer(self.options))
                            camera = self._open_camera(opened)
                            outlet = self.outlet or self._open_outlet(stack, camera)
                    except EdgeEmotionError as error:
                        self.options.locate(error)
                        if former is None:
                            raise
                        warn(f"settings not taken: {error}")
                        self.options, former = former, None
                        continue
                    if reloading:
                        warn("settings taken" if former is not None else "reading as before")
                        self.supervisor.ready()
                    changed = _Loop(self, analyzer, camera, outlet).run()
                if changed is None:
                    return
                self.options, former, reloading = changed, self.options, True

    def _open_camera(self, opened: ExitStack) -> Camera:
        """The camera, in a thread of its own unless its pictures are separate."""
        source, sequence = self.options.camera, self.options.sequence
        if not is_live(source):
            camera = open_camera(source, sequence=sequence)
            return opened.enter_context(ReadAhead(camera) if camera.kind == "clip" else camera)
        live = opened.enter_context(
            LatestFrame(lambda: open_camera(source), self.options.give_up, source)
        )
        while not live.opened(_SLICE_S):
            self.supervisor.beat()
        return live

    def _open_outlet(self, stack: ExitStack, camera: Camera) -> Outlet:
        if self.options.save is not None:  # before the sinks, so that it is given back behind them
            stack.enter_context(alone_in(self.options.save, "end it, or name another --save"))
        with ExitStack() as opening:
            sinks = [
                opening.enter_context(sink)
                for sink in open_sinks(self.options, camera, self.summary.vitals)
            ]
            outlet = Outlet(sinks, lambda: self.signals.stops)
            opening.pop_all()
        self.outlet, self.summary.sinks = outlet, sinks
        stack.callback(outlet.close)
        return outlet

    def read_settings(self) -> RunOptions | None:
        """The options anew, if they differ; wrong settings are told, and the former ones stay."""
        self.signals.reread = False
        assert self.reread is not None
        self.supervisor.reloading()
        try:
            options = self.reread()
        except EdgeEmotionError as error:
            warn(f"settings not taken: {error}")
            self.supervisor.ready()
            return None
        kept = {name: getattr(self.options, name) for name in _OF_THE_SINKS}
        if later := [name for name, value in kept.items() if getattr(options, name) != value]:
            warn(f"a change of {', '.join(later)} counts after a restart")
        options = replace(options, **kept)
        if options != self.options:
            return options
        warn("settings read again: nothing has changed")
        self.supervisor.ready()
        return None


def open_analyzer(options: RunOptions) -> Analyzer:
    """The analyzer that a run asks for."""
    every = options.every
    if every is None and options.anonymize and network_of(options.detector):
        every = 1  # a head is to be hidden in the first frame that it is seen in
    return Analyzer(
        options.emotion,
        options.keypoints,
        options.delegate,
        options.threads,
        options.max_faces,
        every,
        emotion_delegate=options.emotion_delegate,
        detector=options.detector,
        smoothing=options.smoothing,
    )


class _Loop:
    """The frame loop with one camera and one analyzer."""

    def __init__(self, run: _Run, analyzer: Analyzer, camera: Camera, outlet: Outlet) -> None:
        self._run, self._options = run, run.options
        self._analyzer, self._camera, self._outlet = analyzer, camera, outlet
        self._summary, self._signals, self._supervisor = run.summary, run.signals, run.supervisor
        self._pace = Pace(run.options.max_fps, stopped=lambda: self._signals.came)

    def run(self) -> RunOptions | None:
        """Read frames to the end; the new options if settings were read again and have changed."""
        self._summary.begin(self._analyzer, self._camera, self._pace)
        try:
            while not self._done():
                if self._signals.reread and (changed := self._run.read_settings()):
                    return changed
                start = perf_counter()
                self._pace.wait()
                if not self._wait():
                    continue
                frame = self._camera.read()
                if frame is None:
                    return None
                self._take(frame, start)
                self._supervisor.ready()
            return None
        finally:
            self._summary.end()

    def _done(self) -> bool:
        frames, seconds = self._options.frames, self._options.seconds
        return bool(
            self._signals.stop
            or self._outlet.closed
            or (frames is not None and self._summary.frames >= frames)
            or (seconds is not None and monotonic() - self._run.started_s >= seconds)
        )

    def _wait(self) -> bool:
        """Whether there is a frame, or the end, to be read; not if something else comes first."""
        self._supervisor.beat(lambda: self._summary.status)
        while not (self._signals.came or self._done()):
            if self._camera.wait(_SLICE_S):
                return True
            self._outlet.check()
            self._supervisor.beat(lambda: f"{self._camera.name} gives no frame")
        return False

    def _take(self, frame: Frame, start: float) -> None:
        got = perf_counter()
        if self._camera.kind == "pictures":
            self._analyzer.reset()
        readings = self._analyzer.analyze(frame)
        analyzed = perf_counter()
        candidates = self._analyzer.candidates
        if candidates is not None:
            frame = replace(frame, candidates=candidates)
        self._outlet.write(frame, readings)
        self._summary.add(
            readings,
            self._analyzer.detect_ms,
            read_s=got - start,
            analyze_s=analyzed - got,
            write_ms=self._outlet.busy_ms,
            suspected=len(candidates or ()),
        )
