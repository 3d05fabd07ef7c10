"""Video files, whole and damaged."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_emotion_device.cameras import open_camera
from helpers.clips import frames, write_video
from helpers.refusals import refusal


def test_a_video_gives_every_frame_with_its_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    camera = open_camera(str(write_video(tmp_path / "clip.mp4")))
    assert (camera.kind, camera.fps) == ("clip", 20.0)
    read = frames(camera)
    assert [frame.index for frame in read] == list(range(10))
    np.testing.assert_allclose([frame.time_s for frame in read], np.arange(10) / 20, atol=1e-6)
    np.testing.assert_allclose([frame.image.mean() for frame in read], np.arange(10) * 10, atol=5)
    assert capsys.readouterr().err == ""


def test_a_file_whose_name_is_no_utf8_is_refused(tmp_path: Path) -> None:
    named = write_video(tmp_path / "clip.mp4").rename(tmp_path / "caf\udce9.mp4")

    assert "is not UTF-8; rename it" in refusal(lambda: open_camera(str(named)))


def write_busy_video(path: Path, fourcc: str, count: int = 300) -> bytes:
    """A clip whose every frame has as many bytes as the next; gives the file."""
    noise = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8), (0, 0), 3
    )
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), 25, (160, 120))
    for index in range(count):
        writer.write(np.roll(noise, 3 * index, axis=1) // 2)
    writer.release()
    return path.read_bytes()


@pytest.mark.parametrize("part", [0.1, 0.6])
@pytest.mark.parametrize(
    ("name", "fourcc"),
    [("clip.mp4", "mp4v"), ("clip.avi", "MJPG"), ("clip.avi", "XVID"), ("clip.mkv", "mp4v")],
)
def test_a_video_damaged_in_the_middle_is_read_to_its_end(
    tmp_path: Path, name: str, fourcc: str, part: float, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    damaged = bytearray(write_busy_video(path, fourcc))
    last = frames(open_camera(str(path)))[-1].image
    first, hole = int(len(damaged) * (0.5 - part / 2)), int(len(damaged) * part)
    damaged[first : first + hole] = np.random.default_rng(1).bytes(hole)
    path.write_bytes(damaged)

    read = frames(open_camera(str(path)))
    assert 300 * (1 - part) - 45 < len(read) < 300
    assert np.abs(read[-1].image.astype(int) - last).mean() < 2
    assert [frame.index for frame in read] == list(range(len(read)))
    times = [frame.time_s for frame in read]
    assert times == sorted(times)
    told = capsys.readouterr().err
    if name != "clip.mkv":  # its header does not count the frames
        assert told == (
            f"edge-emotion: {path}: {300 - len(read)} of its 300 frames are damaged "
            "and were left out\n"
        )


def test_the_end_is_told_and_given_once_and_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cut.avi"
    whole = write_video(path, count=40, fourcc="MJPG").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with open_camera(str(path)) as camera:
        read = len(list(iter(camera.read, None)))
        assert camera.read() is None
    assert 5 <= read < 40
    assert capsys.readouterr().err.count("frames are damaged") == 1


def test_a_video_without_a_frame_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4").read_bytes()
    for name, content in {
        "empty.mp4": b"",
        "text.mp4": b"no video\n" * 100,
        "headless.mp4": whole[: len(whole) // 2],  # an MP4's index is at its end
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert name in refusal(lambda path=path: open_camera(str(path)))


@pytest.mark.parametrize("codec", [b"MJPG", b"none"])
def test_a_video_that_claims_huge_frames_is_refused_in_one_line(
    tmp_path: Path, codec: bytes
) -> None:
    """Of a codec that FFmpeg does not know, OpenCV's own reader would take the pictures."""
    path = write_video(tmp_path / "huge.avi", fourcc="MJPG")
    header, rest = path.read_bytes().split(b"\x18\0MJPG")
    pictures = rest.replace(b"\0\x30\0\x40", b"\x40\0\x40\0")  # 48 rows of 64 px
    assert pictures != rest
    path.write_bytes(header + b"\x18\0" + codec + pictures)

    assert "huge.avi" in refusal(lambda: open_camera(str(path)))


def test_ffmpeg_adds_no_lines_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "headless.mp4"
    path.write_bytes(write_video(tmp_path / "whole.mp4", count=200).read_bytes()[:5000])
    program = "import sys; from edge_emotion_device.cameras import open_camera as o; o(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert done.stderr.splitlines()[0].startswith("Traceback")
