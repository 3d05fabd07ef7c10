import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import cv2
import pytest

from edge_emotion import __version__
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion_device.cameras import open_camera
from edge_emotion_device.sinks import annotated
from edge_emotion_device.sinks.annotated import AnnotatedPictures, AnnotatedVideo
from edge_emotion_device.sinks.json_lines import JsonLines
from helpers.sinks import frame, frames_in, frames_of, reading

# JSON lines


def test_one_line_a_reading_without_spaces() -> None:
    stream = io.StringIO()
    with JsonLines(stream) as sink:
        sink.write(frame(0), [reading(0, 1), reading(0, 2)])
        sink.write(frame(1), [])
        sink.write(frame(2), [reading(2)])
    lines = stream.getvalue().splitlines()
    assert [(json.loads(line)["frame"], json.loads(line)["track_id"]) for line in lines] == [
        (0, 1),
        (0, 2),
        (2, 1),
    ]
    assert json.loads(lines[0]) == reading(0, 1).as_dict()
    assert " " not in "".join(lines)


def test_all_frames_adds_a_line_for_a_frame_without_a_face() -> None:
    stream = io.StringIO()
    with JsonLines(stream, all_frames=True) as sink:
        sink.write(frame(0), [reading(0)])
        sink.write(frame(1), [])
    assert stream.getvalue().splitlines()[1] == '{"frame":1,"faces":0}'


def test_lines_can_be_read_as_soon_as_their_frame_is_written() -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    with os.fdopen(read_end) as reader, os.fdopen(write_end, "w") as writer:
        JsonLines(writer).write(frame(0), [reading(0)])
        assert json.loads(reader.readline())["frame"] == 0


def test_a_file_appears_whole_when_it_is_closed_and_after_an_interruption(tmp_path: Path) -> None:
    path = tmp_path / "new" / "readings.jsonl"
    with pytest.raises(KeyboardInterrupt), JsonLines.to_new_file(path) as sink:
        sink.write(frame(0), [reading(0)])
        assert not path.exists()
        raise KeyboardInterrupt
    assert [json.loads(line)["frame"] for line in path.read_text().splitlines()] == [0]
    assert [file.name for file in path.parent.iterdir()] == ["readings.jsonl"]


@pytest.mark.parametrize("opener", [JsonLines.to_new_file, JsonLines.to_log])
def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path, opener) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EdgeEmotionError, match="cannot write"):
        opener(tmp_path / "file" / "readings.jsonl")


def test_a_log_has_its_lines_at_once_and_keeps_those_of_former_runs(tmp_path: Path) -> None:
    path = tmp_path / "readings.jsonl"
    for index in range(3):
        with JsonLines.to_log(path) as sink:
            sink.write(frame(index), [reading(index)])
            assert frames_in(path) == list(range(index + 1))


def test_a_log_tells_when_each_run_started(tmp_path: Path) -> None:
    path = tmp_path / "readings.jsonl"
    for _ in range(2):
        with JsonLines.to_log(path, all_frames=True) as sink:
            for index in range(2):
                sink.write(frame(index), [])
    first, *others = path.read_text().splitlines()
    run = json.loads(first)["run"]
    assert datetime.fromisoformat(run["started"]).tzinfo is not None
    assert run["version"] == __version__
    assert [line.startswith('{"run":') for line in others] == [False, False, True, False, False]


def test_a_log_tells_when_settings_read_again_began_the_numbers_anew(tmp_path: Path) -> None:
    path = tmp_path / "readings.jsonl"
    with JsonLines.to_log(path) as sink:
        for index in (0, 1, 2, 0, 3):  # nobody is there at first, in the second camera's frames
            sink.write(frame(index), [reading(index)] if index else [])
    numbers = [json.loads(line).get("frame") for line in path.read_text().splitlines()]
    assert numbers == [None, 1, 2, None, 3]


def test_nothing_but_readings_goes_to_stdout_by_its_name_and_to_new_files(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
sys.path[:0] = [{str(Path(__file__).parents[2])!r}]
from edge_emotion_device.sinks.json_lines import JsonLines
from helpers.sinks import frame, reading
for sink in (JsonLines.to_log(Path("/dev/stdout")), JsonLines.to_new_file(Path("new.jsonl"))):
    with sink:
        sink.write(frame(0), [reading(0)])
"""
    with (tmp_path / "out").open("w") as stdout:
        subprocess.run([sys.executable, "-c", program], stdout=stdout, check=True, cwd=tmp_path)
    for name in ("out", "new.jsonl"):
        assert (tmp_path / name).read_text().startswith('{"frame":0,')


@pytest.mark.parametrize("kept", [0, 1, 4, 9, 40])
@pytest.mark.parametrize("of_run", [True, False])
def test_a_line_that_a_power_cut_has_torn_is_taken_away(
    tmp_path: Path, kept: int, of_run: bool
) -> None:
    path = tmp_path / "readings.jsonl"
    with JsonLines.to_log(path) as sink:
        sink.write(frame(0), [reading(0)])
    whole = path.read_text()
    torn = (whole if of_run else whole.splitlines(keepends=True)[1])[:kept]
    path.write_text(whole + torn)
    with JsonLines.to_log(path) as sink:
        sink.write(frame(1), [reading(1)])
    assert frames_in(path) == [0, 1]
    path.write_text(torn)  # and if it is all there is
    JsonLines.to_log(path).close()
    assert path.read_text() == ""


def test_a_file_of_an_earlier_version_is_added_to(tmp_path: Path) -> None:
    path = tmp_path / "readings.jsonl"
    path.write_text('{"frame":0,"faces":0}\n')
    with JsonLines.to_log(path) as sink:
        sink.write(frame(1), [reading(1)])
    assert frames_in(path) == [0, 1]


@pytest.mark.parametrize(
    "content",
    [bytes(range(256)) * 100, b"notes\nof mine\n", b'{"frames":[]}\n', b'notes\n{"frame":1}\n'],
)
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "else"
    path.write_bytes(content)
    with pytest.raises(WrongUse, match="something else than readings"):
        JsonLines.to_log(path)
    assert path.read_bytes() == content


def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full, pytest.raises(EdgeEmotionError, match="No space"):
        try:
            JsonLines(full).write(frame(0), [reading(0)])
        finally:
            os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())  # closing flushes again


def test_a_pipe_that_nobody_reads_ends_the_run_without_a_complaint() -> None:
    program = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parents[2])!r}]
from edge_emotion_device.sinks.json_lines import JsonLines, ReaderGone
from helpers.sinks import frame, reading
sink = JsonLines(sys.stdout)
try:
    for index in range(10_000):
        sink.write(frame(index), [reading(index)])
except ReaderGone:
    sys.exit(7)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["frame"] == 0
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 7


# Annotated video and pictures


def test_the_video_has_the_sources_rate_and_every_frame(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    with AnnotatedVideo(path, fps=20.0) as sink:
        for index in range(10):
            sink.write(frame(index), [reading(index)])
    assert len(frames_of(path)) == 10
    with open_camera(str(path)) as camera:
        assert camera.fps == 20.0


_FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame
from edge_emotion_device.sinks.annotated import AnnotatedVideo
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
sink = AnnotatedVideo(Path("annotated.mp4"), 25.0)
for index in range(20):
    sink.write(Frame(noise, index, index / 25), [])
try:
    sink.close()
except EdgeEmotionError as error:
    print(error)
"""


def test_a_video_that_a_full_disk_has_cut_off_does_not_replace_a_good_one(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    with AnnotatedVideo(path, fps=None) as sink:
        sink.write(frame(0), [])
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "cannot be played" in done.stdout and "check the free space" in done.stdout
    assert done.stdout.count("\n") == 1 and done.stderr == ""
    assert len(frames_of(path)) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_on_a_disk_that_fills_the_video_ends_at_once_and_plays(tmp_path: Path, monkeypatch) -> None:
    free_bytes = iter([20_000_000, 15_900_000])
    left = lambda folder: SimpleNamespace(free=next(free_bytes))  # noqa: E731
    monkeypatch.setattr(annotated.shutil, "disk_usage", left)
    path = tmp_path / "annotated.mp4"
    with (
        pytest.raises(EdgeEmotionError, match=r"15\.9 MB left; it ends after 25 frames"),
        AnnotatedVideo(path, fps=25.0) as sink,
    ):
        for index in range(60):
            sink.write(frame(index), [])
    assert len(frames_of(path)) == 25


def test_an_interrupted_video_plays(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    with pytest.raises(KeyboardInterrupt), AnnotatedVideo(path, fps=None) as sink:
        sink.write(frame(0), [reading(0)])
        sink.write(frame(1), [])
        raise KeyboardInterrupt
    assert len(frames_of(path)) == 2
    assert list(tmp_path.iterdir()) == [path]


def test_the_readings_are_drawn_on_the_video(tmp_path: Path) -> None:
    with AnnotatedVideo(tmp_path / "annotated.mp4", fps=25.0) as sink:
        sink.write(frame(0), [reading(0)])
    (drawn,) = frames_of(tmp_path / "annotated.mp4")
    assert drawn.image[60:150, 56:64].max() > 200  # the light outline of an undecided face


def test_a_frame_of_another_size_is_brought_to_the_first(tmp_path: Path) -> None:
    with AnnotatedVideo(tmp_path / "annotated.mp4", fps=25.0) as sink:
        sink.write(frame(0), [])
        sink.write(frame(1, size=(480, 640)), [])
    assert {read.image.shape for read in frames_of(tmp_path / "annotated.mp4")} == {(240, 320, 3)}


def test_a_video_without_a_frame_leaves_no_file(tmp_path: Path) -> None:
    AnnotatedVideo(tmp_path / "annotated.mp4", fps=25.0).close()
    assert list(tmp_path.iterdir()) == []


def test_after_a_long_loss_the_video_goes_on_frame_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    with AnnotatedVideo(path, fps=25.0) as sink:
        for index, time_s in enumerate((0.0, 600.0, 600.04, 600.08, 600.12)):
            sink.write(replace(frame(index), time_s=time_s), [])
    assert len(frames_of(path)) == 1 + 250 + 3  # ten seconds of the loss are shown


def test_pictures_keep_their_names(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with AnnotatedPictures(tmp_path / "out", tmp_path / "in") as sink:
        for index, name in enumerate(("a.png", "b.jpg", "b.png")):
            sink.write(frame(index, name), [reading(index)])
    written = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in written] == ["a.jpg", "b.jpg", "b.png.jpg"]
    picture = cv2.imread(str(written[0]))
    assert picture is not None
    assert picture.shape == (240, 320, 3)


def test_what_is_read_is_never_overwritten(tmp_path: Path) -> None:
    picture, video = tmp_path / "face.jpg", tmp_path / "annotated.mp4"
    picture.touch()
    for source in (tmp_path, picture):
        with pytest.raises(WrongUse, match="holds the pictures that are read"):
            AnnotatedPictures(tmp_path / "." / "", source)
    with pytest.raises(WrongUse, match="is the video that is read"):
        AnnotatedVideo(video, 25.0, video)
