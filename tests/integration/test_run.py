"""`edge-emotion run` from end to end: the demo, files, interruptions and bad input."""

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import shipped_model
from helpers.commands import command, edge_emotion, edge_emotion_here, is_one_line
from helpers.photographs import astronaut


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures with a face and one without."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "a.png"), astronaut())
    cv2.imwrite(str(pictures / "b.jpg"), astronaut()[:, ::-1])
    cv2.imwrite(str(pictures / "c.png"), np.full((200, 300), 127, np.uint8))
    return pictures


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def frames_of(video: Path) -> int:
    capture, count = cv2.VideoCapture(str(video)), 0
    while capture.read()[0]:
        count += 1
    return count


def test_the_demo_is_read_in_at_least_95_percent_of_its_frames(tmp_path):
    done = edge_emotion("run", "--camera", "demo", "--headless", "--save", tmp_path / "out")
    readings = lines(done.stdout)
    total = frames_of(tmp_path / "out" / "annotated.mp4")

    assert done.returncode == 0
    assert len({reading["frame"] for reading in readings}) >= 0.95 * total
    assert (tmp_path / "out" / "readings.jsonl").read_text() == done.stdout
    assert f"{total} read, 0 dropped" in done.stderr
    assert "p95" in done.stderr


def test_a_reading_has_the_fields_of_the_contract(folder):
    first = lines(edge_emotion("run", "--camera", folder, "--headless").stdout)[0]

    assert list(first) == [
        "frame", "time_s", "track_id", "box", "keypoints", "probabilities", "smoothed", "label",
        "ms", "source",
    ]  # fmt: skip
    assert list(first["keypoints"]) == list(KEYPOINTS)
    assert list(first["probabilities"]) == list(first["smoothed"]) == list(EMOTIONS)
    assert list(first["ms"]) == ["detect", "keypoints", "emotion"]
    assert first["label"] == "Happy"


def test_a_folder_is_read_as_separate_pictures(folder, tmp_path):
    done = edge_emotion_here(
        "run", "--camera", folder, "--headless", "--all-frames", "--save", tmp_path / "out"
    )
    first, second, third = lines(done.stdout)

    assert (first["source"], second["source"]) == ("a.png", "b.jpg")
    assert first["track_id"] != second["track_id"]
    assert third == {"frame": 2, "faces": 0}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "a.jpg", "b.jpg", "c.jpg", "readings.jsonl",
    }  # fmt: skip


def test_a_folder_can_be_a_sequence(tmp_path):
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.roll(astronaut(), 3 * number, axis=1))
    done = edge_emotion_here("run", "--camera", tmp_path, "--sequence", "--headless")

    assert {reading["track_id"] for reading in lines(done.stdout)} == {1}


def test_camera_alone_means_auto():
    done = edge_emotion("run", "--camera", "--headless", "--frames", "1")

    assert done.returncode in (0, 1)  # 0 where there is a camera
    if done.returncode:
        assert is_one_line(done.stderr)
        assert "--camera demo" in done.stderr


def test_readings_can_go_to_a_file(tmp_path):
    file = tmp_path / "readings.jsonl"
    done = edge_emotion("run", "--camera", "demo", "--headless", "--frames", "5", "--output", file)

    assert done.stdout == ""
    first, *readings = lines(file.read_text())
    assert set(first) == {"run"}
    assert [reading["frame"] for reading in readings] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_whole_lines_and_a_video_that_plays(tmp_path, number):
    out = tmp_path / "out"
    running = subprocess.Popen(
        command("run", "--camera", "demo", "--headless", "--save", out),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    seen = [running.stdout.readline() for _ in range(5)]
    running.send_signal(number)
    rest, stderr = running.communicate(timeout=20)

    assert running.returncode == (130 if number == signal.SIGINT else 0)
    assert "Traceback" not in stderr
    readings = lines("".join(seen) + rest)
    assert frames_of(out / "annotated.mp4") == readings[-1]["frame"] + 1
    assert len(lines((out / "readings.jsonl").read_text())) == len(readings)
    assert sorted(path.name for path in out.iterdir()) == ["annotated.mp4", "readings.jsonl"]


def test_a_reader_that_has_seen_enough_ends_the_run_quietly():
    run = shlex.join(command("run", "--camera", "demo", "--headless"))
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{run} | head -2"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0
    assert len(lines(done.stdout)) == 2
    assert "Error" not in done.stderr


def test_without_a_display_the_run_goes_on_and_says_so():
    environment = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
    done = subprocess.run(
        command("run", "--camera", "demo", "--frames", "3"),
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )

    assert done.returncode == 0
    assert len(lines(done.stdout)) == 3
    assert "--headless" in done.stderr.splitlines()[0]


def truncated(path: Path, to: Path, size: int) -> Path:
    to.write_bytes(path.read_bytes()[:size])
    return to


def test_bad_models_are_refused_before_anything_is_written(tmp_path):
    keypoints, emotion = shipped_model("keypoints"), shipped_model("emotion")
    cases = {
        "is a model for keypoints": keypoints,
        "is truncated": truncated(emotion, tmp_path / "half.tflite", 300_000),
        "cannot read the model": tmp_path / "none.tflite",
    }
    for message, file in cases.items():
        done = edge_emotion_here(
            "run", "--camera", "demo", "--headless", "--emotion", file, "--save", tmp_path / "out"
        )
        assert done.returncode == 1
        assert message in done.stderr
        assert is_one_line(done.stderr)
        assert not (tmp_path / "out").exists()


def test_bad_sources_are_told_in_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing.mp4").touch()
    (tmp_path / "noise.mp4").write_bytes(os.urandom(5000))
    (tmp_path / "noise.jpg").write_bytes(os.urandom(5000))
    for source in ("empty", "nothing.mp4", "noise.mp4", "noise.jpg", "missing.mp4"):
        done = edge_emotion_here("run", "--camera", tmp_path / source, "--headless")
        assert done.returncode == 1, source
        assert source in done.stderr
        assert is_one_line(done.stderr), done.stderr
        assert done.stdout == ""


def test_a_truncated_video_is_read_as_far_as_it_goes(tmp_path):
    whole = tmp_path / "whole.avi"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"MJPG"), 25, (512, 512))
    for _ in range(40):
        writer.write(astronaut())
    writer.release()
    half = truncated(whole, tmp_path / "half.avi", whole.stat().st_size // 2)
    done = edge_emotion_here("run", "--camera", half, "--headless")

    assert done.returncode == 0
    assert 15 <= len(lines(done.stdout)) <= 22  # about half of the 40 frames


def test_a_video_without_its_index_is_told_in_one_line(tmp_path):
    edge_emotion_here("run", "--camera", "demo", "--headless", "--frames", "40", "--save", tmp_path)
    whole = tmp_path / "annotated.mp4"
    half = truncated(whole, tmp_path / "half.mp4", whole.stat().st_size // 2)
    done = edge_emotion_here("run", "--camera", half, "--headless")

    assert done.returncode == 1
    assert is_one_line(done.stderr)
    assert "half.mp4" in done.stderr


def test_the_input_is_never_overwritten(tmp_path):
    picture = tmp_path / "face.png"
    cv2.imwrite(str(picture), astronaut())
    before = picture.read_bytes()
    for option, place in (("--output", picture), ("--save", tmp_path)):
        done = edge_emotion_here("run", "--camera", picture, "--headless", option, place)
        assert done.returncode == 2
        assert is_one_line(done.stderr)
    assert picture.read_bytes() == before


def test_times_run_as_in_the_video(tmp_path):
    edge_emotion_here("run", "--camera", "demo", "--headless", "--frames", "26", "--save", tmp_path)
    done = edge_emotion_here("run", "--camera", tmp_path / "annotated.mp4", "--headless")

    assert lines(done.stdout)[-1]["time_s"] == pytest.approx(1.0, abs=0.05)


def test_seconds_limit_a_run():
    # A camera that never ends: without the limit the command would be killed for its time.
    done = edge_emotion(
        "run", "--camera", "demo:loop", "--headless", "--seconds", "0.2", "--all-frames"
    )

    assert done.returncode == 0
    assert lines(done.stdout)
