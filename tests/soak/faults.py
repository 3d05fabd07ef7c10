"""What goes wrong in a soak, one after the other, and how soon all has to be well again."""

import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from soak.system import FrozenViewer, System, wait_for

_SOME_FRAMES = 5


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        name: for people.
        lasts_s: how long it is left so.
        bound_s: after its end, by when all has to be well again.
        begin, end: do it, and undo it.
        well: whether all is well again.
        meanwhile: whether the next ones come before it is over: it is to disturb nobody.
        skipped: why it cannot be done here; empty where it can.
    """

    name: str
    lasts_s: float
    bound_s: float
    begin: Callable[[], object]
    end: Callable[[], object]
    well: Callable[[], bool]
    meanwhile: bool = False
    skipped: str = ""


@dataclass(frozen=True)
class Suffered:
    """A fault that was.

    Attributes:
        began_s, ended_s: by `time.monotonic`.
        recovered_s: how long after its end all was well; None if not within its bound.
    """

    fault: Fault
    began_s: float
    ended_s: float
    recovered_s: float | None


class Suffering:
    """Lets faults happen, and waits until all is well."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor()
        self._under_way: list[Future[Suffered]] = []

    def suffer(self, fault: Fault) -> list[Suffered]:
        """Let a fault happen; it is told when it is over."""
        began_s = time.monotonic()
        fault.begin()
        time.sleep(fault.lasts_s)
        fault.end()
        over = self._pool.submit(_over, fault, began_s, time.monotonic())
        if fault.meanwhile:
            self._under_way.append(over)
            return []
        return [over.result()]

    def rest(self) -> list[Suffered]:
        """Wait for those that are under way."""
        over = [one.result() for one in self._under_way]
        self._under_way.clear()
        return over


def _over(fault: Fault, began_s: float, ended_s: float) -> Suffered:
    return Suffered(fault, began_s, ended_s, wait_for(fault.well, fault.bound_s))


def schedule(system: System, long: bool) -> list[Fault]:
    """The faults in their order; a short soak leaves out some."""
    kinds = [_full_disk, _hanging_viewers, _cut_camera, _killed_broker, _throttled, _hang_up]
    if long:
        kinds += [_wrong_settings, _frozen_camera, _frozen_broker]
    return [kind(system) for kind in kinds]


class _Frames:
    """Whether frames come again: some more than there were when it was first asked."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._before: int | None = None

    def reset(self) -> None:
        self._before = None

    def come(self) -> bool:
        now = self._system.frames()
        if self._before is None or now < self._before:  # the run was started again
            self._before = now
        return bool(now) and now >= self._before + _SOME_FRAMES


def _full_disk(system: System) -> Fault:
    filler, frames = system.disk / "filler", _Frames(system)

    def fill() -> None:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 16))

    def empty() -> None:
        filler.unlink()
        frames.reset()

    skipped = system.no_disk
    return Fault("the disk is full", 5, 25, fill, empty, frames.come, skipped=skipped)


def _cut_camera(system: System) -> Fault:
    frames = _Frames(system)

    def restore() -> None:
        system.camera.restore()
        frames.reset()

    return Fault("the camera is cut", 4, 25, system.camera.cut, restore, frames.come)


def _frozen_camera(system: System) -> Fault:
    frames = _Frames(system)

    def thaw() -> None:
        system.camera.process.send_signal(signal.SIGCONT)
        frames.reset()

    def freeze() -> None:
        system.camera.process.send_signal(signal.SIGSTOP)

    return Fault("the camera hangs", 10, 30, freeze, thaw, frames.come)


def _killed_broker(system: System) -> Fault:
    def kill() -> None:
        system.broker.kill()
        system.listener.forget()

    def well() -> bool:
        online = "online" in system.listener.of("pi/status")
        return online and bool(system.listener.of("pi/readings"))

    return Fault("the broker is killed", 4, 25, kill, system.broker.start, well)


def _frozen_broker(system: System) -> Fault:
    def thaw() -> None:
        system.listener.forget()
        system.broker.thaw()

    def well() -> bool:
        return bool(system.listener.of("pi/readings"))

    return Fault("the broker hangs", 8, 25, system.broker.freeze, thaw, well)


def _throttled(system: System) -> Fault:
    """The CPU is taken away for four fifths of the time."""
    frames, lasts_s = _Frames(system), 6.0

    def throttle() -> None:
        until_s = time.monotonic() + lasts_s
        while time.monotonic() < until_s:
            process = system.run.process
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.4)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.1)

    return Fault("the CPU is throttled", 0, 10, throttle, frames.reset, frames.come)


def _hang_up(system: System) -> Fault:
    frames, every = _Frames(system), [10]

    def change() -> None:
        every[0] = 19 - every[0]
        system.set_up(every=every[0])
        system.run.hang_up()

    def well() -> bool:
        return system.run.has_told("settings taken") and frames.come()

    return Fault("SIGHUP with new settings", 0, 25, change, frames.reset, well)


def _wrong_settings(system: System) -> Fault:
    frames = _Frames(system)

    def spoil() -> None:
        system.set_up(every=10, more="colour = 3\n")
        system.run.hang_up()

    def well() -> bool:
        return system.run.has_told("settings not taken") and frames.come()

    return Fault("SIGHUP with wrong settings", 1, 10, spoil, lambda: system.set_up(every=10), well)


def _hanging_viewers(system: System) -> Fault:
    """Viewers that take nothing are let go after 20 s, or 40 where they had taken something."""
    viewers: list[FrozenViewer] = []

    def freeze() -> None:
        viewers.extend(FrozenViewer(system.page) for _ in range(5))

    def well() -> bool:
        if not all(viewer.let_go() for viewer in viewers):
            return False
        for viewer in viewers:
            viewer.close()
        viewers.clear()
        return True

    return Fault("viewers freeze", 0, 60, freeze, lambda: None, well, meanwhile=True)
