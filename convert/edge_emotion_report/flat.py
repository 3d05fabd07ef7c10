"""The report as one CSV table: a line for each network at each setting on each device."""

import csv
import io
from collections.abc import Iterator

from edge_emotion_report.gathered import Gathered, Measured, Model
from edge_emotion_report.records import Interval, Timing
from edge_emotion_report.scores import HEADLINE

COLUMNS = (
    "task", "model", "file", "format", "peer", "rejected", "sha256", "size_bytes", "macs",
    "rows_of", "rows", "measure", "value", "value_low", "value_high",
    "lost", "lost_low", "lost_high", "lost_unit",
    "device", "delegate", "threads", "error", "p50_ms", "p50_low_ms", "p50_high_ms", "p90_ms",
    "p99_ms", "load_ms", "first_ms", "per_s", "memory_mb", "energy_mj", "files",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t")


def report_csv(gathered: Gathered) -> str:
    """The text of the table; a cell without a figure is empty."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in _rows(gathered):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return stream.getvalue()


def _rows(gathered: Gathered) -> Iterator[dict[str, object]]:
    for model in gathered.models:
        known = _of_model(gathered, model)
        timed = [
            {**known, **_of_timing(device, timing)}
            for device in gathered.devices
            for timing in device.timings
            if timing.model == model.key
        ]
        yield from timed or [known]


def _of_model(gathered: Gathered, model: Model) -> dict[str, object]:
    row: dict[str, object] = {
        "task": model.task, "model": model.label, "file": model.file, "format": model.format,
        "peer": int(model.peer), "rejected": int(model.rejected), "sha256": model.sha256,
        "size_bytes": model.size_bytes, "macs": model.macs,
        "files": " ".join(str(source.file) for source in model.sources),
    }  # fmt: skip
    score = gathered.score(model)
    if score is not None:
        row |= {
            "rows_of": score.rows_of, "rows": score.rows, "measure": HEADLINE[model.task],
            "value": score.value, **_ends("value", score.interval),
        }  # fmt: skip
    if model.changes:
        first = model.changes[0]
        row |= {"lost": first.drop, **_ends("lost", first.interval), "lost_unit": first.unit}
    return row


def _of_timing(device: Measured, timing: Timing) -> dict[str, object]:
    low, high = timing.interval_ms or (None, None)
    return {
        "device": device.label, "delegate": timing.delegate, "threads": timing.threads,
        "error": timing.error, "p50_ms": timing.p50_ms, "p50_low_ms": low, "p50_high_ms": high,
        "p90_ms": timing.p90_ms, "p99_ms": timing.p99_ms, "load_ms": timing.load_ms,
        "first_ms": timing.first_ms, "per_s": timing.per_s, "memory_mb": timing.memory_mb,
        "energy_mj": timing.energy_mj,
    }  # fmt: skip


def _ends(name: str, interval: Interval) -> dict[str, object]:
    return dict(zip((f"{name}_low", f"{name}_high"), interval or (None, None), strict=True))


def _cell(value: object) -> str:
    """A number with six digits, or text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}" if value != int(value) else str(int(value))
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
