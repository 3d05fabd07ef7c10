"""USB cameras: OpenCV's real V4L2 code, and ours, on a driver that is C (helpers/v4l2_device.c)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import cv2
import numpy as np
import pytest

CC = shutil.which("cc")
SOURCE = Path(__file__).parents[1] / "helpers" / "v4l2_device.c"

pytestmark = pytest.mark.skipif(CC is None, reason="needs a C compiler: apt install gcc libc6-dev")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("driver") / "libv4l2_device.so"
    subprocess.run([str(CC), "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    return library


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "video0"
    path.touch()
    cv2.imwrite(f"{path}.jpg", np.full((480, 640, 3), 77, np.uint8))
    return path


@pytest.fixture
def run(driver: Path, device: Path) -> Run:
    """Run a program that has the camera's path in `device` and changes it with `says(words)`."""

    def run(program: str, says: str = "") -> "subprocess.CompletedProcess[str]":
        Path(f"{device}.says").write_text(says)
        head = f"""
            from time import monotonic
            from edge_emotion.errors import EdgeEmotionError
            from edge_emotion_device.cameras import latest, v4l2, v4l2_device
            from edge_emotion_device.cameras.latest import LatestFrame
            from edge_emotion_device.cameras.v4l2 import V4l2Camera
            device = {str(device)!r}
            def says(words):
                open(device + ".says", "w").write(words)
            def failure(call):
                try:
                    call()
                except EdgeEmotionError as error:
                    return str(error)
        """
        return subprocess.run(
            [sys.executable, "-c", dedent(head) + dedent(program)],
            env={**os.environ, "LD_PRELOAD": str(driver), "FAKE_V4L2": str(device)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_the_format_that_is_asked_for_is_taken_without_a_word(run: Run) -> None:
    done = run("""
        with V4l2Camera(device) as camera:
            frames = [camera.read() for _ in range(5)]
        print(camera.fps, [frame.index for frame in frames], frames[0].image.shape)
        means = [frame.image.mean() for frame in frames]
        print(means == sorted(means))
    """)
    assert done.stdout == "30.0 [0, 1, 2, 3, 4] (480, 640, 3)\nTrue\n"
    assert done.stderr == ""


def test_another_format_is_taken_and_told_in_one_line(run: Run) -> None:
    done = run(
        "with V4l2Camera(device) as camera: print(camera.read().image.mean(), camera.fps)",
        says="640x480 MJPG fps=15",
    )
    assert done.stdout == "77.0 15.0\n"
    (line,) = done.stderr.splitlines()
    assert line.endswith("video0 gives 640×480 MJPG at 15 fps; asked for 640×480 YUYV at 30 fps")


def test_a_camera_that_another_program_uses_is_told_with_its_name(run: Run, device: Path) -> None:
    with subprocess.Popen(["sleep", "60"], stdin=device.open()) as other:
        done = run("print(failure(lambda: V4l2Camera(device)))", says="busy")
        other.kill()
    assert f"video0 is held by sleep (pid {other.pid}); end it, or choose" in done.stdout


def test_empty_frames_are_passed_over_for_a_while(run: Run) -> None:
    done = run(
        """
        from threading import Timer
        with V4l2Camera(device) as camera:
            camera.read()
            says("MJPG empty")
            Timer(0.4, says, ["MJPG"]).start()
            start_s = monotonic()
            print(camera.read().image.mean(), monotonic() - start_s > 0.3)
            says("MJPG empty")
            print(failure(camera.read))
    """,
        says="MJPG",
    )
    good, end = done.stdout.splitlines()
    assert good == "77.0 True"
    assert "video0 stopped giving frames after 2" in end


def test_a_pulled_cable_is_told_and_a_plugged_one_read_again(run: Run) -> None:
    done = run("""
        v4l2.BROKEN_S = 0.2
        with LatestFrame(lambda: V4l2Camera(device), give_up_s=20) as camera:
            before = camera.read()
            says("gone")
            while camera.wait(1.0):
                before = camera.read()
            says("")
            after = camera.read()
        print(after.index - before.index, after.time_s > before.time_s + 1, camera.reopened)
    """)
    loss, back = done.stderr.splitlines()
    assert done.stdout == "1 True 1\n"
    assert "video0 stopped giving frames after" in loss
    assert "video0 is back after" in back


@pytest.mark.slow
def test_a_camera_that_hangs_is_closed_when_it_wakes(run: Run) -> None:
    done = run("""
        latest.STALL_S = 0.5
        with LatestFrame(lambda: V4l2Camera(device), give_up_s=20) as camera:
            camera.read()
            says("hang")
            while camera.wait(2.0):
                camera.read()
            says("")
            print(camera.read() is not None)
    """)
    assert done.stdout == "True\n"
    assert "video0 hangs: nothing has come from it for" in done.stderr


@pytest.mark.parametrize(("says", "captures"), [("", True), ("codec", False), ("gone", True)])
def test_only_what_captures_is_a_camera_for_auto(run: Run, says: str, captures: bool) -> None:
    done = run("print(v4l2_device.captures(device))", says=says)
    assert done.stdout == f"{captures}\n"
