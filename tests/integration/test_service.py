"""`edge-emotion run` as systemd runs it: what it tells, and how it takes signals and settings.

The unit itself under a real systemd: tests/hardware/test_service.py.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Event

import pytest

from edge_emotion.toml import tomllib
from edge_emotion_device.detectors.net import NetDetector
from edge_emotion_device.options import RunOptions
from helpers.commands import command, is_one_line
from helpers.mjpeg_server import MjpegServer, pictures

DEFAULTS = Path(__file__).parents[2] / "device" / "edge-emotion.toml"
START_S = 30  # of a Python that others slow down
WATCHDOG_S = 0.5
HEARD_S = 2.0  # within which a heartbeat is heard though others slow the machine down


@dataclass
class Service:
    """A running service and the socket on which it tells its manager how it is."""

    process: subprocess.Popen[str]
    manager: socket.socket
    log: Path

    def told(self, wanted: str, seconds: float = START_S) -> list[str]:
        """The assignments that came, up to the first that starts with `wanted`.

        Raises:
            TimeoutError: it did not come.
        """
        came: list[str] = []
        end_s = time.monotonic() + seconds
        while not any(state.startswith(wanted) for state in came):
            self.manager.settimeout(max(0.01, end_s - time.monotonic()))
            try:
                came += self.manager.recv(4096).decode().splitlines()
            except TimeoutError as error:
                raise TimeoutError(f"no {wanted} in {came}: {self.said()}") from error
        return came

    def silent(self, state: str, seconds: float) -> bool:
        """Whether it does not tell `state` for so long, though it runs."""
        try:
            self.told(state, seconds)
        except TimeoutError:
            return self.process.poll() is None
        return False

    def said(self) -> str:
        """What it has written to stderr."""
        return self.log.read_text()


@contextmanager
def running(folder: Path, settings: Path, *options: str) -> Iterator[Service]:
    """The service with a watchdog of `WATCHDOG_S`, as the unit starts it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        address = f"\0edge-emotion-test-{os.getpid()}-{time.monotonic_ns()}"
        manager.bind(address)
        log = folder / "stderr"
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": "@" + address[1:],
            "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
        }
        with log.open("w") as stderr:
            process = subprocess.Popen(
                command("run", "--config", settings, "--headless", *options),
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=environment,
                text=True,
            )
        try:
            yield Service(process, manager, log)
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def camera() -> Iterator[MjpegServer]:
    with MjpegServer() as server:
        yield server


def settings_for(folder: Path, camera: MjpegServer) -> Path:
    """The settings that install.sh installs, with a camera of our own."""
    file = folder / "edge-emotion.toml"
    file.write_text(DEFAULTS.read_text().replace('"auto"', f'"{camera.address}"', 1))
    return file


@pytest.fixture
def settings(tmp_path: Path, camera: MjpegServer) -> Path:
    return settings_for(tmp_path, camera)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    """A service that reads, and its settings, for tests that leave both as they were."""
    folder = tmp_path_factory.mktemp("service")
    with ExitStack() as stack:
        camera = stack.enter_context(MjpegServer())
        settings = settings_for(folder, camera)
        service = stack.enter_context(running(folder, settings))
        service.told("READY=1")
        yield service, settings


def test_it_is_ready_once_a_frame_was_read(tmp_path):
    shows = Event()

    def late() -> Iterator[bytes]:
        assert shows.wait(START_S)
        yield from pictures()

    with MjpegServer(late) as camera, running(tmp_path, settings_for(tmp_path, camera)) as service:
        while not camera.requests:
            time.sleep(0.02)
            assert service.process.poll() is None
        assert service.silent("READY=1", 0.5)
        shows.set()
        assert any(state.startswith("STATUS=") for state in service.told("READY=1"))


def test_the_watchdog_hears_of_it(shared):
    service, _ = shared
    for _ in range(3):
        service.told("WATCHDOG=1", HEARD_S)


def test_a_frozen_one_is_not_heard_of(shared):
    service, _ = shared
    service.process.send_signal(signal.SIGSTOP)
    try:
        while not service.silent("", 0.1):
            pass  # what was on its way
        assert service.silent("WATCHDOG=1", 2 * WATCHDOG_S)
    finally:
        service.process.send_signal(signal.SIGCONT)
    service.told("WATCHDOG=1", HEARD_S)


@pytest.mark.parametrize("away", [False, True], ids=["reading", "camera away"])
def test_sigterm_ends_it_cleanly_within_two_seconds(tmp_path, camera, settings, away):
    with running(tmp_path, settings) as service:
        service.told("READY=1")
        if away:
            camera.cut()
            while "trying to open it again" not in service.said():
                service.told("WATCHDOG=1", HEARD_S)
            for _ in range(3):  # for longer than a heartbeat on its way could explain
                service.told("WATCHDOG=1", HEARD_S)
        start_s = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10) == 0
        assert time.monotonic() - start_s < 2
        service.told("STOPPING=1", 1)


@contextmanager
def hung_up(service: Service, settings: Path, added: str) -> Iterator[list[str]]:
    """What it says to SIGHUP after a line was added to its settings, which is taken away again."""
    before, text = service.said(), settings.read_text()
    settings.write_text(f"{text}{added}\n")
    try:
        service.process.send_signal(signal.SIGHUP)
        service.told("RELOADING=1")
        service.told("READY=1")
        yield service.said().removeprefix(before).splitlines(keepends=True)
        service.told("WATCHDOG=1", HEARD_S)
    finally:
        settings.write_text(text)


def test_sighup_takes_changed_settings_and_goes_on(shared):
    with hung_up(*shared, "max_faces = 2") as lines:
        assert "edge-emotion: settings taken\n" in lines


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ("max_face = 2", "unknown key 'max_face'"),
        ('threads = "many"', "threads is 'many'"),
        ("max_fps = = 3", "is not TOML"),
    ],
)
def test_sighup_with_wrong_settings_is_told_and_the_former_stay(shared, added, told):
    _, settings = shared
    line = settings.read_text().count("\n") + 1
    with hung_up(*shared, added) as lines:
        (message,) = lines
    assert is_one_line(message)
    assert told in message
    assert str(settings) in message
    assert f":{line}" in message or f"line {line}" in message


def test_wrong_settings_at_the_start_end_it_with_2(tmp_path, settings):
    settings.write_text(settings.read_text() + "max_face = 2\n")
    with running(tmp_path, settings) as service:
        assert service.process.wait(START_S) == 2  # which the unit does not start again
        assert is_one_line(service.said())
        assert f"{settings}:{settings.read_text().count(chr(10))}: " in service.said()


def test_without_a_manager_nothing_is_told(tmp_path, settings):
    environment = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
    done = subprocess.run(
        command("run", "--config", settings, "--headless", "--frames", "3", "--all-frames"),
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3  # the camera shows no face
    assert not any(word in done.stdout + done.stderr for word in ("READY", "WATCHDOG", "STATUS"))


def test_every_key_of_the_installed_settings_is_an_option():
    lines = DEFAULTS.read_text().splitlines()
    keys = tomllib.loads("\n".join(line.removeprefix("# ") for line in lines if " = " in line))
    assert keys.keys() <= {field.name for field in fields(RunOptions)}
    assert {"camera", "delegate", "max_fps", "give_up", "output"} <= keys.keys()


def test_the_installed_settings_say_what_holds_without_them():
    shown = [line[2:] for line in DEFAULTS.read_text().splitlines() if line.startswith("# ")]
    held = tomllib.loads("\n".join(line for line in shown if " = " in line and '"' not in line))
    assert held.pop("every") == NetDetector.every  # each detector has its own
    assert held == {name: getattr(RunOptions(), name) for name in held}
