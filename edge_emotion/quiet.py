"""Keeping the chatter of native libraries from the terminal."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

_STDERR = 2


@contextmanager
def native_messages_hidden() -> Iterator[None]:
    """Drop what is written to file descriptor 2 while in the block.

    The TFLite runtime announces its CPU delegate there on every start, and TensorFlow that it found
    no GPU; neither has a setting that turns this off.
    """
    try:
        kept = os.dup(_STDERR)
    except OSError:  # closed, as by `2>&-`: nothing to hide
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), _STDERR)
            yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)


def silence_opencv() -> None:
    """Keep OpenCV and its FFmpeg from stderr: our own one line says what went wrong."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # OpenCV 4.12 moved the function; Raspberry Pi OS Bookworm needs an older one.
    logging = getattr(cv2.utils, "logging", cv2)
    logging.setLogLevel(0)  # silent
