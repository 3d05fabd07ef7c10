"""`edge-emotion run --mqtt` as a user runs it, with a real broker."""

import json
import os
import re
import signal
import subprocess
from contextlib import contextmanager

import pytest

from helpers.broker import listening
from helpers.commands import command, edge_emotion, is_one_line

pytest.importorskip("paho.mqtt", reason="the extra mqtt is not installed")

DEMO = ("--camera", "demo", "--headless")


@contextmanager
def running(*arguments, **environment):
    process = subprocess.Popen(
        command("run", *DEMO, *arguments),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_run_from_a_settings_file_says_what_it_reads_and_goodbye(home, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[run]\nmqtt = "{home.url}/home/hall"\nmqtt_rate = 50\n')
    with listening(home) as listener, running("--config", settings) as process:
        listener.wait_for("home/hall/status", "online", 40)
        listener.wait_for("home/hall/readings", seconds=40)
        listener.wait_for("home/hall/events", '"new"')
        process.send_signal(signal.SIGTERM)
        listener.wait_for("home/hall/status", "offline")
        assert process.wait(20) == 0
        reading = json.loads(listener.of("home/hall/readings")[0])
        assert set(reading) >= {"track_id", "box", "keypoints", "probabilities", "label"}
        device = "homeassistant/device/edge-emotion-home__hall/config"
        assert [one.topic for one in listener.messages if "homeassistant" in one.topic] == [device]


def test_the_broker_says_so_when_a_run_dies(home):
    with listening(home) as listener, running("--mqtt", f"{home.url}/pi") as process:
        listener.wait_for("pi/status", "online", 40)
        process.kill()
        listener.wait_for("pi/status", "offline")


def test_frames_are_read_as_before_while_the_broker_hangs(home):
    with listening(home) as listener, running("--mqtt", f"{home.url}/pi") as process:
        listener.wait_for("pi/readings", seconds=40)
        home.freeze()
        _, told = process.communicate(timeout=60)
        home.thaw()
    assert process.returncode == 0
    assert "frames     250 read, 0 dropped" in told
    write_ms = float(re.search(r"^write +p50 +([\d.]+) ms", told, re.MULTILINE)[1])
    assert write_ms < 500, told  # waiting for the broker would take seconds


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--mqtt", "mqtt://me:secret@broker"], "--mqtt with a login in the address"),
        (["--mqtt", "broker"], "expected mqtt://HOST[:PORT][/PREFIX]"),
        (["--mqtt", "mqtt://broker", "--mqtt-login-file", "/missing"], "No such file"),
        (["--mqtt", "mqtt://broker", "--mqtt-ca-file", "/missing"], "begins with mqtts://"),
    ],
)
def test_wrong_use_is_refused_before_a_frame_is_read(arguments, line):
    done = edge_emotion("run", *DEMO, *arguments)
    assert done.returncode == 2 and not done.stdout
    assert is_one_line(done.stderr) and line in done.stderr and "secret" not in done.stderr
