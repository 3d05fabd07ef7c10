"""What a run sends out: pixelated pictures if asked for, and nothing over a network."""

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from edge_emotion_device import Analyzer
from helpers.commands import edge_emotion
from helpers.photographs import astronaut


def faces(picture: Path) -> int:
    with Analyzer() as analyzer:
        return len(analyzer.analyze(cv2.imread(str(picture))))


def test_anonymize_hides_the_faces_of_saved_pictures_and_not_the_readings(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "face.png"), astronaut())
    for name in ("plain", "hidden"):
        done = edge_emotion(
            *("run", "--camera", pictures, "--headless", "--save", tmp_path / name),
            *(["--anonymize"] if name == "hidden" else []),
        )
        assert done.stdout.count("\n") == 1
    assert [faces(tmp_path / name / "face.jpg") for name in ("plain", "hidden")] == [1, 0]


@pytest.mark.parametrize("also", [[], ["--save", "saved", "--output", "readings.jsonl"]])
def test_a_run_opens_no_connection(tmp_path, also):
    """Python tells of every socket that is made."""
    code = f"""
import sys
def hook(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        sys.stderr.write(f"NETWORK {{event}} {{arguments}}\\n")
sys.addaudithook(hook)
import socket; socket.socket(socket.AF_UNIX).close()
sys.argv = ["edge-emotion", *"run --camera demo --headless --frames 5".split(), *{also!r}]
from edge_emotion.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("NETWORK")]
    assert len(told) == 1, told  # our own, which shows that we would hear of others
