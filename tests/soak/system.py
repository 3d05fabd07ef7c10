"""The whole system: an RTSP camera, a broker, a run with its page, viewers, `serve` and clients."""

import json
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import cv2

from edge_emotion_device.cameras.demo import FRAMES, DemoCamera
from edge_emotion_device.mqtt.address import Address
from helpers.broker import Broker, Listener
from helpers.commands import command
from soak.children import (
    Supervised,
    Use,
    mount_disk,
    own_mounts,
    start,
    unmount,
    use_of,
    warn,
)

FPS = 10
SYSTEM_PYTHON = "/usr/bin/python3"
PACKAGES = (
    "mosquitto gstreamer1.0-rtsp gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base "
    "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly python3-gi"
)
_TWO_PEOPLE = slice(round(0.47 * FRAMES), round(0.65 * FRAMES))  # of the demo
_RTSP_SERVER = Path(__file__).parents[1] / "helpers" / "rtsp_server.py"
_DISK_MB = 64
_RESTART_S = 2.0  # systemd waits for 10, which only lengthens the soak
_CLIENT_PAUSE_S = 0.2


def missing() -> str:
    """What is not installed that a soak takes; empty where all is there."""
    import shutil

    program = (
        "import gi; gi.require_version('GstRtspServer', '1.0'); gi.require_version('Gst', '1.0'); "
        "from gi.repository import Gst; Gst.init(None); assert Gst.ElementFactory.find('x264enc')"
    )
    rtsp = (
        Path(SYSTEM_PYTHON).exists()
        and not subprocess.run([SYSTEM_PYTHON, "-c", program], capture_output=True).returncode
    )
    broker = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    return "" if rtsp and broker else f"a soak needs: apt install {PACKAGES}"


class RtspCamera:
    """A network camera that shows two people; it can be cut, frozen and restored."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        with DemoCamera() as demo:
            frames = list(iter(demo.read, None))[_TWO_PEOPLE]
        to_and_fro = [*frames, *frames[-2:0:-1]]
        for index, frame in enumerate(to_and_fro):
            cv2.imwrite(str(folder / f"{index:04}.jpg"), frame.image)
        self._pictures = folder / "%04d.jpg"
        self._port = free_port()
        self.address = f"rtsp://127.0.0.1:{self._port}/cam"
        self.restore()

    def restore(self) -> None:
        """Switch it on."""
        line = [SYSTEM_PYTHON, str(_RTSP_SERVER), str(self._port), str(self._pictures), str(FPS)]
        self.process = start(line, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "serving\n":
            raise RuntimeError("the RTSP server does not start")

    def cut(self) -> None:
        """Take its power away."""
        self.process.kill()
        self.process.communicate()


class Viewer:
    """Somebody who looks at the page's pictures all the time, and comes back when it is gone."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.seen_bytes = 0
        self.opened = 0
        self._over = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def close(self) -> None:
        self._over.set()

    def _look(self) -> None:
        while not self._over.is_set():
            with suppress(OSError), _connected(self._port, "/stream.mjpg") as stream:
                self.opened += 1
                while not self._over.is_set() and (piece := stream.recv(65536)):
                    self.seen_bytes += len(piece)
            self._over.wait(0.5)


class FrozenViewer:
    """One that opens the pictures and then takes nothing any more."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(_get("/stream.mjpg"))
        self._from = self._socket.getsockname()[1]

    def let_go(self) -> bool:
        """Whether the server has closed the connection."""
        established = "01"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, _, remote, state, *_ = line.split()
            if state == established and int(remote.rpartition(":")[2], 16) == self._from:
                return False
        return True

    def close(self) -> None:
        self._socket.close()


class Clients:
    """Programs that ask `serve` all the time and check what it answers."""

    def __init__(self, url: str) -> None:
        self._url = url
        faces = [[[[(7 * x + y) % 256] for x in range(48)] for y in range(48)]]
        self._body = json.dumps({"signature_name": "serving_bytes", "instances": faces}).encode()
        self.right = 0
        self.wrong: list[str] = []
        self._expected = self._ask()
        self._over = threading.Event()
        for _ in range(2):
            threading.Thread(target=self._work, daemon=True).start()

    def close(self) -> None:
        self._over.set()

    def _ask(self) -> bytes:
        request = urllib.request.Request(f"{self._url}/emotion_ai:predict", self._body)
        with urllib.request.urlopen(request, timeout=20) as reply:
            return bytes(reply.read())

    def _work(self) -> None:
        while not self._over.wait(_CLIENT_PAUSE_S):
            try:
                if self._ask() != self._expected:
                    raise ValueError("another answer")
                self.right += 1
            except (OSError, ValueError) as error:
                self.wrong.append(repr(error))


class System:
    """All of it, running.

    Attributes:
        disk: the folder that the run writes to; a small disk where `no_disk` is empty.
        no_disk: why it is none.
        samples: when and how many frames the run had read, and which process that was.
        use: of each process, by its name.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.no_disk = own_mounts()
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.no_disk = self.no_disk or mount_disk(self.disk, _DISK_MB)
        if not self.no_disk:
            stack.callback(unmount, self.disk)
        self.camera = RtspCamera(folder / "pictures")
        stack.callback(self.camera.cut)
        (folder / "broker").mkdir()
        self.broker = Broker(folder / "broker")
        stack.callback(self.broker.kill)
        self.listener = Listener(Address("127.0.0.1", self.broker.port, False, ""))
        stack.callback(self.listener.client.loop_stop)
        self.page, self.settings = free_port(), folder / "settings.toml"
        self.output = self.disk / "readings.jsonl"
        self.set_up(every=10)
        self.run = Supervised(["--config", str(self.settings), "--headless"], _RESTART_S)
        stack.callback(lambda: self.run.stop(1))
        serve = command("serve", "--port", "0", "--threads", "1")
        self.serve = start(serve, stderr=subprocess.PIPE)
        stack.callback(self.serve.kill)
        self.clients = Clients(_url_told(self.serve))
        self.viewer = Viewer(self.page)
        stack.callback(self.clients.close)
        stack.callback(self.viewer.close)
        self.samples: list[tuple[float, int, int]] = []
        self.failed_scrapes = 0
        self.use: dict[str, list[tuple[int, Use]]] = {"run": [], "serve": []}
        self._over = threading.Event()
        stack.callback(self._over.set)
        threading.Thread(target=self._watch, daemon=True).start()

    def set_up(self, every: int, more: str = "") -> None:
        """Write the run's settings."""
        self.settings.write_text(
            f'[run]\ncamera = "{self.camera.address}"\ngive_up = inf\nall_frames = true\n'
            f'output = "{self.output}"\nrotate_mb = 5\nkeep = 50\nevery = {every}\n'
            f'web = "{self.page}"\nmqtt = "{self.broker.url}/pi"\nmqtt_rate = 1.0\n{more}'
        )

    def frames(self) -> int:
        """How many frames the run that is there has read, as its page tells; 0 where it is away."""
        with suppress(OSError, ValueError), _opened(self.page, "/metrics") as reply:
            for line in reply.read().decode().splitlines():
                if line.startswith("edge_emotion_frames_total "):
                    return int(float(line.split()[1]))
        return 0

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            pid, frames = self.run.process.pid, self.frames()
            self.samples.append((time.monotonic(), frames, pid))
            self.failed_scrapes += not frames
            for name, process in (("run", self.run.process), ("serve", self.serve)):
                if (use := use_of(process)) is not None:
                    self.use[name].append((process.pid, use))


@contextmanager
def system(folder: Path) -> Iterator[System]:
    """The whole system while in the block; nothing of it is left behind."""
    with ExitStack() as stack:
        yield System(folder, stack)
        warn("all is ended")


def wait_for(held: Callable[[], object], seconds: float) -> float | None:
    """After how many seconds something came to hold; None if it did not in time."""
    begun_s = time.monotonic()
    while time.monotonic() - begun_s < seconds:
        if held():
            return time.monotonic() - begun_s
        time.sleep(0.05)
    return None


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _url_told(serve: "subprocess.Popen[str]") -> str:
    assert serve.stderr is not None
    for line in serve.stderr:
        if "listening on " in line:
            threading.Thread(target=serve.stderr.read, daemon=True).start()
            return line.partition("listening on ")[2].strip()
    raise RuntimeError("serve does not start")


def _opened(port: int, path: str) -> Any:
    return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10)


@contextmanager
def _connected(port: int, path: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(_get(path))
        yield connection


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
