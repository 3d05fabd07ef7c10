"""The lines that `edge-emotion run` wrote, one after the other; broken ones are counted."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import EMOTIONS
from edge_emotion_device.sinks.json_lines import LONGEST_LINE_BYTES
from edge_emotion_device.sinks.rotated import former_files

_NAMED = 3  # broken lines


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says of one face, or of a frame without one.

    Attributes:
        frame: its number.
        time_s: of the frame; None where it has no face.
        track_id, label: of the face.
        smoothed: its probabilities, in the order of `labels.EMOTIONS`.
        ms: durations of the stages.
    """

    frame: int
    time_s: float | None = None
    track_id: int = 0
    label: str | None = None
    smoothed: tuple[float, ...] = ()
    ms: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class RunLine:
    """What a line says of the run whose lines follow; a file that began anew repeats it.

    Attributes:
        started: when the run did, with its offset from UTC.
    """

    started: datetime


class Lines:
    """Reads files of readings, one line at a time.

    Args:
        files: the oldest first.

    Attributes:
        broken: how many lines could not be read; a torn last one is among them.
        where: the first of them, as `FILE:NUMBER`.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self.broken = 0
        self.where: list[str] = []

    def __iter__(self) -> Iterator[Line | RunLine]:
        """The lines.

        Raises:
            EdgeEmotionError: a file cannot be read.
        """
        for file in self._files:
            try:
                with file.open("rb") as stream:
                    yield from self._parsed(file, stream)
            except OSError as error:
                raise EdgeEmotionError(
                    f"cannot read {file}: {error.strerror}", remedy="check the session's path"
                ) from error

    def _parsed(self, file: Path, stream: BinaryIO) -> Iterator[Line | RunLine]:
        number = 0
        while piece := stream.readline(LONGEST_LINE_BYTES):
            number += 1
            try:
                yield parse(piece)
            except (ValueError, RecursionError):
                self.broken += 1
                if len(self.where) < _NAMED:
                    self.where.append(f"{file}:{number}")


def with_former(file: Path) -> list[Path]:
    """A file and those it was before it began anew, FILE.1 and so on, the oldest first."""
    return [*reversed(former_files(file)), file]


def parse(line: bytes) -> Line | RunLine:
    """One line's content.

    Raises:
        ValueError: it is none of ours, or not whole.
    """
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("no object")
    if "run" in fields:
        return RunLine(_started(fields["run"]))
    frame = _whole(fields.get("frame"))
    if fields.get("faces") == 0:
        return Line(frame)
    label = fields.get("label")
    smoothed, ms = fields.get("smoothed"), fields.get("ms", {})
    if not (label is None or label in EMOTIONS):
        raise ValueError("no emotion")
    if not (isinstance(smoothed, dict) and isinstance(ms, dict)):
        raise ValueError("no probabilities or times")
    return Line(
        frame,
        _number(fields.get("time_s")),
        _whole(fields.get("track_id")),
        label,
        tuple(_number(smoothed.get(name)) for name in EMOTIONS),
        {stage: _number(duration) for stage, duration in ms.items()},
    )


def _started(run: Any) -> datetime:
    if not isinstance(run, dict) or not isinstance(run.get("started"), str):
        raise ValueError("no start")
    started = datetime.fromisoformat(run["started"])
    if started.utcoffset() is None:
        raise ValueError("no offset")
    return started


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError("no number")
    return value


def _number(value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value < 1e12:  # nor is it NaN or infinite
        raise ValueError("no number")
    return float(value)
