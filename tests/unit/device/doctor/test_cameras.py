"""Cameras on USB and CSI, readable or not, and what on a Raspberry Pi only looks like one."""

import errno
import fcntl
import os
import struct
from pathlib import Path

import pytest

from edge_emotion_device import permission
from edge_emotion_device.cameras.v4l2_device import query
from edge_emotion_device.doctor.cameras import look_at_cameras
from helpers.boards import CONTAINER, build

CAPTURE, METADATA = 0x04200001, 0x04A00000
DISCRETE, STEPWISE = 1, 3
QUERYCAP, ENUM_FMT, ENUM_FRAMESIZES, REQBUFS = 0x80685600, 0xC0405602, 0xC02C564A, 0xC0145608
WEBCAM = {"YUYV": (DISCRETE, [(640, 480), (1280, 720)]), "MJPG": (DISCRETE, [(1920, 1080)])}


def usb(number: int, name: str = "HD Webcam C270", index: int = 0) -> dict[str, str]:
    """A node and what sysfs says of it."""
    folder = f"sys/class/video4linux/video{number}"
    return {
        f"dev/video{number}": "",
        f"{folder}/name": f"{name}\n",
        f"{folder}/index": f"{index}\n",
    }


def sensor(root, number: int, name: str) -> None:
    """A video sub-device on an I²C bus, as a CSI sensor or its lens is."""
    bus = build(root, {"sys/bus/i2c/uevent": ""}) / "sys/bus/i2c"
    folder = f"sys/class/video4linux/v4l-subdev{number}"
    build(root, {f"{folder}/name": f"{name}\n", f"{folder}/device/name": ""})
    (root / folder / "device/subsystem").symlink_to(bus)


@pytest.fixture
def devices(monkeypatch):
    """V4L2 devices behind plain files: the node's number -> capabilities and formats."""
    known: dict[int, tuple[int, dict]] = {}
    numbers: dict[int, int] = {}
    real_open = os.open

    def opened(path, flags, *mode, **options):
        descriptor = real_open(path, flags, *mode, **options)
        numbers[descriptor] = int(Path(path).name.removeprefix("video"))
        return descriptor

    def answer(descriptor, request, buffer):
        if numbers[descriptor] not in known:
            raise OSError(errno.ENODEV, "No such device")
        capabilities, formats = known[numbers[descriptor]]
        names = list(formats)
        if request == QUERYCAP:
            assert len(buffer) == 104
            struct.pack_into("16s32s32sIII", buffer, 0, b"uvcvideo", b"HD Webcam C270", b"usb-1",
                             0x060C19, 0x84A00001, capabilities)  # fmt: skip
            return
        index, second = struct.unpack_from("<II", buffer)
        if request == ENUM_FMT:
            assert len(buffer) == 64
            if second != 1 or index >= len(names):
                raise OSError(errno.EINVAL, "Invalid argument")
            buffer[44:48] = names[index].encode()
        if request == ENUM_FRAMESIZES:
            assert len(buffer) == 44
            kind, sizes = formats[struct.pack("<I", second).decode()]
            if index >= len(sizes):
                raise OSError(errno.EINVAL, "Invalid argument")
            struct.pack_into("<I", buffer, 8, kind)
            values = sizes[index]
            struct.pack_into(f"<{len(values)}I", buffer, 12, *values)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(fcntl, "ioctl", answer)
    return known


@pytest.fixture
def forbidden(monkeypatch):
    """Nodes that this user may not open, owned by the group video."""
    names: set[str] = set()
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: path.name not in names and access(path, mode)
    )
    group = permission.grp.struct_group(("video", "x", 44, []))
    monkeypatch.setattr(permission.grp, "getgrgid", lambda number: group)
    return names


def test_without_a_camera_run_can_still_work(tmp_path):
    found = look_at_cameras(build(tmp_path, CONTAINER))
    assert (found.status, found.found) == ("warn", "none")
    assert "--camera demo" in found.remedy


def test_a_webcam_with_its_formats(tmp_path, devices):
    devices.update({0: (CAPTURE, WEBCAM), 1: (METADATA, {})})
    found = look_at_cameras(build(tmp_path, usb(0), usb(1, index=1)))

    assert (found.status, found.remedy) == ("ok", "")
    assert found.found == ("/dev/video0 HD Webcam C270 (YUYV up to 1280×720, MJPG up to 1920×1080)")


def test_a_range_of_sizes_and_a_driver_that_tells_none(tmp_path, devices):
    least_greatest_step = (32, 3840, 2, 24, 2160, 2)
    devices[2] = (CAPTURE, {"NV12": (STEPWISE, [least_greatest_step]), "GREY": (DISCRETE, [])})
    found = look_at_cameras(build(tmp_path, usb(2)))
    assert found.found == "/dev/video2 HD Webcam C270 (NV12 up to 3840×2160, GREY)"


def test_what_never_ends_its_list_is_left(tmp_path, monkeypatch):
    def answer(descriptor, request, buffer):
        if request == QUERYCAP:
            struct.pack_into("<I", buffer, 88, CAPTURE)

    monkeypatch.setattr(fcntl, "ioctl", answer)
    node = build(tmp_path, usb(0)) / "dev/video0"
    assert query(node) is not None


def test_a_raspberry_pis_own_processors_are_no_cameras(tmp_path, devices):
    names = "bcm2835-codec-decode", "bcm2835-isp-capture0", "unicam-image", "rp1-cfe-csi2_ch0"
    names += "pispbe-output0", "rpivid", "rpi-hevc-dec"
    nodes = [usb(number, name) for number, name in enumerate(names, 10)]
    for number in range(10, 20):
        devices[number] = (CAPTURE, WEBCAM)
    assert look_at_cameras(build(tmp_path, *nodes)).found == "none"


def test_a_camera_without_permission_names_the_group(tmp_path, devices, forbidden):
    forbidden |= {"video0", "video1"}
    found = look_at_cameras(build(tmp_path, usb(0), usb(1, index=1)))

    assert found.status == "fail"  # there is one, and run cannot read it
    assert found.found == "/dev/video0 HD Webcam C270: no permission"
    assert found.remedy == "run: sudo usermod -aG video $USER, then log in again"


def test_nobody_should_join_the_group_root(tmp_path, devices, forbidden, monkeypatch):
    forbidden.add("video0")
    group = permission.grp.struct_group(("root", "x", 0, []))
    monkeypatch.setattr(permission.grp, "getgrgid", lambda number: group)
    found = look_at_cameras(build(tmp_path, usb(0)))
    assert "usermod" not in found.remedy and "--group-add video" in found.remedy


def test_one_good_camera_beside_one_that_is_not(tmp_path, devices, forbidden):
    devices[2] = (CAPTURE, WEBCAM)
    forbidden.add("video0")
    found = look_at_cameras(build(tmp_path, usb(0), usb(2)))
    assert found.status == "warn"
    assert found.found.startswith("/dev/video2") and "/dev/video0" in found.found


def test_a_camera_that_another_program_reads_is_a_camera(tmp_path, devices, monkeypatch):
    devices[0] = (CAPTURE, WEBCAM)
    answer = fcntl.ioctl

    def refuse_buffers(descriptor, request, buffer):
        if request == REQBUFS:
            raise OSError(errno.EBUSY, "Device or resource busy")
        answer(descriptor, request, buffer)

    monkeypatch.setattr(fcntl, "ioctl", refuse_buffers)
    found = look_at_cameras(build(tmp_path, usb(0)))
    assert found.status == "ok" and found.found.endswith(", in use by another program")


def test_a_camera_that_was_just_pulled_out(tmp_path, devices):
    found = look_at_cameras(build(tmp_path, usb(0)))
    assert (found.status, found.found) == ("fail", "/dev/video0 HD Webcam C270: No such device")


@pytest.fixture
def picamera2(tmp_path, monkeypatch):
    """Puts a stand-in where this Python and its children find the package."""

    def put(source: str) -> None:
        folder = tmp_path / "packages"
        build(folder, {"picamera2.py": source})
        monkeypatch.syspath_prepend(str(folder))

    return put


def lists(*cameras: dict[str, str]) -> str:
    return f"class Picamera2:\n    global_camera_info = staticmethod(lambda: {list(cameras)!r})\n"


ON_CSI = {"Model": "imx708_wide", "Id": "/base/axi/pcie@120000/rp1/i2c@80000/imx708@1a"}
ON_USB = {"Model": "C270", "Id": "/base/axi/pcie@120000/rp1/usb@200000-1:1.0-046d:0825"}


def test_a_csi_camera(tmp_path, picamera2):
    sensor(tmp_path, 0, "imx708_wide")
    sensor(tmp_path, 1, "dw9807 10-000c")
    picamera2(f"print('INFO Camera camera_manager.cpp')\n{lists(ON_USB, ON_CSI)}")
    found = look_at_cameras(tmp_path)
    assert (found.status, found.found) == ("ok", "csi:1 imx708_wide")


def test_a_file_in_the_current_folder_is_not_imported(tmp_path, picamera2, monkeypatch):
    sensor(tmp_path, 0, "imx708_wide")
    picamera2(lists(ON_CSI))
    (tmp_path / "json.py").write_text("raise RuntimeError('from the current folder')")
    monkeypatch.chdir(tmp_path)
    assert look_at_cameras(tmp_path).found == "csi:0 imx708_wide"


def test_a_sensor_that_this_python_has_no_picamera2_for(tmp_path, monkeypatch):
    monkeypatch.setattr("edge_emotion_device.doctor.cameras.find_spec", lambda name: None)
    sensor(tmp_path, 0, "imx219 10-0010")
    found = look_at_cameras(tmp_path)
    assert found.status == "fail"
    assert found.found == "CSI imx219: this Python sees no picamera2"
    assert "apt install python3-picamera2" in found.remedy
    assert "--system-site-packages" in found.remedy


@pytest.mark.parametrize(
    ("source", "found", "remedy"),
    [
        (
            "raise ValueError('numpy.dtype size changed')",
            "picamera2 cannot be imported (ValueError: numpy.dtype size changed)",
            "on Bookworm, 'numpy<2'",
        ),
        ("import os; os.abort()", "picamera2 cannot be imported (exit code -6)", "apt install"),
        (lists(ON_USB), "libcamera does not list it", "rpicam-hello --list-cameras"),
    ],
)
def test_a_csi_camera_that_cannot_be_read(tmp_path, picamera2, source, found, remedy):
    sensor(tmp_path, 0, "ov5647 10-0036")
    picamera2(source)
    told = look_at_cameras(tmp_path)
    assert (told.status, told.found) == ("fail", f"CSI ov5647: {found}")
    assert remedy in told.remedy
