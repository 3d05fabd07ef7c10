import numpy as np
import pytest

from edge_emotion_device.cameras import frozen
from edge_emotion_device.cameras.frozen import FrozenPicture

STILL = np.full((48, 64, 3), 99, np.uint8)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch):
    """Show a picture for some seconds, ten times a second."""
    clock = [1000.0]
    monkeypatch.setattr(frozen, "monotonic", lambda: clock[0])
    watcher = FrozenPicture("usb:0")

    def show(picture, seconds: float) -> None:
        for _ in range(round(10 * seconds)):
            watcher.look(picture)
            clock[0] += 0.1

    return show


def test_a_picture_that_stands_still_is_told_once(watch, capsys) -> None:
    watch(STILL, 58)
    assert capsys.readouterr().err == ""
    watch(STILL, 200)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("edge-emotion: the picture of usb:0 has not changed in a single byte")


def test_one_that_moves_a_little_is_no_news(watch, capsys) -> None:
    for index in range(100):
        noisy = STILL.copy()
        noisy[8 * (index % 6), 3] += index % 2
        watch(noisy, 2)
    assert capsys.readouterr().err == ""


def test_one_that_freezes_again_is_told_again(watch, capsys) -> None:
    for picture in (STILL, STILL + 1, STILL):
        watch(picture, 70)
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_another_size_is_a_change(watch, capsys) -> None:
    for size in (8, 16, 24, 32):
        watch(np.zeros((size, size), np.uint8), 40)
    assert capsys.readouterr().err == ""
