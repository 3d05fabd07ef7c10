"""Python's packages, above all on Bookworm, whose picamera2 wants NumPy 1."""

import sys

import cv2
import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.doctor import packages
from edge_emotion_device.doctor.packages import version_of
from helpers.boards import BOOKWORM, TRIXIE, build

PIP = "run: pip install 'numpy<2' 'opencv-python-headless<4.12'"


@pytest.fixture
def picamera2(monkeypatch):
    """A system whose picamera2 this environment sees."""
    monkeypatch.setattr(packages, "find_spec", lambda name: object())


@pytest.mark.parametrize(
    ("release", "numpy", "opencv", "statuses"),
    [
        (BOOKWORM, "2.2.6", "4.12.0", ("warn", "warn")),
        (BOOKWORM, "2.0.0", "4.11.0", ("warn", "ok")),
        (BOOKWORM, "1.26.4", "4.12.0", ("ok", "warn")),
        (BOOKWORM, "1.26.4", "4.11.0", ("ok", "ok")),
        (TRIXIE, "2.2.6", "4.12.0", ("ok", "ok")),
    ],
)
def test_what_fits_the_systems_picamera2(
    tmp_path, monkeypatch, picamera2, release, numpy, opencv, statuses
):
    monkeypatch.setattr(np, "__version__", numpy)
    monkeypatch.setattr(cv2, "__version__", opencv)
    root = build(tmp_path, release)
    found = packages.look_at_numpy(root), packages.look_at_opencv(root)

    assert tuple(one.status for one in found) == statuses
    assert [one.remedy for one in found] == [PIP if status == "warn" else "" for status in statuses]
    assert found[0].found.startswith(numpy) and found[1].found.startswith(opencv)


def test_without_picamera2_bookworm_takes_any_numpy(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    monkeypatch.setattr(np, "__version__", "2.2.6")
    assert packages.look_at_numpy(build(tmp_path, BOOKWORM)).status == "ok"


def test_opencv_5_has_no_face_detector(tmp_path, monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier")
    found = packages.look_at_opencv(tmp_path)
    assert found.status == "fail"
    assert found.remedy == "run: pip install 'opencv-python-headless>=4.9,<5'"


@pytest.mark.parametrize(("version", "status"), [((3, 9, 18), "fail"), ((3, 13, 1), "ok")])
def test_python(tmp_path, monkeypatch, version, status):
    monkeypatch.setattr(sys, "version_info", version)
    assert packages.look_at_python(tmp_path).status == status


def test_the_runtime_has_a_name_and_a_version(tmp_path):
    name, version = packages.look_at_runtime(tmp_path).found.split()
    assert name in ("ai-edge-litert", "tflite-runtime")
    assert version_of(version) > (2,)


def test_no_runtime_is_told_by_the_one_who_looks_for_it(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "edge_emotion_device.runtime")
    for name in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EdgeEmotionError, match="pip install ai-edge-litert"):
        packages.look_at_runtime(tmp_path)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("4.13.0.90", (4, 13, 0)), ("2.5.0.post1", (2, 5, 0)), ("2.0rc1", (2, 0, 1)), ("", ())],
)
def test_versions_are_compared_by_their_numbers(text, numbers):
    assert version_of(text) == numbers
