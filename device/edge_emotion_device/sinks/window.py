"""A live window with the annotated frames.

It is Tk's, which comes with Python: OpenCV's headless wheel cannot open one.
"""

from collections.abc import Sequence
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

import cv2

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame, Image, Reading
from edge_emotion_device.outgoing import Outgoing
from edge_emotion_device.sinks.base import Sink

LONGEST_WAIT_S = 1.0  # for a frame's time to come: a damaged clip may have it in a year
SCREEN_PART = 0.9  # of the screen's width and height that a frame may take


class Window(Sink):
    """Shows each frame as it is written; closing it, q or Escape sets `closed`."""

    in_main_thread = True  # Tk's rule

    def __init__(self, title: str = "Edge Emotion", *, anonymize: bool = False) -> None:
        """Open the window.

        Args:
            title: of the window.
            anonymize: whether to hide the faces.

        Raises:
            EdgeEmotionError: Python has no tkinter, or there is no display.
        """
        try:
            import tkinter
        except ImportError as error:
            raise EdgeEmotionError(
                f"a window needs tkinter, which this Python lacks ({error})",
                remedy="run: sudo apt install python3-tk, or use --headless",
            ) from error
        try:
            self._root = tkinter.Tk()
        except tkinter.TclError as error:
            raise EdgeEmotionError(
                "there is no display", remedy="--headless leaves the window out"
            ) from error
        self._root.title(title)
        self._root.resizable(False, False)
        self._root.protocol("WM_DELETE_WINDOW", self._ask_to_close)
        for key in ("q", "<Escape>"):
            self._root.bind(key, self._ask_to_close)
        self._photo = tkinter.PhotoImage(master=self._root)
        tkinter.Label(self._root, image=self._photo, borderwidth=0).pack()
        self._tcl_error = tkinter.TclError
        self._outgoing = Outgoing(anonymize)
        self._open = True
        self._start_s: float | None = None

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Show one frame and answer what the user did to the window since the last."""
        if self.closed:
            return
        self._outgoing.see(frame, readings)
        ppm = self._ppm(self._outgoing.picture(frame, readings))
        if self._start_s is None:
            self._start_s = monotonic() - frame.time_s
        try:
            self._photo.configure(data=ppm, format="PPM")
            self._root.update()
            until_s = min(frame.time_s + self._start_s, monotonic() + LONGEST_WAIT_S)
            while not self.closed and (early_s := until_s - monotonic()) > 0:
                sleep(min(early_s, 0.02))  # a clip is shown at its own speed
                self._root.update()
        except self._tcl_error:  # the display has gone, and the window with it
            self.closed = True

    def close(self) -> None:
        """Take the window away."""
        if self._open:
            self._open = False
            with suppress(self._tcl_error):
                self._root.destroy()
        self.closed = True

    def _ask_to_close(self, event: Any = None) -> None:
        self.closed = True  # the run loop closes it; Tk may be in the middle of an update here

    def _ppm(self, image: Image) -> bytes:
        """The image as PPM, reduced where it is larger than the screen."""
        height, width = image.shape[:2]
        part = min(
            SCREEN_PART * self._root.winfo_screenwidth() / width,
            SCREEN_PART * self._root.winfo_screenheight() / height,
            1.0,
        )
        size_px = (round(part * width), round(part * height))
        shown = cv2.resize(image, size_px, interpolation=cv2.INTER_AREA) if part < 1 else image
        encoded, ppm = cv2.imencode(".ppm", shown)
        assert encoded
        return ppm.tobytes()
