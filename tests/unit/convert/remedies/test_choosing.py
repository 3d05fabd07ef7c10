"""How `auto` chooses: on which rows, what counts as better, and when a remedy is not tried."""

from types import SimpleNamespace

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.remedies import auto
from edge_emotion_convert.remedies.calibrating import farthest_apart
from edge_emotion_convert.remedies.way import NotApplicable, Remedy, Way
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.trial import Trial


def trial_of(count, task="keypoints", people=7):
    strata = np.array([f"person{row % people}" for row in range(count)], np.str_)
    names = np.array([str(row) for row in range(count)], np.str_)
    rows = Rows(np.zeros((count, 4, 4), np.uint8), np.arange(count), strata, names)
    subject = SimpleNamespace(task=task, recipe=None)
    return Trial(subject, rows, rows, f"{count} faces", {}, np.arange(count, dtype=np.float32))


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_every_row_chooses_or_judges_and_none_does_both(task):
    choosing, judging = auto.halves(trial_of(70, task))
    ids = [set(part.measuring.truth.tolist()) for part in (choosing, judging)]
    assert ids[0].isdisjoint(ids[1]) and ids[0] | ids[1] == set(range(70))
    assert min(map(len, ids)) >= 25
    for part in (choosing, judging):
        np.testing.assert_array_equal(part.answers, part.measuring.truth)
        assert part.measured_on.startswith(f"{len(part.measuring)} of the 70 faces, by which ")
    assert "no remedy was chosen" in judging.measured_on


def test_no_person_chooses_and_judges():
    choosing, judging = auto.halves(trial_of(70))
    assert set(choosing.measuring.strata).isdisjoint(judging.measuring.strata)


@pytest.mark.parametrize(("count", "people"), [(0, 1), (1, 1), (30, 1)])
def test_too_few_rows_to_halve_are_refused(count, people):
    with pytest.raises(EdgeEmotionError, match="too few to choose remedies"):
        auto.halves(trial_of(count, people=people))


# A way's "network" is what it loses and how far its answers are off.
WORSE, SAME, BETTER, GAIN = (3.0, 0.1), (2.0, 0.1), (1.0, 0.3), (-1.0, 0.3)


@pytest.fixture
def tried(monkeypatch):
    """What `auto` makes of a remedy's ways, on a network that loses 2.0."""

    def measured(trial, way, limits):
        drop, distance = way.network
        found = SimpleNamespace(measure="accuracy", drop=drop, interval=None)
        verdict = SimpleNamespace(headline=found, passed=drop <= 1.5)
        return SimpleNamespace(verdict=verdict, answers=trial.answers + distance)

    monkeypatch.setattr(auto, "_measured", measured)

    def run(ways, start=SAME, last=False):
        trial = trial_of(10, "emotion")
        way = Way(start, np.zeros(0))
        remedy = Remedy("cure", lambda trial, way: ways, last)
        best = auto._Best(way, measured(trial, way, {}))
        return auto._try(remedy, trial, best, {})

    return run


@pytest.mark.parametrize(
    ("ways", "outcomes", "winner"),
    [
        ([WORSE], ["not better"], SAME),
        ([SAME], ["not better"], SAME),
        ([(2.0, 0.099)], ["not better"], SAME),
        ([(2.0, 0.05)], ["kept"], (2.0, 0.05)),  # as much is lost, but float is nearer
        ([BETTER, GAIN], ["better", "kept"], GAIN),
        ([GAIN, (-3.0, 0.4)], ["kept", "not better"], GAIN),  # a gain over float is chance
    ],
)
def test_only_what_measures_better_is_kept(tried, ways, outcomes, winner):
    best, steps = tried([(f"form {n}", Way(one, np.zeros(0))) for n, one in enumerate(ways)])
    assert [step.outcome for step in steps] == outcomes
    assert best.way.network == winner
    assert len(best.kept) == ("kept" in outcomes)


@pytest.mark.parametrize(
    ("start", "last", "reason"),
    [
        (GAIN, False, "nothing is lost"),
        (BETTER, True, "the limits are kept without it"),
    ],
)
def test_a_remedy_that_is_not_needed_is_not_tried(tried, start, last, reason):
    best, [step] = tried([("", Way(SAME, np.zeros(0)))], start, last)
    assert step.outcome == f"not tried: {reason}" and best.way.network == start


def test_a_remedy_that_cannot_treat_the_network_is_told_and_passed_over(tried):
    def ways():
        raise NotApplicable("the network is no graph of Keras layers")
        yield

    best, [step] = tried(ways())
    assert step.outcome == "not tried: the network is no graph of Keras layers"
    assert best.way.network == SAME


def test_diverse_faces_are_those_whose_answers_are_farthest_apart():
    points = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [-4.0]], np.float32)
    assert set(farthest_apart(points, 3).tolist()) <= {4, 5, 0, 1, 2}
    assert {4, 5} <= set(farthest_apart(points, 2).tolist())
    assert len(set(farthest_apart(points, 10).tolist())) == 6
