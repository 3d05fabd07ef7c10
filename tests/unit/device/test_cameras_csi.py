"""CSI cameras on a stand-in for picamera2; integration/test_cameras_csi.py has the real one."""

import sys
import types
from concurrent.futures import TimeoutError as NoResult
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion_device.cameras import csi, open_camera


class FakePicamera2:
    """As much of picamera2 as is used; its rows are padded, as the ISP's are."""

    cameras: ClassVar[list[str]] = ["/base/soc/i2c0mux/i2c@1/imx219@10"]
    stuck = False
    made: ClassVar[list["FakePicamera2"]] = []

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        return [{"Num": number, "Id": id_} for number, id_ in enumerate(cls.cameras)]

    def __init__(self, number: int) -> None:
        self.number, self.closed, self.flushed = number, False, False
        self.lores_index = 1
        self.made.append(self)

    def create_video_configuration(self, **options: object) -> dict[str, object]:
        return options

    def configure(self, configuration: dict[str, object]) -> None:
        self.configuration = configuration
        stream = types.SimpleNamespace(color_space=configuration["colour_space"])
        self.libcamera_config = types.SimpleNamespace(at=lambda index: stream)

    def stream_configuration(self, name: str) -> Any:
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
        width, height = self.stream_configuration("lores")["size"]
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
    range_ = types.SimpleNamespace(Full="full")
    sycc = types.SimpleNamespace(range="full")
    color_space = types.SimpleNamespace(Sycc=lambda: sycc, Range=range_)
    monkeypatch.setitem(sys.modules, "libcamera", types.SimpleNamespace(ColorSpace=color_space))
    return fake


def test_it_gives_the_y_plane_without_its_padding(picamera2: type[FakePicamera2]) -> None:
    with open_camera("csi") as camera:
        first, second = camera.read(), camera.read()
    assert first is not None
    assert second is not None
    assert (first.index, second.index) == (0, 1)
    np.testing.assert_array_equal(first.image, np.tile(np.arange(640) % 256, (480, 1)))
    (device,) = picamera2.made
    assert device.configuration["colour_space"].range == "full"  # type: ignore[attr-defined]
    assert device.closed


def test_one_that_hangs_is_an_error_and_can_be_closed(picamera2: type[FakePicamera2]) -> None:
    picamera2.stuck = True
    with open_camera("csi:0") as camera, pytest.raises(EdgeEmotionError, match="no frame for 3 s"):
        camera.read()
    assert picamera2.made[0].flushed
    assert picamera2.made[0].closed


def test_one_that_is_not_there_is_named(picamera2: type[FakePicamera2]) -> None:
    with pytest.raises(EdgeEmotionError, match="no camera csi:3; libcamera finds 1"):
        open_camera("csi:3")


def test_a_usb_camera_before_it_is_not_counted(picamera2: type[FakePicamera2]) -> None:
    picamera2.cameras = ["/base/pcie/usb@0,0-1.3:1.0-046d:0825", *FakePicamera2.cameras]
    with open_camera("csi:0"):
        assert picamera2.made[0].number == 1


def test_auto_prefers_it(picamera2: type[FakePicamera2]) -> None:
    with open_camera("auto") as camera:
        assert camera.name == "csi:0"


def fails(error: Exception) -> Any:
    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "libcamera":
                raise error

    return Finder


NUMPY = ValueError("numpy.dtype size changed, may indicate binary incompatibility")


@pytest.mark.parametrize(
    ("error", "on_the_system", "in_sight", "remedy"),
    [
        (ModuleNotFoundError("No module named 'libcamera'"), False, False, "sudo apt install"),
        (
            ModuleNotFoundError("No module named 'libcamera'"),
            True,
            False,
            r"does not see them: set include-system-site-packages = true in .*/pyvenv.cfg",
        ),
        (ImportError("No module named 'libcamera._libcamera'"), True, True, "/usr/bin/python3 -m"),
        (NUMPY, True, True, "pip install 'numpy<2'"),
        (ModuleNotFoundError("No module named 'pykms'", name="pykms"), True, True, r"kms\+\+"),
    ],
    ids=["not installed", "out of sight", "another Python", "another NumPy", "no kms++"],
)
def test_why_libcamera_cannot_be_imported_is_told_with_the_remedy(
    error: Exception,
    on_the_system: bool,
    in_sight: bool,
    remedy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if on_the_system:
        (tmp_path / "libcamera").mkdir()
    monkeypatch.setattr(csi, "SYSTEM_PACKAGES", tmp_path)
    monkeypatch.setattr(sys, "path", sys.path + [str(tmp_path)] * in_sight)
    monkeypatch.setattr(sys, "prefix", "/home/someone/edge")
    monkeypatch.delitem(sys.modules, "libcamera", raising=False)
    monkeypatch.setattr(sys, "meta_path", [fails(error), *sys.meta_path])
    with pytest.raises(WrongUse, match=remedy) as caught:
        open_camera("csi")
    assert f"cannot be imported ({error})" in str(caught.value)
    assert "\n" not in str(caught.value)
