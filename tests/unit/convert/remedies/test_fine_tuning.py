"""Fine-tuning: short, repeatable, and towards the float network's own answers."""

from types import SimpleNamespace

import numpy as np
import pytest

from edge_emotion_convert.remedies import fine_tuning
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.trial import Trial
from edge_emotion_train.batches import as_input
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
    tuned = fine_tuning.fine_tuned(trial, disturbed)
    assert off_float(trial, tuned) < 0.9 * off_float(trial, disturbed)


def test_it_ends_when_its_time_is_over(trial, monkeypatch, capsys):
    monkeypatch.setattr(fine_tuning, "_LONGEST_S", 0.0)
    fine_tuning.fine_tuned(trial, trial.subject.network)
    assert "ended after 1 steps" in capsys.readouterr().err
