"""Files as `benchmark`, `convert` and `evaluate` write them, with figures that are made up."""

import json
from pathlib import Path

FORMATS = ("int8", "dynamic", "float16", "float32", "int16x8")
ROWS = "drawn test"


def sha(name: str) -> str:
    """A checksum that stays the same."""
    return (name.encode().hex() * 64)[:64]


def network(name="emotion-edge", task="emotion", fmt="int8", **changed):
    """An entry of a benchmark's models."""
    file = f"{task}_{fmt}.tflite"
    entry = {
        "id": f"{name}-{fmt}", "file": file, "sha256": sha(f"{name}/{file}"),
        "flatbuffer_sha256": sha(f"{fmt}/{task}/{name}"), "task": task,
        "name": name, "format": fmt, "size_bytes": 700_000, "peer": False, "macs": 30_000_000,
        "accuracy": None,
    }  # fmt: skip
    return entry | changed


def timing(model="emotion-edge-int8", p50_ms=1.0, **changed):
    """An entry of a benchmark's networks."""
    entry = {
        "model": model, "delegate": "cpu", "threads": 1, "status": "ok", "load_ms": 3.0,
        "first_ms": 2 * p50_ms, "mean_ms": p50_ms, "min_ms": p50_ms, "p50_ms": p50_ms,
        "p90_ms": 1.2 * p50_ms, "p99_ms": 2 * p50_ms,
        "p50_interval_ms": [0.99 * p50_ms, 1.01 * p50_ms], "per_s": 1000 / p50_ms,
        "memory_mb": 6.5, "outliers": 0.0, "rounds_p50_ms": [p50_ms], "operators": None,
    }  # fmt: skip
    return entry | changed


def frame(emotion="emotion-edge-int8", keypoints="keypoints-edge-int8", **changed):
    """An entry of a benchmark's frame path."""
    entry = {
        "emotion": emotion, "keypoints": keypoints, "delegate": "cpu", "threads": 1,
        "frame_px": [640, 480], "faces": 1, "detector": "haar", "every": 10, "p50_ms": 3.0,
        "p90_ms": 12.0, "p99_ms": 20.0, "p50_interval_ms": [2.9, 3.1], "per_s": 250.0,
        "stages_ms": {"detect": 2.0, "keypoints": 1.0, "emotion": 0.5, "other": 0.5},
        "status": "ok",
    }  # fmt: skip
    return entry | changed


def layer(number, us, macs=1_000_000, **changed):
    """An operator of a graph that was cut."""
    entry = {
        "number": number, "operator": "CONV_2D", "output": [24, 24, 32], "macs": macs,
        "read_bytes": 20_000, "written_bytes": 5_000, "us": us,
        "us_interval": [0.9 * us, 1.2 * us],
    }  # fmt: skip
    return entry | changed


def layers(*models, peak=100e9, **changed):
    """The layers of a benchmark's models: what each of a megamac takes at a peak of 10 µs."""
    timed = [layer(1, 2.0, 0, operator="QUANTIZE"), layer(2, 40.0), layer(3, 12.5), layer(4, 0.2)]
    return {
        "peak_macs_per_s": peak, "memory_bytes_per_s": 10e9,
        "models": [{"model": one, "status": "ok", "layers": timed} for one in models],
    } | changed  # fmt: skip


def benchmark(models=None, networks=None, frames=(), machine="Raspberry Pi 4", **changed):
    """A whole benchmark file."""
    models = [network()] if models is None else models
    networks = [timing(one["id"]) for one in models] if networks is None else networks
    table = {
        "schema": "edge-emotion/benchmark", "version": 1, "made": "2026-11-21T21:00:00+00:00",
        "command": "edge-emotion benchmark --threads 1", "tool": "0.1.0",
        "machine": {"name": machine, "cpu": "Cortex-A72", "cores": 4, "architecture": "aarch64",
                    "accelerators": [], "versions": {"python": "3.11"}},
        "conditions": {"load": [0.1, 0.2], "temperature_c": [40, 50], "throttled": [],
                       "noise": 0.02, "warnings": [], "rounds": 20},
        "models": models, "networks": networks, "frame_path": list(frames), "energy": None,
    }  # fmt: skip
    return table | changed


def evaluation(model, value, low=None, high=None, rows_of=ROWS, **changed):
    """An evaluation of a model of a benchmark, on one set."""
    figure = "accuracy" if model["task"] == "emotion" else "rmse_px"
    part = {"rows_of": rows_of, "rows": 1000, figure: value, "interval_95": [low, high]}
    table = {
        "made": "2026-11-21T20:00:00+00:00", "command": "edge-emotion evaluate x --json",
        "tool": "0.1.0", "model": f"exports/{model['name']}/{model['file']}",
        "name": model["name"], "task": model["task"], "peer": model["peer"],
        "sha256": model["sha256"], "flatbuffer_sha256": model["flatbuffer_sha256"],
        "bytes": model["size_bytes"], "parts": [part],
    }  # fmt: skip
    return table | changed


def exported(model, drops, **changed):
    """An entry of a conversion.json, with the drops of some measures in their unit."""
    unit = "points" if model["task"] == "emotion" else "px"
    measures = [
        {"measure": name, "unit": unit, "before": 0.8, "after": 0.8, "drop": drop,
         "interval": [drop - 0.1, drop + 0.1], "max_drop": None, "passed": True}
        for name, drop in drops.items()
    ]  # fmt: skip
    figure = "accuracy" if model["task"] == "emotion" else "rmse_px"
    entry = {
        "file": model["file"], "task": model["task"], "format": model["format"],
        "bytes": model["size_bytes"], "sha256": model["sha256"],
        "flatbuffer_sha256": model["flatbuffer_sha256"],
        "measured_on": "500 validation faces of drawn",
        "gate": {**measures[0], "measures": measures},
        model["format"]: {"rows": 500, figure: 0.8},
    }  # fmt: skip
    return entry | changed


def conversion(entries, run="emotion-edge", rejected=()):
    """A whole conversion.json."""
    return {
        "models": list(entries), "rejected": list(rejected), "run": run,
        "task": entries[0]["task"] if entries else "emotion",
        "versions": {"edge_emotion": "0.1.0"},
    }  # fmt: skip


def explanation(name="emotion-edge"):
    """What `convert --why --json` prints."""
    layers = [
        {"layer": f"conv_{n}", "operator": "CONV_2D", "noise_added_share": share,
         "sqnr_so_far_db": 30.0, "sqnr_db": None, "rescaled_error": 0.3, "channel_ratio": 1.5}
        for n, share in enumerate((0.1, 0.7, 0.2))
    ]  # fmt: skip
    cause = {"kind": "spread", "layer": "", "text": "the noise is spread.", "remedy": "more faces"}
    table = {"task": "emotion", "faces": 64, "measured_on": "64 faces", "cause": cause}
    return {name: {**table, "layers": layers}}


def contender(name="edge-emotion", recall=0.82, p50_ms=0.5, **changed):
    """A detector of benchmarks/detectors.py."""
    times = {"p50_ms": p50_ms, "p90_ms": 2 * p50_ms, "p50_interval_ms": [0.9 * p50_ms, 2 * p50_ms]}
    entry = {
        "name": name, "task": "detector", "peer": name != "edge-emotion",
        "flatbuffer_sha256": sha(name), "rows_of": "drawn photographs", "rows": 202,
        "average_precision": 0.9, "interval_95": [0.86, 0.94],
        "recall": {"0.15": recall, "0.09": 0.8}, "intervals_95": {"recall.0.15": [0.7, 0.95]},
        "as_used": {"score": 0.5, "recall": 0.81, "false_boxes": 0.1}, "times": times,
    }  # fmt: skip
    return entry | changed


def contest(*detectors, **changed):
    """A whole file of benchmarks/detectors.py."""
    table = {
        "schema": "edge-emotion/detectors", "version": 1, "made": "2026-11-22T03:00:00+00:00",
        "command": "python benchmarks/detectors.py --data data", "tool": "0.1.0",
        "machine": {"cpu": "Cortex-A72", "cores": 4}, "photographs_of": "drawn photographs",
        "conditions": {"warnings": []}, "detectors": list(detectors) or [contender()],
    }  # fmt: skip
    return table | changed


def everything():
    """Files of a whole project: two tasks in five formats, a peer, two devices."""
    emotion = [network(fmt=fmt) for fmt in FORMATS]
    points = [network("keypoints-edge", "keypoints", fmt) for fmt in FORMATS]
    peer = network("fer", fmt="float32", file="fer.tflite", peer=True, sha256=sha("fer"))
    models = [*emotion, *points, peer]
    times = [
        timing(one["id"], p50_ms=(place % 5 + 1) * threads, threads=threads)
        for place, one in enumerate(models)
        for threads in (1, 2)
    ]
    files = {
        "pi4.json": benchmark(
            models, times, [frame()], layers=layers(emotion[0]["id"], peer["id"])
        ),
        "pc.json": benchmark(models, times, [frame()], "a PC"),
        "why.json": explanation(),
        "emotion/conversion.json": conversion(
            [exported(one, {"accuracy": 0.5, "recall.Sad": 1.0}) for one in emotion]
        ),
        "keypoints/conversion.json": conversion(
            [exported(one, {"rmse_px": 0.5, "point_error_px.nose_tip": 0.1}) for one in points],
            "keypoints-edge",
        ),
    }
    for place, model in enumerate(models):
        value = 0.8 - place / 100 if model["task"] == "emotion" else 2.0 + place / 100
        files[f"eval/{place}.json"] = evaluation(model, value, value - 0.02, value + 0.02)
    return files


def write(folder: Path, files) -> Path:
    """Write tables as JSON files, or text as it is; returns the folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder
