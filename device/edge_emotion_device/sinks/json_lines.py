"""Readings as JSON lines, on stdout or in a file."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import replacing
from edge_emotion.types import Frame, Reading
from edge_emotion_device.sinks.base import Sink


class ReaderGone(Exception):
    """Whoever read our output has closed it."""


class JsonLines(Sink):
    """One JSON object a line for each reading, flushed frame by frame."""

    def __init__(self, target: TextIO | Path, *, all_frames: bool = False) -> None:
        """Write to an open stream, or to a file that appears, whole, on `close`.

        Args:
            target: a stream, which is left open, or a path.
            all_frames: also write `{"frame":n,"faces":0}` for a frame without a face.
        """
        self._all_frames = all_frames
        self._stack = ExitStack()
        if isinstance(target, Path):
            part = self._stack.enter_context(replacing(target))
            self._stream: TextIO = self._stack.enter_context(part.open("w", encoding="utf-8"))
        else:
            self._stream = target

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Write one frame's lines.

        Raises:
            ReaderGone: the stream is a pipe that nobody reads any more.
        """
        objects: list[dict[str, Any]] = [reading.as_dict() for reading in readings]
        if not objects and self._all_frames:
            objects = [{"frame": frame.index, "faces": 0}]
        if not objects:
            return
        try:
            # One write a frame, so that an interruption leaves whole lines.
            self._stream.write("".join(_line(fields) for fields in objects))
            self._stream.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error
        except OSError as error:
            raise EdgeEmotionError(
                f"cannot write the readings: {error.strerror}",
                remedy="check the free space, or write elsewhere",
            ) from error

    def close(self) -> None:
        """Put the file in place; a stream stays open."""
        self._stack.close()


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"), allow_nan=False) + "\n"
