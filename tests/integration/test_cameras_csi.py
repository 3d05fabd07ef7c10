"""CSI cameras: the real picamera2, on a libcamera without hardware (helpers/fake_libcamera.py)."""

import importlib.util
import sys
from collections.abc import Iterator
from threading import Timer

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.cameras import csi, open_camera
from edge_emotion_device.cameras.latest import LatestFrame
from helpers import fake_libcamera

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("picamera2") is None,
        reason="needs: apt install libcap-dev gcc python3-dev; pip install picamera2",
    ),
    pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning"),  # picamera2's
]


@pytest.fixture(scope="module")
def installed() -> Iterator[fake_libcamera.Camera]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield fake_libcamera.install(monkeypatch)
    for name in [name for name in sys.modules if name.split(".")[0] == "picamera2"]:
        del sys.modules[name]  # they hold the stand-in


@pytest.fixture
def device(
    installed: fake_libcamera.Camera, monkeypatch: pytest.MonkeyPatch
) -> fake_libcamera.Camera:
    monkeypatch.setattr(csi, "READ_TIMEOUT_S", 0.3)
    for fault, none in {"plugged": True, "busy": False}.items():
        monkeypatch.setattr(installed, fault, none)
    return installed


def test_black_and_white_arrive_as_0_and_255_and_the_padding_does_not(
    device: fake_libcamera.Camera, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_camera("csi") as camera:
        frames = [camera.read() for _ in range(3)]
    ramp = np.linspace(0, 255, 640).round().astype(np.uint8)
    for index, frame in enumerate(frames):
        assert frame is not None
        assert frame.index == index
        np.testing.assert_array_equal(frame.image, np.tile(ramp, (480, 1)))
    assert capsys.readouterr().err == ""


def test_30_frames_a_second_are_asked_for(device: fake_libcamera.Camera) -> None:
    with open_camera("csi:0") as camera:
        assert camera.fps == 30
    assert device.started_with["FrameDurationLimits"] == (33333, 33333)


def test_a_pipeline_that_gives_no_full_range_is_told(
    device: fake_libcamera.Camera,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    limited = fake_libcamera.ColorSpace.Smpte170m()
    monkeypatch.setattr(
        fake_libcamera.CameraConfiguration, "shared_color_space", lambda *_: limited
    )
    with open_camera("csi") as camera:
        frame = camera.read()
    assert frame is not None
    assert (frame.image.min(), frame.image.max()) == (16, 235)
    assert "csi:0 gives black as 16 and white as 235" in capsys.readouterr().err


def test_a_camera_can_be_opened_again_after_closing(device: fake_libcamera.Camera) -> None:
    for _ in range(2):
        with open_camera("csi") as camera:
            assert camera.read() is not None
        camera.close()


def test_a_camera_of_another_program_is_told(device: fake_libcamera.Camera) -> None:
    device.busy = True
    with pytest.raises(EdgeEmotionError, match=r"csi:0 cannot be started: .*busy; close other"):
        open_camera("csi")


def test_a_loose_cable_is_an_error_and_the_camera_can_be_closed(
    device: fake_libcamera.Camera,
) -> None:
    with open_camera("csi") as camera:
        assert camera.read() is not None
        device.plugged = False
        with pytest.raises(EdgeEmotionError, match=r"csi:0 has given no frame for 0\.3 s"):
            while camera.read():
                pass


def test_a_camera_that_comes_back_is_read_again(device: fake_libcamera.Camera) -> None:
    with LatestFrame(lambda: open_camera("csi"), give_up_s=20) as camera:
        assert camera.read() is not None
        device.plugged = False
        Timer(1.5, setattr, [device, "plugged", True]).start()
        while camera.reopened == 0:
            assert camera.read() is not None


def test_usb_cameras_that_libcamera_lists_are_left_to_v4l2(
    device: fake_libcamera.Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "id", "/base/scb/pcie@7d500000/usb@0,0-1.3:1.0-046d:0825")
    with pytest.raises(EdgeEmotionError, match="no camera csi:0; libcamera finds 0"):
        open_camera("csi")
