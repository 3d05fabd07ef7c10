import http.server
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as NoResult
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError, ExitCode, WrongUse
from edge_emotion.types import Frame
from edge_emotion_device.cameras import Camera, open_camera, v4l2
from edge_emotion_device.cameras.csi import CsiCamera


def frames(camera: Camera) -> list[Frame]:
    with camera:
        return list(iter(camera.read, None))


def write_video(path: Path, count: int = 10, fps: float = 20.0, fourcc: str = "mp4v") -> Path:
    """A clip whose n-th frame has the gray level 10 n."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), fps, (64, 48))
    assert writer.isOpened()
    for index in range(count):
        writer.write(np.full((48, 64, 3), 10 * index % 250, np.uint8))
    writer.release()
    return path


def write_pictures(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        assert cv2.imwrite(str(folder / name), np.full((8, 8, 3), 99, np.uint8))
    return folder


# What a source is


@pytest.mark.parametrize("source", ["", "webcam", "0", "ftp://host/cam", "usb:front", "csi:-1"])
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


# Video files


def test_a_video_gives_every_frame_with_its_time(tmp_path: Path) -> None:
    camera = open_camera(str(write_video(tmp_path / "clip.mp4")))
    assert (camera.kind, camera.fps) == ("clip", 20.0)
    read = frames(camera)
    assert [frame.index for frame in read] == list(range(10))
    np.testing.assert_allclose([frame.time_s for frame in read], np.arange(10) / 20, atol=1e-6)
    np.testing.assert_allclose([frame.image.mean() for frame in read], np.arange(10) * 10, atol=5)


def test_a_video_cut_off_in_the_middle_gives_what_it_has(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.avi", count=40, fourcc="MJPG").read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: len(whole) // 2])
    assert 5 <= len(frames(open_camera(str(cut)))) < 40


def test_a_video_without_a_frame_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4").read_bytes()
    for name, content in {
        "empty.mp4": b"",
        "text.mp4": b"no video\n" * 100,
        "headless.mp4": whole[: len(whole) // 2],  # an MP4's index is at its end
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(EdgeEmotionError, match=name) as caught:
            open_camera(str(path))
        assert "\n" not in str(caught.value)


def test_ffmpeg_adds_no_lines_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "headless.mp4"
    path.write_bytes(write_video(tmp_path / "whole.mp4", count=200).read_bytes()[:5000])
    program = "import sys; from edge_emotion_device.cameras import open_camera as o; o(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert done.stderr.splitlines()[0].startswith("Traceback")


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


# USB cameras


def test_a_usb_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(EdgeEmotionError, match=r"there is no camera /dev/video99.*demo"):
        open_camera("usb:99")


def test_a_usb_camera_without_permission_names_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "video0").touch()
    monkeypatch.setattr(v4l2.os, "access", lambda path, mode: False)
    with pytest.raises(EdgeEmotionError, match="group video"):
        v4l2.V4l2Camera(str(tmp_path / "video0"))


def test_a_usb_camera_without_frames_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    with pytest.raises(EdgeEmotionError, match="video0 gives no frame"):
        v4l2.V4l2Camera(str(tmp_path / "video0"))


def test_a_usb_camera_that_stops_is_an_error_not_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = write_video(tmp_path / "video0.avi", count=3, fourcc="MJPG")
    monkeypatch.setattr(v4l2.cv2, "CAP_V4L2", cv2.CAP_FFMPEG)  # the file poses as a device
    with v4l2.V4l2Camera(str(video)) as camera:
        assert camera.kind == "live"
        times = [frame.time_s for frame in (camera.read(), camera.read(), camera.read()) if frame]
        assert len(times) == 3
        assert times == sorted(times)
        with pytest.raises(EdgeEmotionError, match="stopped giving frames after 3"):
            camera.read()


# Network cameras


@pytest.fixture
def serve() -> Iterator[Callable[[int], str]]:
    """Serve a number of JPEGs as one MJPEG stream over HTTP; gives its address."""
    servers = []

    def start(count: int) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                for index in range(count):
                    _, jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 20 * index, np.uint8))
                    head = b"--frame\r\nContent-Type: image/jpeg\r\n"
                    head += b"Content-Length: %d\r\n\r\n" % len(jpeg)
                    self.wfile.write(head + jpeg.tobytes() + b"\r\n")

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"127.0.0.1:{server.server_port}/stream"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_mjpeg_stream_is_live_and_its_end_a_loss(serve: Callable[[int], str]) -> None:
    with open_camera(f"http://{serve(5)}") as camera:
        assert camera.kind == "live"
        with pytest.raises(EdgeEmotionError, match="stopped giving frames"):
            while frame := camera.read():
                assert frame.image.shape == (48, 64, 3)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_stream_that_nobody_serves_is_refused_without_its_password(scheme: str) -> None:
    with pytest.raises(EdgeEmotionError, match=r"127.0.0.1:9/cam gives no frame") as caught:
        open_camera(f"{scheme}://someone:secret@127.0.0.1:9/cam")
    assert "secret" not in str(caught.value)


# CSI cameras


class FakePicamera2:
    """As much of picamera2 as is used; its rows are padded, as the ISP's are."""

    cameras = 1
    stuck = False
    made: ClassVar[list["FakePicamera2"]] = []

    @classmethod
    def global_camera_info(cls) -> list[dict[str, int]]:
        return [{"Num": number} for number in range(cls.cameras)]

    def __init__(self, number: int) -> None:
        self.number, self.closed, self.flushed = number, False, False
        self.made.append(self)

    def create_video_configuration(self, **options: object) -> dict[str, object]:
        return options

    def configure(self, configuration: dict[str, object]) -> None:
        self.configuration = configuration

    def stream_configuration(self, name: str) -> object:
        return self.configuration[name]

    def start(self) -> None:
        pass

    def capture_array(self, name: str, wait: bool) -> str:
        assert wait is False
        return name

    def wait(self, job: str, timeout: float) -> np.ndarray:
        assert job == "lores"
        if self.stuck:
            raise NoResult
        width, height = self.configuration["lores"]["size"]  # type: ignore[index]
        planes = np.full((height * 3 // 2, width + 64), 128, np.uint8)
        planes[:height, :width] = np.arange(width) % 256
        return planes

    def cancel_all_and_flush(self) -> None:
        self.flushed = True

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def picamera2(monkeypatch: pytest.MonkeyPatch) -> type[FakePicamera2]:
    fake = type("Fake", (FakePicamera2,), {"made": []})
    monkeypatch.setitem(sys.modules, "picamera2", types.SimpleNamespace(Picamera2=fake))
    color_space = types.SimpleNamespace(Sycc=lambda: "full range")
    monkeypatch.setitem(sys.modules, "libcamera", types.SimpleNamespace(ColorSpace=color_space))
    return fake


def test_a_csi_camera_gives_the_y_plane_without_its_padding(picamera2: type[FakePicamera2]) -> None:
    with open_camera("csi") as camera:
        first, second = camera.read(), camera.read()
    assert first is not None
    assert second is not None
    assert (first.index, second.index) == (0, 1)
    assert first.image.shape == (480, 640)
    np.testing.assert_array_equal(first.image, np.tile(np.arange(640) % 256, (480, 1)))
    (device,) = picamera2.made
    assert device.configuration["colour_space"] == "full range"
    assert device.closed


def test_a_csi_camera_that_hangs_is_an_error_and_can_be_closed(
    picamera2: type[FakePicamera2],
) -> None:
    picamera2.stuck = True
    with open_camera("csi:0") as camera, pytest.raises(EdgeEmotionError, match="no frame for 5 s"):
        camera.read()
    assert picamera2.made[0].flushed
    assert picamera2.made[0].closed


def test_a_csi_camera_that_is_not_there_is_named(picamera2: type[FakePicamera2]) -> None:
    with pytest.raises(EdgeEmotionError, match="no camera csi:3; libcamera finds 1"):
        open_camera("csi:3")


def test_without_picamera2_the_line_names_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(WrongUse, match=r"apt install python3-picamera2.*--system-site-packages"):
        CsiCamera("csi")


# auto


def test_auto_prefers_the_csi_camera(picamera2: type[FakePicamera2]) -> None:
    with open_camera("auto") as camera:
        assert camera.name == "csi:0"


def test_auto_takes_the_first_device_that_gives_a_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picamera2: type[FakePicamera2]
) -> None:
    picamera2.cameras = 0
    mute, working = tmp_path / "video0", write_video(tmp_path / "video1.avi", fourcc="MJPG")
    mute.touch()
    monkeypatch.setattr(v4l2.cv2, "CAP_V4L2", cv2.CAP_FFMPEG)
    monkeypatch.setattr(
        "edge_emotion_device.cameras.auto.video_devices", lambda: [str(mute), str(working)]
    )
    with open_camera("auto") as camera:
        assert camera.name == str(working)


def test_auto_without_any_camera_says_what_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.setattr("edge_emotion_device.cameras.auto.video_devices", list)
    with pytest.raises(
        EdgeEmotionError, match=r"picamera2.*no /dev/videoN.*--camera demo"
    ) as caught:
        open_camera("auto")
    assert "\n" not in str(caught.value)


def test_a_broken_picture_among_others_is_told_and_skipped(tmp_path, capsys):
    for name in ("a.png", "c.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "b.png").write_bytes(b"no picture")
    with open_camera(str(tmp_path)) as camera:
        frames = [camera.read(), camera.read(), camera.read()]

    assert [frame and (frame.index, frame.source) for frame in frames] == [
        (0, "a.png"),
        (2, "c.png"),
        None,
    ]
    assert "skipped" in capsys.readouterr().err
