"""Cameras: what is plugged in, what of it could be read, and why the rest could not."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from edge_emotion_device.board import ROOT, read_text
from edge_emotion_device.doctor.finding import Finding
from edge_emotion_device.permission import may_use, permit

_LENSES = ("dw9", "ad5398", "ak7375")  # motors of lenses, which stand beside the sensors
_PICAMERA2_TIMEOUT_S = 30.0
_LIST_CAMERAS = """
import sys
sys.path[:] = sys.argv[1:]
import json, picamera2
print(json.dumps(picamera2.Picamera2.global_camera_info()))
"""
_GET_NODE = "let this user read and write it, in a container with --device and --group-add video"
_GET_PICAMERA2 = (
    "run: sudo apt install python3-picamera2, and make the virtual environment with "
    "--system-site-packages"
)


@dataclass
class _Cameras:
    """What was found: readable cameras, and of the others each with its remedy."""

    usable: list[str] = field(default_factory=list)
    useless: list[tuple[str, str]] = field(default_factory=list)


def look_at_cameras(root: Path = ROOT) -> Finding:
    """Cameras on USB and CSI; `run` can also do without, with a file, a stream or the demo."""
    cameras = _Cameras()
    for node in sorted(root.glob("dev/video[0-9]*"), key=lambda node: (len(node.name), node.name)):
        _add_v4l2(node, root / "sys/class/video4linux" / node.name, cameras)
    _add_csi(_csi_sensors(root), cameras)
    found = "; ".join([*cameras.usable, *(text for text, _ in cameras.useless)])
    if not found:
        return Finding(
            "warn", "none", "connect one; --camera demo, a video file or rtsp://... needs none"
        )
    if not cameras.useless:
        return Finding("ok", found)
    return Finding("warn" if cameras.usable else "fail", found, cameras.useless[0][1])


def _add_v4l2(node: Path, facts: Path, cameras: _Cameras) -> None:
    from edge_emotion_device.cameras.v4l2_device import NO_CAMERAS, holders, is_busy, query

    name, index = (read_text(facts / entry) for entry in ("name", "index"))
    if name.startswith(NO_CAMERAS):
        return
    label = f"/dev/{node.name}"
    if not may_use(node):
        if index in ("", "0"):  # the others are the same camera's
            cameras.useless.append((f"{label} {name}: no permission", permit(node, _GET_NODE)))
        return
    try:
        capture = query(node)
    except OSError as error:
        cameras.useless.append((f"{label} {name}: {error.strerror}", "plug it in again"))
        return
    if capture is not None:
        formats = (
            f"{format_} up to {width}×{height}" if width else format_
            for format_, (width, height) in capture.formats.items()
        )
        held = ""
        if is_busy(node):
            held = f", in use by {', '.join(holders(node)) or 'another program'}"
        cameras.usable.append(f"{label} {capture.card} ({', '.join(formats)}){held}")


def _add_csi(sensors: list[str], cameras: _Cameras) -> None:
    if not sensors:
        return
    label = f"CSI {', '.join(sensors)}"
    if find_spec("picamera2") is None:
        cameras.useless.append((f"{label}: this Python sees no picamera2", _GET_PICAMERA2))
        return
    done = subprocess.run(  # noqa: S603 - in a process, for its libraries may crash
        # -I: without the current folder among the places of imports
        [sys.executable, "-I", "-c", _LIST_CAMERAS, *map(str, sys.path)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_PICAMERA2_TIMEOUT_S,
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        remedy = f"{_GET_PICAMERA2} and, on Bookworm, 'numpy<2' 'opencv-python-headless<4.12' in it"
        cameras.useless.append((f"{label}: picamera2 cannot be imported ({why})", remedy))
        return
    listed = enumerate(json.loads(done.stdout.splitlines()[-1]))
    found = [f"csi:{number} {one['Model']}" for number, one in listed if "/usb" not in one["Id"]]
    cameras.usable += found
    if not found:
        remedy = "end other programs that use it, and see what rpicam-hello --list-cameras prints"
        cameras.useless.append((f"{label}: libcamera does not list it", remedy))


def _csi_sensors(root: Path) -> list[str]:
    """Models of the sensors, which are the video sub-devices on an I²C bus."""
    found = []
    for device in sorted(root.glob("sys/class/video4linux/v4l-subdev*")):
        name = read_text(device / "name")
        on_i2c = (device / "device/subsystem").resolve().name == "i2c"
        if name and on_i2c and not name.startswith(_LENSES):
            found.append(name.split()[0])
    return found
