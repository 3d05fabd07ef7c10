"""USB cameras, as far as they need no driver; integration/test_cameras_v4l2.py has one."""

import os
import subprocess
from pathlib import Path

import cv2
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device import permission
from edge_emotion_device.cameras import open_camera, v4l2
from edge_emotion_device.cameras.v4l2_device import captures, held_here, holders, is_busy
from helpers.clips import write_video


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A file where a camera should be."""
    path = tmp_path / "video0"
    path.touch()
    return path


def test_one_that_is_not_there_is_named() -> None:
    with pytest.raises(EdgeEmotionError, match=r"there is no camera /dev/video99.*demo"):
        open_camera("usb:99")


def test_without_permission_the_group_is_named(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permission.os, "access", lambda path, mode: False)
    group = permission.grp.struct_group(("video", "x", 44, []))
    monkeypatch.setattr(permission.grp, "getgrgid", lambda number: group)
    with pytest.raises(EdgeEmotionError, match=r"no permission.*; run: sudo usermod -aG video"):
        v4l2.V4l2Camera(str(device))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_the_permission_is_the_files_own(device: Path) -> None:
    device.chmod(0)
    with pytest.raises(EdgeEmotionError, match=r"no permission for .*video0"):
        v4l2.V4l2Camera(str(device))


def test_one_without_frames_is_refused_in_one_line(device: Path) -> None:
    with pytest.raises(EdgeEmotionError, match="video0 gives no frame; choose"):
        v4l2.V4l2Camera(str(device))


def test_one_that_stops_is_an_error_not_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = write_video(tmp_path / "video0.avi", count=3, fourcc="MJPG")
    monkeypatch.setattr(v4l2.cv2, "CAP_V4L2", cv2.CAP_FFMPEG)  # the file poses as a device
    monkeypatch.setattr(v4l2, "BROKEN_S", 0.1)
    with v4l2.V4l2Camera(str(video)) as camera:
        assert camera.kind == "live"
        times = [frame.time_s for frame in (camera.read(), camera.read(), camera.read()) if frame]
        assert len(times) == 3
        assert times == sorted(times)
        with pytest.raises(EdgeEmotionError, match="stopped giving frames after 3"):
            camera.read()


def test_what_is_no_device_is_neither_busy_nor_known_to_be_no_camera(device: Path) -> None:
    assert captures(str(device))
    assert not is_busy(str(device))
    assert not is_busy(str(device.parent / "gone"))


def test_who_holds_a_device_is_told_by_name(device: Path) -> None:
    assert holders(device) == []
    link = device.parent / "by-id"
    link.symlink_to(device)
    with subprocess.Popen(["sleep", "60"], stdin=device.open()) as other:
        assert holders(device) == holders(str(link)) == [f"sleep (pid {other.pid})"]
        other.kill()


def test_one_that_this_program_itself_still_holds_is_told_as_such(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(v4l2, "is_busy", lambda device: True)
    assert not held_here(device)
    with device.open():
        assert held_here(device)
        with pytest.raises(EdgeEmotionError, match="still held by this program"):
            v4l2.V4l2Camera(str(device))
    with pytest.raises(EdgeEmotionError, match="another user's program"):
        v4l2.V4l2Camera(str(device))
