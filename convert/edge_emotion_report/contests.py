"""One file of benchmarks/detectors.py, version 1: face detectors side by side."""

from collections.abc import Sequence
from pathlib import Path

from edge_emotion_report import fields
from edge_emotion_report.fields import Fence, MalformedError, Table
from edge_emotion_report.records import Contender, Contest, Score, Source
from edge_emotion_report.scores import table_score
from edge_emotion_report.tasks import FACTS
from edge_emotion_report.wording import plain

SCHEMA, VERSION = "edge-emotion/detectors", 1
_COMMAND = "python benchmarks/detectors.py"


def contest(content: Table, file: Path) -> tuple[Sequence[Contest], Sequence[str]]:
    """The file's record, and a sentence about each part of it that cannot be used.

    Raises:
        MalformedError: another version, or nothing in it can be used.
    """
    fields.check_version(content, VERSION)
    fence = Fence()
    source = fence.source(content, file, "detectors", _COMMAND)
    contenders = tuple(
        fence.usable(content, "detectors", lambda one, where: _contender(one, source))
    )
    if not contenders:
        raise MalformedError("it has no detectors" + "".join(f"; {one}" for one in fence.wrong[:1]))
    warnings = fence.entries(fence.inside(content, "conditions"), "warnings", "conditions")
    machine = fence.text(fence.inside(content, "machine"), "cpu", "machine")
    return [
        Contest(
            source=source,
            machine=machine or "an unnamed machine",
            rows_of=fence.text(content, "photographs_of") or "photographs that are not told",
            contenders=contenders,
            warnings=tuple(plain(str(one)) for one in warnings),
        )
    ], fence.wrong


def _contender(entry: Table, source: Source) -> Contender:
    rows_of, times = fields.text(entry, "rows_of", None), fields.inside(entry, "times")
    p50_ms, interval_ms = fields.median(times)
    used = fields.inside(entry, "as_used")
    return Contender(
        name=fields.text(entry, "name", None),
        peer=entry.get("peer") is True,
        precision=table_score("detector", entry, rows_of, source),
        recall=_recall(entry, rows_of, source),
        recall_as_used=fields.number(used, "recall"),
        false_boxes_as_used=fields.number(used, "false_boxes"),
        p50_ms=p50_ms,
        interval_ms=interval_ms,
        p90_ms=fields.number(times, "p90_ms"),
    )


def _recall(entry: Table, rows_of: str, source: Source) -> Score | None:
    """What is found at the rate of false boxes that is told beside the average precision."""
    beside = FACTS["detector"].beside
    assert beside is not None
    group, rate, _ = beside
    value, rows = fields.number(fields.inside(entry, group), rate), fields.number(entry, "rows")
    if value is None or not rows:
        return None
    if value > 1:
        raise MalformedError(f"{group} is {value:g}")
    interval = fields.pair(fields.inside(entry, "intervals_95"), f"{group}.{rate}")
    return Score(rows_of, int(rows), value, interval, source)
