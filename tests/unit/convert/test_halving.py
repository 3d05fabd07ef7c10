"""Which rows choose and which judge."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.halving import halves
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.trial import Trial


def trial_of(count, task="keypoints", strata=7):
    """Rows of so many people or classes, whose pictures are nothing like each other."""
    images = np.random.default_rng(0).integers(0, 256, (count, 48, 48)).astype(np.uint8)
    groups = np.array([f"group{row % strata}" for row in range(count)], np.str_)
    names = np.array([str(row) for row in range(count)], np.str_)
    rows = Rows(images, np.arange(count), groups, names)
    subject = SimpleNamespace(task=task, recipe=None)
    return Trial(subject, rows, rows, f"{count} faces", {}, np.arange(count, dtype=np.float32))


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_every_row_chooses_or_judges_and_none_does_both(task):
    choosing, judging = halves(trial_of(70, task))
    ids = [set(part.measuring.truth.tolist()) for part in (choosing, judging)]
    assert ids[0].isdisjoint(ids[1]) and ids[0] | ids[1] == set(range(70))
    assert min(map(len, ids)) >= 25
    for part, does in ((choosing, "chooses"), (judging, "judges")):
        np.testing.assert_array_equal(part.answers, part.measuring.truth)
        assert part.measured_on == f"{len(part.measuring)} of the 70 faces, the half that {does}"


def test_no_person_chooses_and_judges():
    choosing, judging = halves(trial_of(70))
    assert set(choosing.measuring.strata).isdisjoint(judging.measuring.strata)


def test_every_class_gives_half_of_its_rows_to_either():
    for part in halves(trial_of(71, "emotion", strata=4)):
        _, counts = np.unique(part.measuring.strata, return_counts=True)
        assert set(counts) <= {8, 9, 10} and len(counts) == 4


def test_no_picture_judges_that_resembles_one_that_chooses():
    trial = trial_of(70, strata=70)
    images = trial.measuring.images.copy()
    images[35:] = np.clip(images[:35] + 3.0, 0, 255)
    rows = replace(trial.measuring, images=images)
    choosing, judging = halves(replace(trial, measuring=rows))
    assert len(choosing.measuring) == 35 > len(judging.measuring) >= 10
    chose = set(choosing.measuring.truth % 35)
    assert chose.isdisjoint(judging.measuring.truth % 35)
    np.testing.assert_array_equal(judging.answers, judging.measuring.truth)


@pytest.mark.parametrize(("count", "people"), [(0, 1), (1, 1), (30, 1), (18, 18)])
def test_too_few_rows_to_halve_are_refused(count, people):
    with pytest.raises(EdgeEmotionError, match=f"{count} faces are too few to choose on one half"):
        halves(trial_of(count, strata=people))
