"""Which source is what; pictures; and the camera of a machine that nobody told which it has.

The other sources have files of their own: test_cameras_*.py, test_demo.py.
"""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError, ExitCode, WrongUse
from edge_emotion_device.cameras import auto, is_live, open_camera, v4l2
from helpers.clips import frames, write_video


def write_pictures(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        assert cv2.imwrite(str(folder / name), np.full((8, 8, 3), 99, np.uint8))
    return folder


# What a source is


@pytest.mark.parametrize(
    "source",
    ["", "webcam", "0", "ftp://host/cam", "usb:front", "csi:-1", "demo:xyz", "auto:7"],
)
def test_an_unknown_source_is_wrong_use_and_lists_the_choices(source: str) -> None:
    with pytest.raises(WrongUse, match=r"usb(\[:N\]|:0)|csi:0") as caught:
        open_camera(source)
    assert caught.value.exit_code == ExitCode.WRONG_USE
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["gone.mp4", "no/such/folder", "./gone"])
def test_a_missing_file_is_named(source: str) -> None:
    with pytest.raises(EdgeEmotionError, match=f"there is no file or folder {source}") as caught:
        open_camera(source)
    assert caught.value.exit_code == ExitCode.FAILED


@pytest.mark.parametrize(
    ("source", "live"),
    [
        ("auto", True),
        ("csi", True),
        ("usb:1", True),
        ("/dev/video3", True),
        ("/dev/v4l/by-id/usb-C270", True),
        ("rtsp://host/cam", True),
        ("HTTPS://host/cam", True),
        ("demo", False),
        ("/dev/null", False),
        (__file__, False),
    ],
)
def test_what_is_live_is_known_before_it_is_opened(source: str, live: bool) -> None:
    assert is_live(source) is live


def test_a_link_to_a_video_node_is_live(tmp_path: Path) -> None:
    (tmp_path / "door").symlink_to("/dev/video97")
    assert is_live(str(tmp_path / "door"))


def test_a_file_in_memory_is_no_usb_camera() -> None:
    with pytest.raises(EdgeEmotionError, match=r"no file or folder /dev/shm/gone\.mp4"):
        is_live("/dev/shm/gone.mp4")


# Pictures


def test_a_folder_gives_separate_pictures_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "in", "b.png", "a.jpg", "c.bmp")
    (folder / "notes.txt").write_text("no picture")
    camera = open_camera(str(folder))
    assert (camera.kind, camera.fps) == ("pictures", None)
    read = frames(camera)
    assert [frame.source for frame in read] == ["a.jpg", "b.png", "c.bmp"]
    assert [frame.time_s for frame in read] == [0.0, 0.0, 0.0]


def test_a_sequence_is_one_clip(tmp_path: Path) -> None:
    camera = open_camera(str(write_pictures(tmp_path / "in", "1.png", "2.png")), sequence=True)
    assert camera.kind == "clip"
    assert [frame.time_s for frame in frames(camera)] == [0.0, 1 / 25]


def test_one_picture_is_a_source(tmp_path: Path) -> None:
    picture = write_pictures(tmp_path / "in", "face.png") / "face.png"
    (frame,) = frames(open_camera(str(picture)))
    assert frame.source == "face.png"


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgeEmotionError, match="holds no image"):
        open_camera(str(tmp_path))


def test_a_broken_picture_among_others_is_told_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_pictures(tmp_path / "in", "a.png", "c.png")
    (folder / "b.png").write_bytes(b"no picture")
    read = frames(open_camera(str(folder)))
    assert [(frame.index, frame.source) for frame in read] == [(0, "a.png"), (2, "c.png")]
    assert "skipped" in capsys.readouterr().err


def test_pictures_of_20_megapixels_take_the_memory_of_one(tmp_path: Path) -> None:
    shades = np.linspace(0, 255, 5184).astype(np.uint8)
    for name in "abcd":
        cv2.imwrite(str(tmp_path / f"{name}.jpg"), np.tile(shades[None, :, None], (3888, 1, 3)))
    program = """
import resource, sys
from edge_emotion_device.cameras import open_camera
def peak_mb(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak_mb()
with open_camera(sys.argv[1]) as camera:
    shapes = [frame.image.shape for frame in iter(camera.read, None)]
print(shapes == [(3888, 5184, 3)] * 4, peak_mb() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )
    whole, megabytes = done.stdout.split()
    assert whole == "True"
    assert int(megabytes) < 200  # two pictures of 60 MB, as the next is read before one is freed


# auto


@pytest.fixture
def no_csi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)


@pytest.mark.usefixtures("no_csi")
def test_auto_takes_the_first_device_that_gives_a_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute, working = tmp_path / "video0", write_video(tmp_path / "video1.avi", fourcc="MJPG")
    mute.touch()
    monkeypatch.setattr(v4l2.cv2, "CAP_V4L2", cv2.CAP_FFMPEG)
    monkeypatch.setattr(auto, "video_devices", lambda: [str(mute), str(working)])
    with open_camera("auto") as camera:
        assert camera.name == str(working)


@pytest.mark.usefixtures("no_csi")
def test_auto_does_not_wait_for_devices_that_are_no_cameras(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auto, "video_devices", lambda: ["/dev/video10", "/dev/video11"])
    monkeypatch.setattr(auto, "captures", lambda device: False)
    with pytest.raises(EdgeEmotionError, match="there is no /dev/videoN that is a camera"):
        open_camera("auto")


@pytest.mark.usefixtures("no_csi")
def test_auto_without_any_camera_says_what_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "video_devices", list)
    with pytest.raises(
        EdgeEmotionError, match=r"picamera2.*no /dev/videoN.*--camera demo"
    ) as caught:
        open_camera("auto")
    assert "\n" not in str(caught.value)
