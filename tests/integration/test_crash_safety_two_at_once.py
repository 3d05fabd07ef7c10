"""A second program on what the first one writes: refused in one line, and nothing is harmed.

Two on a camera are in test_cameras_v4l2.py, two on a port in test_serve.py and test_web_access.py.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.locks import alone_in
from edge_emotion_device.sinks.rotated import RotatedFile
from helpers.commands import command, edge_emotion, is_one_line

RUN = ["run", "--camera", "demo:loop", "--headless"]
PATIENCE_S = 60.0


@contextmanager
def reading(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A run that goes on and has read something."""
    process = subprocess.Popen(
        command(*RUN, "--all-frames", *arguments), stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_lines(file: Path, count: int) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not (file.exists() and file.read_bytes().count(b"\n") >= count):
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_two_runs_do_not_write_to_one_file(tmp_path: Path) -> None:
    file = tmp_path / "readings.jsonl"
    again = [*RUN, "--output", file, "--frames", "2", "--all-frames"]
    with reading("--output", file) as first:
        wait_for_lines(file, 3)
        second = edge_emotion(*again)
        assert second.returncode == 1 and is_one_line(second.stderr)
        assert f"another edge-emotion writes to {file} (pid {first.pid}); end it" in second.stderr
    assert edge_emotion(*again).returncode == 0  # the first was killed
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert sum("run" in line for line in lines) == 2


def test_a_file_that_begins_anew_is_still_one_runs_own(tmp_path: Path) -> None:
    first = RotatedFile(tmp_path / "log", 10, keep=1)
    for _ in range(3):
        first.write("some line\n")
        with pytest.raises(EdgeEmotionError, match="another edge-emotion writes to"):
            RotatedFile(tmp_path / "log", 10, keep=1)
    first.close()
    RotatedFile(tmp_path / "log", 10, keep=1).close()


def test_two_runs_do_not_save_into_one_folder(tmp_path: Path) -> None:
    with reading("--save", tmp_path) as first:
        assert first.stdout is not None and first.stdout.readline()
        second = edge_emotion(*RUN, "--save", tmp_path, "--frames", "2")
        assert second.returncode == 1 and is_one_line(second.stderr)
        assert f"another edge-emotion writes to {tmp_path} (pid {first.pid})" in second.stderr
    assert any(file.name.startswith(".") for file in tmp_path.iterdir())  # half a video
    assert edge_emotion(*RUN, "--save", tmp_path, "--frames", "2").returncode == 0
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["annotated.mp4", "readings.jsonl"]


@pytest.mark.slow
def test_two_trainings_do_not_write_into_one_run(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "mine"
    with alone_in(out, ""):
        second = edge_emotion("train", "emotion", "--recipe", "smoke", "--out", out, timeout_s=300)
        assert second.returncode == 1
        [line] = [line for line in second.stderr.splitlines() if line.startswith("edge-emotion")]
        assert f"another edge-emotion writes to {out} (pid " in line
        assert line.endswith("; wait for its end, or name another --out")
        assert not list(out.iterdir())


@pytest.mark.slow
def test_two_conversions_do_not_write_into_one_folder(tmp_path: Path) -> None:
    from edge_emotion_convert.convert import convert
    from helpers.tiny_runs import write_data, write_run

    write_run(tmp_path / "runs" / "my-emotion", "emotion", write_data(tmp_path / "data"))
    out = tmp_path / "exports"
    with (
        alone_in(out / "my-emotion", ""),
        pytest.raises(EdgeEmotionError, match=r"another edge-emotion writes to .*my-emotion"),
    ):
        convert(tmp_path / "runs" / "my-emotion", out=out)
    assert not out.exists()
