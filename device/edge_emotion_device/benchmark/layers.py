"""What each layer takes, beside the machine's peak: the part of the file that a roofline is of."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from edge_emotion_device.benchmark.networks import Say
from edge_emotion_device.benchmark.subjects import Subject
from edge_emotion_device.roofline.layers import time_layers
from edge_emotion_device.roofline.peak import memory_bytes_per_s, peak_macs_per_s


def measure_layers(
    subjects: Sequence[Subject], failures: Mapping[tuple[str, str], str], say: Say, max_s: float
) -> dict[str, Any]:
    """Time the layers of each model on one thread of the CPU.

    Args:
        subjects: the models.
        failures: why a model (by id) failed on a delegate; it is not tried again on the CPU.
        say: told what is under way.
        max_s: what each may take.

    Returns:
        The machine's peaks by one thread, and a row a model; one whose graph cannot be cut, or
        does not run on the CPU, is a row that says so.
    """
    say("the machine's peak")
    found: dict[str, Any] = {
        "peak_macs_per_s": round(peak_macs_per_s()),
        "memory_bytes_per_s": round(memory_bytes_per_s()),
        "models": [],
    }
    for subject in subjects:
        say(f"the layers of {subject.path.name}")
        row: dict[str, Any] = {"model": subject.id, "status": "ok"}
        found["models"].append(row)
        if why := failures.get((subject.id, "cpu")):
            row.update(status="failed", error=why)
            continue
        try:
            timed = time_layers(subject.flatbuffer, max_s=max_s)
            row["layers"] = [layer.as_dict() for layer in timed]
        except (ValueError, RuntimeError) as error:
            why = re.split(r"\n|Node number", str(error))[0]  # TFLite joins its messages
            row.update(status="failed", error=f"the layers of {subject.path.name}: {why}")
    return found
