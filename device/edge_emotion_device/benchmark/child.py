"""The process in which a model is opened and first run (see fresh.py).

It is run as a file.  Stdin brings one line of JSON, stdout gets one.
"""

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Open the model, run it once, and tell what that took."""
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no report
    request = json.loads(sys.stdin.readline())
    sys.path[:] = request["sys_path"]
    import numpy as np

    from edge_emotion.errors import EdgeEmotionError
    from edge_emotion_device.benchmark.subjects import open_flatbuffer
    from edge_emotion_device.delegates.choice import parse_delegate
    from edge_emotion_device.delegates.trial import try_delegate

    path, delegate = Path(request["path"]), request["delegate"]
    try:
        choice = parse_delegate(delegate)
        if choice.library:  # tried before, so that the trial is not part of what is timed
            try_delegate(choice, path.read_bytes()[: request["size"]])
        before_mb, start = _resident_mb(), time.perf_counter_ns()
        flatbuffer = path.read_bytes()[: request["size"]]
        opened = open_flatbuffer(path, flatbuffer, delegate, request["threads"])
        loaded = time.perf_counter_ns()
        interpreter = opened.interpreter
        given = interpreter.get_input_details()[0]
        face = np.random.default_rng(0).integers(0, 128, given["shape"]).astype(given["dtype"])
        interpreter.set_tensor(given["index"], face)
        set_ = time.perf_counter_ns()
        interpreter.invoke()
        done = time.perf_counter_ns()
        told: dict[str, object] = {
            "load_ms": (loaded - start) / 1e6,
            "first_ms": (done - set_) / 1e6,
            "memory_mb": added_mb(before_mb, _resident_mb()),
        }
    except (EdgeEmotionError, ValueError, RuntimeError) as error:
        told = {"error": " ".join(str(error).split())}
    print(json.dumps(told), file=report, flush=True)
    os._exit(0)  # without the end of a delegate's static objects


def added_mb(before_mb: float | None, after_mb: float | None) -> float | None:
    """What the process has grown by; 0 if it gave memory back, None where that is not told."""
    if before_mb is None or after_mb is None:
        return None
    return max(0.0, after_mb - before_mb)


def _resident_mb() -> float | None:
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
