"""Python, and the packages that `run` is made of."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

from edge_emotion_device.board import ROOT, read_board
from edge_emotion_device.doctor.finding import Finding

_OLDEST_PYTHON = (3, 10)
# Raspberry Pi OS Bookworm built picamera2's modules for NumPy 1 (raspberrypi/picamera2#1211), and
# OpenCV asks for NumPy 2 from 4.12 on.
_BOOKWORM_PIP = "run: pip install 'numpy<2' 'opencv-python-headless<4.12'"


def look_at_python(root: Path = ROOT) -> Finding:
    """Which Python this is, and where."""
    found = f"{sys.version.split()[0]} in {sys.prefix}"
    if sys.version_info < _OLDEST_PYTHON:
        return Finding("fail", found, "use Python 3.10 or newer")
    return Finding("ok", found)


def look_at_numpy(root: Path = ROOT) -> Finding:
    """NumPy, which on Bookworm must be that of the system's picamera2."""
    import numpy as np

    if _needs_numpy_1(root) and version_of(np.__version__) >= (2,):
        found = f"{np.__version__}, but the system's picamera2 was built for NumPy 1"
        return Finding("warn", found, _BOOKWORM_PIP)
    return Finding("ok", np.__version__)


def look_at_opencv(root: Path = ROOT) -> Finding:
    """OpenCV, which needs its face detector, and on Bookworm one that goes with NumPy 1."""
    import cv2

    found = str(cv2.__version__)
    if not hasattr(cv2, "CascadeClassifier"):
        remedy = "run: pip install 'opencv-python-headless>=4.9,<5'"
        return Finding("fail", f"{found}, without CascadeClassifier", remedy)
    if _needs_numpy_1(root) and version_of(found) >= (4, 12):
        found = f"{found}, but the system's picamera2 needs NumPy 1, and this NumPy 2"
        return Finding("warn", found, _BOOKWORM_PIP)
    return Finding("ok", found)


def look_at_runtime(root: Path = ROOT) -> Finding:
    """The TFLite runtime."""
    from edge_emotion_device.runtime import runtime_name

    return Finding("ok", runtime_name())


def version_of(text: str) -> tuple[int, ...]:
    """The numbers a version begins with, to compare."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _needs_numpy_1(root: Path) -> bool:
    return read_board(root).codename == "bookworm" and find_spec("picamera2") is not None
