"""The device with tflite-runtime 2.14 in place of ai-edge-litert, its successor.

`make test-tflite-runtime` makes the environment for it (Python 3.11, NumPy 1) and runs it.  Every
step is a command as a user types it.
"""

import json
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec

from edge_emotion_device.runtime import Interpreter

FRAMES = 20


def main() -> None:
    """Run every step; an assertion ends it."""
    assert find_spec("ai_edge_litert") is None, "ai-edge-litert is installed, too"
    assert Interpreter.__module__ == "tflite_runtime.interpreter"
    listed = json.loads(edge_emotion("models", "list", "--json"))
    assert [model["task"] for model in listed] == ["emotion", "keypoints"]
    for task in ("emotion", "keypoints"):
        assert json.loads(edge_emotion("models", "show", task, "--json"))["macs"] > 30e6
        for threads in ("1", "2"):
            found = json.loads(
                edge_emotion("models", "verify", task, "--json", "--threads", threads)
            )
            assert found["passed"]
            for one in found["comparisons"]:
                print(
                    f"  {one['kernels']}: largest {one['largest']:g} of {one['tolerance']:g} steps"
                )
    lines = edge_emotion(
        "run", "--camera", "demo", "--headless", "--frames", str(FRAMES)
    ).splitlines()
    frames = {json.loads(line)["frame"] for line in lines}
    assert len(frames) == FRAMES, f"faces in {len(frames)} of {FRAMES} frames"
    print(f"tflite-runtime {version('tflite-runtime')} runs everything")


def edge_emotion(*arguments: str) -> str:
    """Run a command and return its stdout; it must succeed."""
    print("$ edge-emotion", *arguments, flush=True)
    line = [sys.executable, "-m", "edge_emotion", *arguments]
    return subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
