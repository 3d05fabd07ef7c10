"""The MQTT sink of a run that a test plays."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_emotion_device.mqtt.address import Login
from edge_emotion_device.mqtt.sink import MqttSink
from edge_emotion_device.options import RunOptions
from edge_emotion_device.vitals import Vitals
from helpers.broker import PATIENCE_S
from helpers.readings import frame_at, reading_at


def vitals(trouble: str = "", since_frame_s: float | None = 0.02) -> Vitals:
    """How the run goes: well, unless told otherwise."""
    return Vitals(
        *(40, 30, 35, 2, 14.96, "demo", trouble, 0, since_frame_s, {}, ()),
        temperature_c=None, limit_fps=None, lowered=0,
    )  # fmt: skip


@contextmanager
def device(
    url: str,
    login: Login | None = None,
    tmp_path: Path | None = None,
    now: Callable[[], Vitals] = vitals,
    **options: object,
) -> Iterator[MqttSink]:
    """A sink with the prefix `pi`, closed at the end; the login is in a file."""
    if login:
        file = tmp_path / "login"
        file.touch(0o600)
        file.write_text(f"{login.user}:{login.password}\n")
        options["mqtt_login_file"] = file
    options = RunOptions(mqtt=url if url.count("/") > 2 else f"{url}/pi", **options)
    with MqttSink.open(options, now) as sink:
        yield sink


def show(sink: MqttSink, time_s: float, *labels: str | None) -> None:
    """Write a frame with one face for each label, numbered from 1."""
    faces = [reading_at(time_s, number, label) for number, label in enumerate(labels, 1)]
    sink.write(frame_at(time_s), faces)


def waited(held: Callable[[], object], seconds: float = PATIENCE_S) -> object:
    """Whether something came to hold, after waiting for it."""
    until_s = time.monotonic() + seconds
    while not held() and time.monotonic() < until_s:
        time.sleep(0.01)
    return held()
