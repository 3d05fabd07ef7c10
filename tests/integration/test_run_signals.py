"""Signals in every state of `edge-emotion run`: nothing is lost, and nothing holds up its end."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

from edge_emotion_device.cameras import open_camera
from helpers.commands import command, is_one_line
from helpers.photographs import astronaut

STOPPED_IN_S = 3.0  # two seconds are promised; the machine may be busy


@contextmanager
def running(*arguments: str | Path, **options) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command("run", "--headless", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> float:
    """Send a signal; returns after how many seconds the program has ended."""
    start = time.monotonic()
    process.send_signal(number)
    process.wait(timeout=20)
    return time.monotonic() - start


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(30):
        cv2.imwrite(str(folder / f"{number:02}.png"), astronaut())
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "settings.toml"
    file.write_text("[run]\nall_frames = true\n")
    return file


def test_settings_read_again_and_again_cost_no_picture(pictures, settings):
    with running("--camera", pictures, "--config", settings) as process:
        assert process.stdout is not None
        seen = [process.stdout.readline()]
        while process.poll() is None and len(seen) < 25:
            process.send_signal(signal.SIGHUP)
            seen.append(process.stdout.readline())
        rest, _ = process.communicate(timeout=60)
        assert process.returncode == 0
    frames = [json.loads(line)["source"] for line in [*seen, *rest.splitlines()] if line]
    assert frames == [f"{number:02}.png" for number in range(30)]


def test_settings_that_cannot_be_used_leave_the_former_ones(settings):
    with running("--camera", "demo", "--config", settings, "--max-fps", "5") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        settings.write_text('[run]\nall_frames = true\ndelegate = "gpu"\n')
        process.send_signal(signal.SIGHUP)
        told = [process.stderr.readline() for _ in range(2)]
        assert f"settings not taken: {settings}:3: unknown delegate 'gpu'" in told[0]
        assert told[1] == "edge-emotion: reading as before\n"
        assert json.loads(process.stdout.readline())
        assert stop(process) < STOPPED_IN_S
        assert process.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("save", [False, True])
def test_a_reader_that_does_not_read_does_not_hold_up_the_end(tmp_path, save):
    saving = ["--save", tmp_path / "out"] if save else []
    with running("--camera", "demo", "--all-frames", *saving) as process:
        time.sleep(4)  # the pipe and the queue are full by then
        assert stop(process) < STOPPED_IN_S
        assert process.returncode == 1
        assert process.stderr is not None
        assert "the last readings are lost" in process.stderr.read()
    if save:  # these did not hang
        with open_camera(str(tmp_path / "out" / "annotated.mp4")) as video:
            shown = len(list(iter(video.read, None)))
        lines = (tmp_path / "out" / "readings.jsonl").read_text().splitlines()
        assert 0 < len(lines) <= shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_camera_that_does_not_answer_does_not_hold_up_the_end(number):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(60)
        address = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with running("--camera", address) as process:
            connections = [mute.accept()]
            time.sleep(0.5)
            assert stop(process, number) < STOPPED_IN_S
            assert process.returncode == (130 if number == signal.SIGINT else 0)
            assert process.stderr is not None
            told = process.stderr.read()
            assert told == ("edge-emotion: interrupted\n" if number == signal.SIGINT else "")
            assert connections  # held open until now


def test_hangup_without_settings_ends_the_run_with_every_file_whole(tmp_path):
    with running("--camera", "demo", "--save", tmp_path / "out") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=20)
        assert process.returncode == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "annotated.mp4",
        "readings.jsonl",
    ]


def test_readings_survive_a_kill_and_a_restart(tmp_path):
    file = tmp_path / "readings.jsonl"
    for least in (1, 2):
        with running("--camera", "demo", "--output", file) as process:
            while not file.exists() or len(file.read_text().splitlines()) < 20 * least:
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
    whole = file.read_text().rpartition("\n")[0].splitlines()
    assert [json.loads(line).get("frame") for line in whole].count(0) == 2
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_of_something_else_is_not_written_to(tmp_path):
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), astronaut())
    before = photo.read_bytes()
    with running("--camera", "demo", "--output", photo) as process:
        _, told = process.communicate(timeout=20)
        assert process.returncode == 2 and is_one_line(told)
    assert photo.read_bytes() == before
