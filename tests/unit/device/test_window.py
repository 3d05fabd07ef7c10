import builtins
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame
from edge_emotion_device.sinks.window import Window

FRAME = Frame(np.full((240, 320, 3), (10, 120, 230), np.uint8), 0, 0.0)


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen of 1024×768 that nobody sees."""
    pytest.importorskip("tkinter")
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb: sudo apt install xvfb")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    yield f":{server.stdout.readline().strip()}"
    server.terminate()
    server.wait()


@pytest.fixture
def window(display: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("DISPLAY", display)
    with Window() as window:
        yield window


def test_the_frame_is_shown_in_its_colours(window: Window) -> None:
    window.write(FRAME, [])
    assert (window._root.winfo_width(), window._root.winfo_height()) == (320, 240)
    assert window._photo.get(160, 120) == (230, 120, 10)
    assert not window.closed


def test_a_frame_larger_than_the_screen_is_reduced(window: Window) -> None:
    window.write(Frame(np.zeros((1080, 1920), np.uint8), 0, 0.0), [])
    assert (window._photo.width(), window._photo.height()) == (922, 518)


@pytest.mark.parametrize("key", ["q", "<Escape>"])
def test_q_and_escape_end_the_run(window: Window, key: str) -> None:
    window.write(FRAME, [])
    window._root.focus_force()
    window._root.update()
    window._root.event_generate(key)
    window.write(FRAME, [])
    assert window.closed
    window.write(FRAME, [])  # the frame that is under way does no harm


def test_closing_the_window_ends_the_run(window: Window) -> None:
    window.write(FRAME, [])
    window._root.tk.call(*window._root.tk.splitlist(window._root.protocol("WM_DELETE_WINDOW")))
    assert window.closed


def test_a_window_is_quick_enough_for_a_camera(window: Window) -> None:
    frame = Frame(np.zeros((480, 640, 3), np.uint8), 0, 0.0)
    start_s = time.perf_counter()
    for _ in range(10):
        window.write(frame, [])
    assert (time.perf_counter() - start_s) / 10 < 0.2  # a few ms; room for a busy machine


def test_closing_twice_does_nothing(window: Window) -> None:
    window.close()
    window.close()
    assert window.closed


def test_without_a_display_the_line_names_headless(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tkinter")
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(EdgeEmotionError, match=r"no display.*--headless") as caught:
        Window()
    assert "\n" not in str(caught.value)


def test_without_tkinter_the_line_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    really_import = builtins.__import__

    def without_tkinter(name: str, *rest: Any) -> Any:
        if name == "tkinter":
            raise ModuleNotFoundError("No module named 'tkinter'")
        return really_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_tkinter)
    with pytest.raises(EdgeEmotionError, match=r"apt install python3-tk.*--headless"):
        Window()
