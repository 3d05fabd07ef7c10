import importlib.util
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from edge_emotion.errors import MissingExtra
from edge_emotion_device.cameras import demo, open_camera
from edge_emotion_device.cameras.demo import COLLINS, DIVIDER, FRAMES, HOPPER, DemoCamera, View


def test_it_is_a_clip_of_ten_seconds() -> None:
    with open_camera("demo") as camera:
        assert (camera.kind, camera.fps) == ("clip", 25.0)
        frames = list(iter(camera.read, None))
    assert [frame.index for frame in frames] == list(range(250))
    assert frames[-1].time_s == pytest.approx(249 / 25)
    assert {frame.image.shape for frame in frames} == {(480, 640, 3)}


def test_in_a_loop_it_goes_there_and_back_without_end_and_keeps_time() -> None:
    once, looping = list(iter(DemoCamera(frames=4).read, None)), DemoCamera("demo:loop", frames=4)
    began_s = time.monotonic()
    frames = [looping.read() for _ in range(10)]
    assert time.monotonic() - began_s >= 8 / 25  # the first is there at once
    assert [frame.index for frame in frames] == list(range(10))
    for frame, place in zip(frames, (0, 1, 2, 3, 2, 1, 0, 1, 2, 3), strict=True):
        np.testing.assert_array_equal(frame.image, once[place].image)


def test_it_is_the_same_on_every_run() -> None:
    first, second = DemoCamera(frames=5), DemoCamera(frames=5)
    while (frame := first.read()) is not None:
        again = second.read()
        assert again is not None
        np.testing.assert_array_equal(frame.image, again.image)
    assert second.read() is None


def test_a_face_is_found_in_every_frame_and_two_in_the_middle() -> None:
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    camera = DemoCamera(frames=50)
    found = []
    while (frame := camera.read()) is not None:
        gray = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        found.append(len(cascade.detectMultiScale(gray, 1.15, 5, minSize=(80, 80))))
    assert min(found) >= 1
    assert found[24:32] == [2] * 8


@pytest.mark.parametrize(("views", "height_px"), [(COLLINS, 512), (HOPPER, 600)])
def test_the_edge_of_a_photograph_is_never_seen(views: tuple[View, ...], height_px: int) -> None:
    white = np.full((height_px, 512, 3), 255, np.uint8)
    for at in np.linspace(0, 1, FRAMES):
        divider = round(640 * demo.eased(at, *zip(*DIVIDER, strict=True)))
        width_px = divider if views is COLLINS else 640 - divider
        if width_px:
            assert demo.look(white, views, at, width_px).min() == 255


def test_the_move_is_calm() -> None:
    """From frame to frame nothing jumps: no point of a view moves faster than 12 px."""
    views = np.array([[v.at, v.x, v.y, v.zoom, v.turn_deg] for v in COLLINS])
    path = np.array(
        [
            [demo.eased(at, tuple(views[:, 0]), tuple(views[:, k])) for k in (1, 2, 3, 4)]
            for at in np.linspace(0, 1, FRAMES)
        ]
    )
    steps = np.abs(np.diff(path, axis=0)).max(axis=0)
    assert (steps < (4, 4, 0.02, 0.2)).all()


def test_the_packages_with_the_photographs_are_not_imported() -> None:
    program = (
        "import sys; from edge_emotion_device.cameras import open_camera; "
        "open_camera('demo').read(); print({'skimage', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_without_the_photographs_the_line_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"scikit-image.*edge-emotion\[demo\]"):
        open_camera("demo")
    assert importlib.util.find_spec("skimage") is not None
