"""The detector's loss against a reference in NumPy that goes cell by cell."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from edge_emotion.detection import CELLS, decode
from edge_emotion_train.detection_augment import Boxes
from edge_emotion_train.detection_loss import DetectionLoss
from edge_emotion_train.detection_loss import decode as decode_all
from edge_emotion_train.detection_targets import encode_boxes


def _targets(*boxes: tuple[float, ...], learned: bool = True) -> np.ndarray:
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    return encode_boxes(Boxes(xyxy, np.full(len(xyxy), learned)))[None]


def _answers(seed: int, pictures: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.tanh(rng.normal(0, 0.3, (pictures, len(CELLS), 5))).astype(np.float32)


def _cell_loss(cell: int, target: np.ndarray, answer: np.ndarray) -> float:
    middle = CELLS.centers[cell] + answer[1:3] * 4 * CELLS.strides[cell]
    (x, y), (w, h) = middle, CELLS.bases[cell] * np.exp(1.5 * answer[3:5])
    x1, y1, x2, y2 = x - w / 2, y - h / 2, x + w / 2, y + h / 2
    found, counts, a1, b1, a2, b2 = target
    inside = max(0, min(x2, a2) - max(x1, a1)) * max(0, min(y2, b2) - max(y1, b1))
    overlap = inside / (w * h + (a2 - a1) * (b2 - b1) - inside)
    p = 1 / (1 + np.exp(-8 * answer[0]))
    wanted = found * np.clip(overlap, 0.1, 1)
    entropy = -wanted * np.log(p) - (1 - wanted) * np.log(1 - p)
    if not found:
        return entropy * counts * p**2
    across, down = max(x2, a2) - min(x1, a1), max(y2, b2) - min(y1, b1)
    apart = ((x1 + x2 - a1 - a2) ** 2 + (y1 + y2 - b1 - b2) ** 2) / 4
    return entropy + 2 * (1 - overlap + apart / (across**2 + down**2))


def _reference(targets: np.ndarray, answers: np.ndarray) -> float:
    losses = [
        _cell_loss(cell, *pair)
        for picture in zip(targets, answers, strict=True)
        for cell, pair in enumerate(zip(*picture, strict=True))
    ]
    return sum(losses) / max(targets[..., 0].sum(), 1)


@pytest.mark.parametrize(
    "targets",
    [
        _targets((60, 50, 100, 110)),
        _targets((60, 50, 100, 110), (10, 10, 30, 32), (50, 20, 180, 190)),
        _targets(),
        _targets((60, 50, 100, 110), learned=False),
        np.concatenate([_targets((60, 50, 100, 110)), _targets(), _targets((10, 10, 30, 32))]),
    ],
    ids=["a face", "three faces", "nobody", "a doubtful face", "a batch"],
)
def test_the_loss_is_the_references(targets: np.ndarray):
    answers = _answers(1, len(targets))
    assert float(DetectionLoss()(targets, answers)) == pytest.approx(
        _reference(targets, answers), rel=1e-4
    )


def test_boxes_are_those_that_the_device_decodes():
    answers = _answers(2)
    boxes, _ = decode(answers[0], 0.5)
    order = np.argsort(-answers[0, :, 0], kind="stable")[: len(boxes)]
    found = keras.ops.convert_to_numpy(decode_all(answers))[0, order]
    assert found == pytest.approx(boxes, rel=1e-5, abs=1e-3)


def _gradient(targets: np.ndarray, answers: np.ndarray) -> np.ndarray:
    variable = tf.Variable(answers)
    with tf.GradientTape() as tape:
        value = DetectionLoss()(targets, variable)
    return np.asarray(tape.gradient(value, variable))


def test_cells_in_a_doubtful_box_teach_nothing():
    targets = _targets((60, 50, 100, 110), learned=False)
    gradient = _gradient(targets, _answers(1))
    masked = targets[..., 1] == 0
    assert masked.any()
    assert not gradient[masked].any() and gradient[~masked][:, 0].any()


def test_cells_without_a_face_teach_nothing_about_boxes():
    targets = _targets((60, 50, 100, 110))
    gradient = _gradient(targets, _answers(1))
    assert not gradient[targets[..., 0] == 0][:, 1:].any()
    assert gradient[targets[..., 0] > 0].all()


@pytest.mark.parametrize("far", [True, False])
def test_gradients_are_numbers_even_where_nothing_overlaps(far: bool):
    answers = np.full((1, len(CELLS), 5), -1.0 if far else 1.0, np.float32)
    assert np.isfinite(_gradient(_targets((2, 2, 12, 12)), answers)).all()


@pytest.mark.slow
def test_jax_computes_the_same(tmp_path: Path):
    pytest.importorskip("jax")
    targets, answers = _targets((60, 50, 100, 110), (10, 10, 30, 32)), _answers(1)
    np.savez(tmp_path / "case.npz", targets=targets, answers=answers)
    program = (
        "import sys, numpy as np\n"
        "from edge_emotion_train.detection_loss import DetectionLoss\n"
        "case = np.load(sys.argv[1])\n"
        "print(float(DetectionLoss()(case['targets'], case['answers'])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "case.npz")],
        env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(_reference(targets, answers), rel=1e-4)
