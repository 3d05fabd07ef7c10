"""Keeping the chatter of native libraries from the terminal."""

import os
import sys
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


@contextmanager
def only_python_speaks() -> Iterator[None]:
    """Drop what native code writes to stderr while in the block, and nothing that Python does."""
    if sys.stderr is not sys.__stderr__ or sys.stderr is None:  # something collects it already
        with native_messages_hidden():
            yield
        return
    sys.stderr.flush()
    ours = sys.stderr
    with os.fdopen(os.dup(ours.fileno()), "w", buffering=1) as kept, native_messages_hidden():
        sys.stderr = kept
        try:
            yield
        finally:
            sys.stderr = ours


def silence_tensorflow() -> None:
    """Keep TensorFlow's notes and warnings from stderr, not its errors; before it is loaded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def silence_opencv() -> None:
    """Keep OpenCV and its FFmpeg from stderr: our own one line says what went wrong."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # OpenCV 4.12 moved the function; Raspberry Pi OS Bookworm needs an older one.
    logging = getattr(cv2.utils, "logging", cv2)
    logging.setLogLevel(0)  # silent
