"""The figures as one table, a row for each network at each setting: as CSV, and in JSON."""

import csv
import io
import json
from collections.abc import Iterator, Sequence

from edge_emotion_report.gathered import Gathered, Measured, Model
from edge_emotion_report.recommend import Recommendation
from edge_emotion_report.records import FrameTiming, Interval, Timing
from edge_emotion_report.scores import main_change
from edge_emotion_report.tasks import FACTS

COLUMNS = (
    "task", "model", "file", "format", "peer", "rejected", "sha256", "size_bytes", "macs",
    "rows_of", "rows", "measure", "value", "value_low", "value_high", "beside",
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
    for row in rows(gathered, gathered.devices):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return stream.getvalue()


def recommended_json(gathered: Gathered, recommended: Sequence[Recommendation]) -> str:
    """What to run on each device, on what that was decided, and every row that it was chosen of."""
    blank: dict[str, object] = dict.fromkeys(COLUMNS)
    by_label = {device.label: [device] for device in gathered.devices}
    told = []
    for one in recommended:
        chosen = {
            (advice.task, advice.choice.chosen.model.label)
            for advice in one.advice
            if advice.choice.chosen
        }
        setting = one.setting
        told.append(
            {
                "device": one.device,
                **{advice.task: advice.headline for advice in one.advice},
                "command": one.command or None,
                "delegate": setting and setting.delegate,
                "threads": setting and setting.threads,
                "decided_on": setting and ("networks" if setting.frame is None else "whole frames"),
                "frame": _of_frame(setting.frame) if setting and setting.frame else None,
                "cautions": one.cautions,
                "rows": [
                    {**blank, **row, "chosen": (row["task"], row["model"]) in chosen}
                    for row in rows(gathered, by_label.get(one.device, []))
                ],
            }
        )
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def rows(gathered: Gathered, devices: Sequence[Measured]) -> Iterator[dict[str, object]]:
    """For each model a row a setting on each of some devices, by `COLUMNS`; one without any.

    What was not measured is None or left out.
    """
    for model in gathered.models:
        known = _of_model(gathered, model)
        timed = [
            {**known, **_of_timing(device, timing)}
            for device in devices
            for timing in device.timings
            if timing.model == model.key
        ]
        yield from timed or [known]


def _of_model(gathered: Gathered, model: Model) -> dict[str, object]:
    row: dict[str, object] = {
        "task": model.task, "model": model.label, "file": model.file, "format": model.format,
        "peer": model.peer, "rejected": model.rejected, "sha256": model.sha256,
        "size_bytes": model.size_bytes, "macs": model.macs,
        "files": " ".join(str(source.file) for source in model.sources),
    }  # fmt: skip
    score = gathered.score(model)
    if score is not None:
        row |= {
            "rows_of": score.rows_of, "rows": score.rows,
            "measure": FACTS[model.task].measure, "value": score.value,
            **_ends("value", score.interval), "beside": score.beside,
        }  # fmt: skip
    lost = main_change(model.task, model.changes)
    if lost is not None:
        row |= {"lost": lost.drop, **_ends("lost", lost.interval), "lost_unit": lost.unit}
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


def _of_frame(frame: FrameTiming) -> dict[str, object]:
    low, high = frame.interval_ms or (None, None)
    return {
        "what": frame.what, "p50_ms": frame.p50_ms, "p50_low_ms": low, "p50_high_ms": high,
        "p90_ms": frame.p90_ms, "p99_ms": frame.p99_ms, "per_s": frame.per_s,
        "stages_ms": dict(frame.stages_ms),
    }  # fmt: skip


def _ends(name: str, interval: Interval) -> dict[str, object]:
    return dict(zip((f"{name}_low", f"{name}_high"), interval or (None, None), strict=True))


def _cell(value: object) -> str:
    """A number with six digits, or text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.6g}" if value != int(value) else str(int(value))
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
