"""With a Coral Edge TPU, its library (docs/device.md) and the models that `convert --edgetpu` made.

Run it with the folder of emotion_int8_edgetpu.tflite and keypoints_int8_edgetpu.tflite:

    EDGETPU_MODELS=exports/NAME pytest -m hardware tests/hardware/test_edgetpu.py
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device import load_emotion
from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.interpreter import load_networks
from edge_emotion_device.verification import verify

pytestmark = pytest.mark.hardware
FACES = np.random.default_rng(0).integers(0, 256, (20, 96, 96), np.uint8)


@pytest.fixture
def models() -> tuple[Path, Path]:
    """The two compiled files."""
    if not edgetpu.connected():
        pytest.skip("no Edge TPU is connected")
    if "EDGETPU_MODELS" not in os.environ:
        pytest.skip("EDGETPU_MODELS names no folder of compiled models")
    folder = Path(os.environ["EDGETPU_MODELS"])
    return folder / "emotion_int8_edgetpu.tflite", folder / "keypoints_int8_edgetpu.tflite"


@pytest.mark.parametrize("delegate", ["edgetpu", "edgetpu:0", "auto"])
def test_it_computes_what_the_test_vectors_say(models, delegate):
    for model in models:
        found = verify(model, delegate)
        assert found.passed and found.comparisons[0].kernels.startswith("edgetpu")


def test_both_models_share_one_device(models):
    networks = load_networks(*models, delegate="edgetpu:0")
    with networks.emotion as emotion, networks.keypoints as keypoints:
        for model in (emotion, keypoints):
            assert model.operators is not None and model.operators.delegated >= 1
        for face in FACES:  # in turn, as in a run
            assert keypoints.locate(face).shape == (15, 2)
            assert emotion.run(face[::2, ::2]).sum() == pytest.approx(1, abs=0.05)


def test_it_can_be_opened_again_and_again(models):
    for _ in range(20):
        with load_emotion(models[0], "edgetpu") as model:
            model.run(FACES[0, ::2, ::2])


def test_another_program_that_has_it_is_told(models):
    holding = (
        "import sys; from edge_emotion_device import load_emotion;"
        "model = load_emotion(sys.argv[1], 'edgetpu'); print('open', flush=True); input()"
    )
    line = [sys.executable, "-c", holding, str(models[0])]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"open\n"
        with pytest.raises(EdgeEmotionError, match="in use by another program"):
            load_emotion(models[0], "edgetpu")
        other.communicate(b"\n", timeout=10)
