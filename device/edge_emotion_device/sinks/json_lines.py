"""Readings as JSON lines, on stdout or in a file."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from math import inf
from os import SEEK_END
from pathlib import Path
from typing import Any, Protocol

from edge_emotion import __version__
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.files import replacing
from edge_emotion.types import Frame, Reading
from edge_emotion_device.sinks.base import Sink
from edge_emotion_device.sinks.rotated import RotatedFile

LONGEST_LINE_BYTES = 65_536  # a reading has some 1,500

_BEGINNINGS = (b'{"frame":', b'{"run":')


class ReaderGone(Exception):
    """Whoever read our output has closed it."""


class _Stream(Protocol):
    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...


class JsonLines(Sink):
    """One JSON object a line for each reading, flushed frame by frame."""

    name = "readings"

    def __init__(self, stream: _Stream, *, all_frames: bool = False) -> None:
        """Write to an open stream, which is left open.

        Args:
            stream: of text.
            all_frames: also write `{"frame":n,"faces":0}` for a frame without a face.
        """
        self._stream = stream
        self._all_frames = all_frames
        self._log: RotatedFile | None = None
        self._frame = -1  # the last one's number
        self._stack = ExitStack()

    @classmethod
    def to_new_file(cls, path: Path, *, all_frames: bool = False) -> "JsonLines":
        """Write to a file that appears, whole, on `close`.

        Raises:
            EdgeEmotionError: it cannot be written there.
        """
        with ExitStack() as opening:
            part = opening.enter_context(replacing(path))
            sink = cls(
                opening.enter_context(part.open("w", encoding="utf-8")), all_frames=all_frames
            )
            sink._stack = opening.pop_all()
        sink.whole_on_close = True
        return sink

    @classmethod
    def to_log(
        cls, path: Path, *, all_frames: bool = False, most_bytes: float = inf, keep: int = 0
    ) -> "JsonLines":
        """Add lines to a file, each of which is there as soon as it is written.

        A last line that a power cut has torn is taken away first.  Before the run's first line, and
        again where a file begins anew, stands one that tells when the run started; so does one
        before the first frame of another camera, whose numbers begin anew (SIGHUP).

        Args:
            path: of the file.
            all_frames: as above.
            most_bytes, keep: as `RotatedFile` has them.

        Raises:
            EdgeEmotionError: it cannot be written there, or another run writes to it.
            WrongUse: the file holds something else.
        """
        with ExitStack() as opening:
            try:
                file = RotatedFile(path, most_bytes, keep, _run_line())
                opening.callback(file.close)
                _cut_torn_line(path)
            except OSError as error:
                raise EdgeEmotionError(
                    f"cannot write {path}: {error.strerror}", remedy="choose another place"
                ) from error
            sink = cls(file, all_frames=all_frames)
            sink._log, sink._stack = file, opening.pop_all()
        return sink

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Write one frame's lines.

        Raises:
            ReaderGone: the stream is a pipe that nobody reads any more.
        """
        if self._log is not None and frame.index < self._frame:
            self._log.head(_run_line())
        self._frame = frame.index
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
        """Close the file, if one was opened; a stream stays open."""
        self._stack.close()


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"), allow_nan=False) + "\n"


def _run_line() -> str:
    """The line of a run that starts now."""
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    return _line({"run": {"started": started, "version": __version__}})


def _cut_torn_line(path: Path) -> None:
    """Take away what stands behind the last line's end, if it is the beginning of one of ours.

    Raises:
        WrongUse: that, or what the file begins with, is something else, so that it is none of ours.
    """
    if not path.is_file():  # new, or a pipe or terminal
        return
    with path.open("r+b") as file:
        first = file.read(max(map(len, _BEGINNINGS)))
        end = file.seek(0, SEEK_END)
        file.seek(max(0, end - LONGEST_LINE_BYTES))
        torn = file.read().rpartition(b"\n")[2]
        # Some file systems fill what had not reached the disk with zeros.
        if not (_is_ours(first.rstrip(b"\0")) and _is_ours(torn.rstrip(b"\0"))):
            raise WrongUse(f"{path} holds something else than readings", expected="another file")
        if torn:
            file.truncate(end - len(torn))


def _is_ours(line: bytes) -> bool:
    """Whether a line, which may be torn, begins as one of ours."""
    return any(line.startswith(beginning[: len(line)]) for beginning in _BEGINNINGS)
