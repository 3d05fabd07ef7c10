"""Every room once, with as little of each as there can be; the slow tests have the rest."""

import json
from pathlib import Path

from helpers.commands import edge_emotion_here

LITTLE = ("sets.drawn.count=60", "network.widths=[4]", "network.blocks=[1]", "fit.batch_size=8")


def test_a_network_is_trained_converted_measured_and_reads_frames(tmp_path: Path):
    def step(*arguments: str) -> str:
        done = edge_emotion_here(*arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    settings = [word for setting in LITTLE for word in ("--set", setting)]
    step("train", "emotion", "--recipe", "smoke", "--epochs", "1", "--out", "runs/mine", *settings)
    step("convert", "runs/mine", "--int8", "--max-drop", "100")
    model = "exports/mine/emotion_int8.tflite"
    [part] = json.loads(step("evaluate", model, "--data", ".", "--json"))["parts"]
    assert part["rows"] == 12 and 0 <= part["accuracy"] <= 1
    read = step("run", "--camera", "demo", "--headless", "--frames", "3", "--emotion", model)
    assert [json.loads(line)["frame"] for line in read.splitlines()] == [0, 1, 2]
