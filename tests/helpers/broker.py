"""A real MQTT broker (Debian's mosquitto) on a free port, and who listens to it."""

import getpass
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from edge_emotion_device.mqtt.address import Address, Login

PATIENCE_S = 15.0  # the machine may be busy; nothing waits this long when all is well
_MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/opt/homebrew/sbin")


@dataclass(frozen=True)
class Message:
    """A message as it reached a listener."""

    topic: str
    payload: str
    retained: bool


@dataclass(frozen=True)
class Certificates:
    """A certificate authority, and what it signed for 127.0.0.1."""

    ca: Path
    certificate: Path
    key: Path


class Broker:
    """A mosquitto process; it can be stopped, frozen and started again on its port.

    Args:
        folder: for its files.
        login: without which nobody may connect.
        certificates: for TLS.
    """

    def __init__(
        self, folder: Path, login: Login | None = None, certificates: Certificates | None = None
    ) -> None:
        if _MOSQUITTO is None:
            pytest.skip("no mosquitto here; Debian has it in the package of this name")
        self._folder, self._login, self._certificates = folder, login, certificates
        self.port = 0
        for _ in range(5):  # another test may take a free port first
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            self.start()
            if self.process.poll() is None:
                return
        raise AssertionError(f"mosquitto does not start: {self._log.read_text()}")

    @property
    def url(self) -> str:
        return f"{'mqtts' if self._certificates else 'mqtt'}://127.0.0.1:{self.port}"

    @property
    def _log(self) -> Path:
        return self._folder / "mosquitto.log"

    def start(self) -> None:
        """Start it, and wait until it listens or has ended."""
        lines = [f"listener {self.port} 127.0.0.1", f"user {getpass.getuser()}"]
        if self._certificates:
            lines += [
                f"certfile {self._certificates.certificate}",
                f"keyfile {self._certificates.key}",
            ]
        if self._login:
            passwords = self._folder / "passwords"
            line = ["mosquitto_passwd", "-b", "-c", passwords, self._login.user]
            subprocess.run([*line, self._login.password], check=True, capture_output=True)
            lines.append(f"password_file {passwords}")
        lines.append(f"allow_anonymous {'false' if self._login else 'true'}")
        config = self._folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        with self._log.open("a") as log:
            self.process = subprocess.Popen([_MOSQUITTO, "-v", "-c", config], stderr=log)
        until_s = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < until_s:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once; it forgets what it retained."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Let it hang: its connections stay open, and it reads nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def broker(folder: Path, **how: object) -> Iterator[Broker]:
    """Run a broker while in the block; the test is skipped where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    running = Broker(folder, **how)
    try:
        yield running
    finally:
        running.kill()


class Listener:
    """Subscribes to everything, comes back when the broker does, and notes what arrives."""

    def __init__(
        self, address: Address, login: Login | None = None, ca: Path | None = None
    ) -> None:
        self.messages: list[Message] = []
        self._news = Condition()
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.reconnect_delay_set(1, 1)
        if login:
            self.client.username_pw_set(login.user, login.password)
        if ca:
            self.client.tls_set(str(ca))
        self._subscribed = 0
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message
        self.client.connect(address.host, address.port)
        self.client.loop_start()
        self.wait(lambda: self._subscribed)

    def wait(self, found: Callable[[], object], seconds: float = PATIENCE_S) -> None:
        """Wait until something holds."""
        with self._news:
            held = self._news.wait_for(found, seconds)
        seen = "\n".join(f"{one.topic} {one.payload[:100]}" for one in self.messages[-30:])
        assert held, f"waited in vain; the last messages were:\n{seen}"

    def of(self, ending: str) -> list[str]:
        """The payloads of topics that end so."""
        return [one.payload for one in self.messages if one.topic.endswith(ending)]

    def wait_for(self, ending: str, payload: str = "", seconds: float = PATIENCE_S) -> None:
        """Wait for a message whose payload holds this."""
        self.wait(lambda: any(payload in one for one in self.of(ending)), seconds)

    def wait_until_back(self) -> None:
        """Wait until it has subscribed anew."""
        before = self._subscribed
        self.wait(lambda: self._subscribed > before)

    def forget(self) -> None:
        self.messages.clear()

    def _on_subscribe(self, *_: object) -> None:
        with self._news:
            self._subscribed += 1
            self._news.notify_all()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with self._news:
            payload = message.payload.decode()
            self.messages.append(Message(message.topic, payload, message.retain))
            self._news.notify_all()


@contextmanager
def listening(broker: Broker, **how: object) -> Iterator[Listener]:
    """Listen to all topics of a broker while in the block."""
    listener = Listener(Address("127.0.0.1", broker.port, False, ""), **how)
    try:
        yield listener
    finally:
        listener.client.disconnect()
        listener.client.loop_stop()


def certificates(folder: Path) -> Certificates:
    """Make an authority and have it sign for 127.0.0.1."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    folder.mkdir(parents=True)

    def openssl(*arguments: str) -> None:
        line = ["openssl", *arguments]
        subprocess.run(line, cwd=folder, check=True, capture_output=True)

    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    usage = "keyUsage=critical,keyCertSign"
    openssl(
        *("req", "-x509", *ec, "-keyout", "ca.key", "-out", "ca.crt", "-days", "9"),
        *("-subj", "/CN=Home", "-addext", usage),
    )
    openssl("req", *ec, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=broker")
    (folder / "names").write_text(
        "subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n", encoding="ascii"
    )
    openssl(
        *("x509", "-req", "-in", "request.pem", "-CA", "ca.crt", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-extfile", "names", "-days", "9", "-out", "broker.crt"),
    )
    return Certificates(folder / "ca.crt", folder / "broker.crt", folder / "key.pem")
