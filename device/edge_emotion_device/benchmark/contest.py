"""The whole benchmark, from the models that are named to the file's content."""

from datetime import datetime, timezone
from typing import Any

import edge_emotion
from edge_emotion.errors import warn
from edge_emotion_device.benchmark.conditions import describe_conditions, look
from edge_emotion_device.benchmark.energy import find_sensor, measure_energy
from edge_emotion_device.benchmark.frame_path import time_frame_paths
from edge_emotion_device.benchmark.layers import measure_layers
from edge_emotion_device.benchmark.machine import describe_machine
from edge_emotion_device.benchmark.networks import Say, contenders_of, time_networks
from edge_emotion_device.benchmark.options import BenchmarkOptions
from edge_emotion_device.benchmark.subjects import completed, read_subjects, teams

SCHEMA, VERSION = "edge-emotion/benchmark", 1


def benchmark(options: BenchmarkOptions, say: Say) -> dict[str, Any]:
    """Measure models on this machine.

    Args:
        options: what and how.
        say: told what is under way.

    Returns:
        The content of the benchmark file: what was not measured is None or not there.

    Raises:
        EdgeEmotionError: a model cannot be used at all.  One that cannot run as asked for is a row
            that says so.
    """
    subjects = read_subjects(options.models)
    if options.frame_path:
        subjects = completed(subjects)
    machine = describe_machine(options.name)
    contenders = contenders_of(subjects, options)
    for delegate in options.delegates:
        if all(contender.delegate != delegate for contender in contenders):
            warn(f"--delegate {delegate}: none of the models is made for it")
    before = look()
    networks = time_networks(contenders, options, say)
    found_teams = teams(subjects) if options.frame_path else []
    failures = {
        (row["model"], row["delegate"]): row["error"]
        for row in networks
        if row["status"] == "failed"
    }
    frame_path = time_frame_paths(found_teams, failures, options, say)
    layers = measure_layers(subjects, failures, say, options.max_s) if options.layers else None
    after = look()
    sensor = find_sensor() if options.energy else None
    runnable = [one for one, row in zip(contenders, networks, strict=True) if row["status"] == "ok"]
    energy = measure_energy(sensor, runnable, say) if sensor else None
    noises = [row["noise"] for row in networks if row.get("noise") is not None]
    conditions = describe_conditions(before, after, machine["cores"], machine["governor"], noises)
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": options.command,
        "tool": edge_emotion.__version__,
        "machine": machine,
        "conditions": {**conditions, "rounds": options.rounds},
        "settings": {
            "num_runs": options.num_runs,
            "warmup_runs": options.warmup_runs,
            "min_secs": options.min_s,
            "max_secs": options.max_s,
            "threads": list(options.threads),
            "delegates": list(options.delegates),
        },
        "models": [subject.as_dict() for subject in subjects],
        "networks": networks,
        "frame_path": frame_path,
        "layers": layers,
        "energy": energy,
    }
