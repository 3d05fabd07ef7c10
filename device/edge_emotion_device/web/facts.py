"""What the page and programs are told, as JSON."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Any

import orjson

from edge_emotion_device.vitals import Vitals
from edge_emotion_device.web.newest import Item

NO_FRAME_S = 10.0
_BRIEF = ("track_id", "label", "smoothed")
_FRESH_S = 0.5
_FRAMES_LATE = 3  # of those that a low rate gives


class Facts:
    """What viewers share, worked out once for all of them.

    Args:
        vitals: asked at most twice a second, for it copies the latest thousands of durations.
    """

    def __init__(self, vitals: Callable[[], Vitals]) -> None:
        self._ask = vitals
        self._vitals: tuple[float, Vitals] | None = None
        self._readings: dict[bool, tuple[int, bytes]] = {}  # by whether brief

    def vitals(self) -> Vitals:
        """How the run goes, or went half a second ago."""
        now_s = monotonic()
        if self._vitals is None or now_s - self._vitals[0] > _FRESH_S:
            self._vitals = (now_s, _in_utf8(self._ask()))
        return self._vitals[1]

    def readings(self, item: Item | None, brief: bool = False) -> bytes:
        """`readings_json` of a frame."""
        number = 0 if item is None else item.number
        if self._readings.get(brief, (None,))[0] != number:
            self._readings[brief] = (number, readings_json(item, brief))
        return self._readings[brief][1]


def readings_json(item: Item | None, brief: bool = False) -> bytes:
    """A frame's number, time and size, and its readings; null and none before the first.

    Args:
        item: the frame.
        brief: of the readings what the page shows, and no more.
    """
    if item is None:
        nothing = dict.fromkeys(("frame", "time_s", "width", "height"))
        return orjson.dumps({**nothing, "readings": []})
    frame, readings, _ = item
    told = [reading.as_dict() for reading in readings]
    if brief:
        told = [{name: fields[name] for name in _BRIEF} for fields in told]
    return orjson.dumps(
        {
            "frame": frame.index,
            "time_s": round(frame.time_s, 4),
            "width": frame.image.shape[1],
            "height": frame.image.shape[0],
            "readings": told,
        }
    )


def vitals_json(vitals: Vitals) -> bytes:
    """How the run goes, and why it fails if it does; of the stages their percentiles alone."""
    fields: dict[str, Any] = dict(vars(vitals))
    fields["stages"] = {
        name: {"p50_ms": round(p50_ms, 3), "p95_ms": round(p95_ms, 3)}
        for name, stage in vitals.stages.items()
        for p50_ms, p95_ms in [stage.percentiles_ms]
    }
    fields["labels"] = {label or "undecided": count for label, count in vitals.labels.items()}
    fields["failing"] = failing(vitals)
    return orjson.dumps({name: _rounded(value) for name, value in fields.items()})


def failing(vitals: Vitals) -> str:
    """Why no frames come; empty while they do.  Names neither the camera nor its address."""
    if vitals.trouble:
        return "the camera is lost"
    if vitals.since_frame_s is None:
        return "there was no frame yet"
    longest_s = max(NO_FRAME_S, _FRAMES_LATE / vitals.limit_fps if vitals.limit_fps else 0.0)
    if vitals.since_frame_s > longest_s:
        return f"no frame for {vitals.since_frame_s:.0f} s"
    return ""


def _in_utf8(vitals: Vitals) -> Vitals:
    """With a sign for what is none in names that users gave, such as a file's."""
    camera, trouble, *ran_on = (
        text.encode(errors="replace").decode()
        for text in (vitals.camera, vitals.trouble, *vitals.ran_on)
    )
    return replace(vitals, camera=camera, trouble=trouble, ran_on=tuple(ran_on))


def _rounded(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value
