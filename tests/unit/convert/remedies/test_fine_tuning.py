"""Fine-tuning: short, repeatable, and towards the float network's own answers."""

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from edge_emotion_convert.remedies import fine_tuning
from edge_emotion_convert.remedies.folding import folded
from edge_emotion_convert.remedies.way import Way
from edge_emotion_convert.rows import Rows, take
from edge_emotion_convert.trial import Trial
from edge_emotion_train.batches import as_input
from edge_emotion_train.quantization_aware import quantization_aware
from helpers.damaged import lively_network
from helpers.drawn_faces import keypoint_faces

pytestmark = pytest.mark.slow

FACES = keypoint_faces(40, seed=3)


@pytest.fixture(scope="module")
def trial():
    network = lively_network("keypoints")
    subject = SimpleNamespace(task="keypoints", network=network, recipe=None)
    rows = Rows(FACES.images, FACES.keypoints, FACES.groups, FACES.names)
    return Trial(subject, rows, rows, "40 faces", {}, np.zeros(40, np.float32))


def off_float(trial, network):
    faces = as_input(FACES.images)
    answers = (model(faces, training=False) for model in (network, trial.subject.network))
    first, second = map(np.asarray, answers)
    return float(np.abs(first - second).max())


def test_a_network_that_was_disturbed_is_brought_nearer_to_float(trial, monkeypatch):
    monkeypatch.setattr(fine_tuning, "_STEPS", 40)
    disturbed = lively_network("keypoints")
    bias = disturbed.get_layer("dense").bias
    bias.assign(bias + 0.05)
    tuned, _ = fine_tuning.fine_tuned(trial, disturbed)
    assert off_float(trial, tuned) < 0.9 * off_float(trial, disturbed)


def test_it_learns_to_bear_the_rounding(trial, monkeypatch):
    """Without rounding there would be nothing to learn: the answers are float's own."""
    keras.utils.clear_session()  # TensorFlow adds up in the order of the layers' names
    monkeypatch.setattr(fine_tuning, "_STEPS", 40)

    def off_when_rounded(network):
        faces = as_input(FACES.images)
        rounded = np.asarray(quantization_aware(network, 1e-4)(faces, training=True))
        return np.square(rounded - np.asarray(trial.subject.network(faces))).mean()

    tuned, _ = fine_tuning.fine_tuned(trial, trial.subject.network)
    assert off_when_rounded(tuned) < 0.9 * off_when_rounded(folded(trial.subject.network))


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize(("faces", "asked"), [(40, 7), (40, 4), (33, 5), (3, 6)])
def test_it_takes_the_steps_that_it_tells(trial, monkeypatch, faces, asked):
    """Whatever is left over for the last batch of an epoch."""
    monkeypatch.setattr(fine_tuning, "_STEPS", asked)
    monkeypatch.setattr(fine_tuning, "_BATCH", 16)
    students = []

    def watched(*given, **options):
        students.append(quantization_aware(*given, **options))
        return students[-1]

    monkeypatch.setattr(fine_tuning, "quantization_aware", watched)
    rows = take(trial.calibrating, np.arange(40) < faces)
    way = Way(trial.subject.network, as_input(FACES.images[:2]))
    [(variant, _)] = fine_tuning.fine_tune(replace(trial, calibrating=rows), way)
    assert int(students[-1].optimizer.iterations) == asked
    assert variant == f"{asked} steps"


@pytest.mark.usefixtures("eagerly")
def test_it_ends_when_its_time_is_over(trial, monkeypatch, capsys):
    monkeypatch.setattr(fine_tuning, "_LONGEST_S", 0.0)
    _, steps = fine_tuning.fine_tuned(trial, trial.subject.network)
    assert steps == 1
    assert "ended after 1 steps" in capsys.readouterr().err
