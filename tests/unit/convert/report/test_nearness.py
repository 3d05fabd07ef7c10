"""Which models may stand in the most accurate one's place, and what is said of it."""

import pytest

from edge_emotion_report.candidates import candidates
from edge_emotion_report.files import read_files
from edge_emotion_report.gathered import gather
from edge_emotion_report.goals import parse_goal
from edge_emotion_report.nearness import Nearness, nearness
from edge_emotion_report.recommend import recommend
from helpers.measurements import (
    benchmark,
    conversion,
    evaluation,
    exported,
    network,
    timing,
    write,
)

SURE_PX, CHANCE_PX, LARGE_PX = (0.016, [0.001, 0.037]), (0.016, [-0.01, 0.04]), (0.5, [0.1, 0.9])


def gathered(folder, int8, change, task="keypoints", ends=None, best=2.0, one_network=True):
    """Float32 and a faster int8 of a task.

    Args:
        folder: to write in.
        int8, best: their figures.
        change: int8's loss against float and its interval; None if not measured.
        task: of them.
        ends: of the best one's 95 % interval; None if not measured.
        one_network: whether both are formats of the same.
    """
    name = f"{task}-edge"
    models = [network(name if one_network else "other", task), network(name, task, "float32")]
    files = {
        "pi.json": benchmark(models, [timing(models[0]["id"], 1.0), timing(models[1]["id"], 3.0)]),
        "int8.json": evaluation(models[0], int8, *(ends or ())),
        "float32.json": evaluation(models[1], best, *(ends or ())),
    }
    measure = {"keypoints": "rmse_px", "emotion": "accuracy"}[task]
    entries = []
    for model, told in zip(models, (change, (0.0, [0.0, 0.0])), strict=True):
        entry = exported(model, {measure: 0.0})
        if told:
            drop, interval = told
            entry["gate"]["measures"][0] |= {"drop": drop, "interval": interval}
        else:
            entry["gate"] = None
        entries.append(entry)
    files["conversion.json"] = conversion(entries, name)
    if not one_network:
        files["conversion.json"] = conversion(entries[1:], name)
        files["other/conversion.json"] = conversion(entries[:1], "other")
    return gather(read_files([write(folder, files)]))


@pytest.mark.parametrize(
    ("int8", "change", "ends", "expected"),
    [
        # The paired change decides where the figure has no interval of its own.
        (2.016, CHANCE_PX, None, Nearness.NOISE),
        (2.016, SURE_PX, None, Nearness.LESS),
        (2.5, LARGE_PX, None, Nearness.WORSE),
        # It decides too where the figure lies within the best one's interval.
        (2.016, CHANCE_PX, (1.8, 2.2), Nearness.NOISE),
        (2.016, SURE_PX, (1.8, 2.2), Nearness.LESS),
        (2.1, LARGE_PX, (1.8, 2.2), Nearness.WORSE),
        # A change that was small on other faces does not bring back what lies beyond it.
        (2.3, CHANCE_PX, (1.8, 2.2), Nearness.WORSE),
        # Without a change the interval, without either a tolerance.
        (2.1, None, (1.8, 2.2), Nearness.NOISE),
        (2.02, None, None, Nearness.TOLERATED),
        (2.04, None, None, Nearness.FARTHER),
    ],
)
def test_how_a_format_stands_to_the_most_accurate_one(tmp_path, int8, change, ends, expected):
    found = gathered(tmp_path, int8, change, ends=ends)
    one, best = candidates(found, "keypoints", found.devices[0])

    assert nearness(one, best) is expected


def test_a_change_against_another_network_tells_nothing_of_this_one(tmp_path):
    found = gathered(tmp_path, 2.1, LARGE_PX, ends=(1.8, 2.2), one_network=False)
    best, one = candidates(found, "keypoints", found.devices[0])

    assert nearness(one, best) is Nearness.NOISE


def said(found, task="keypoints", goal=""):
    [recommended] = recommend(found, parse_goal(goal))
    [advice] = [one for one in recommended.advice if one.task == task]
    return advice.choice.chosen.model.format, " ".join(advice.reasons)


def test_a_sure_loss_that_is_tolerated_is_told_and_not_called_as_accurate(tmp_path):
    chosen, words = said(gathered(tmp_path, 2.016, SURE_PX, ends=(1.8, 2.2)))

    assert chosen == "int8"
    assert "of the 2 that lose less than the 0.03 px that are tolerated" in words
    assert "it loses 0.016 px (+0.001 to +0.037): more than chance" in words
    assert "as accurate" not in words


def test_a_sure_loss_beyond_the_tolerance_is_not_recommended(tmp_path):
    chosen, words = said(gathered(tmp_path, 2.1, LARGE_PX, ends=(1.8, 2.2)))

    assert chosen == "float32"
    assert "most accurate of 2 models, and no other lies within its noise" in words


@pytest.mark.parametrize(
    ("int8", "chosen", "words"),
    [
        (2.02, "int8", "that are no more than 0.03 px behind, noise not measured"),
        (2.04, "float32", "no other is within the 0.03 px that are tolerated (its noise is not"),
    ],
)
def test_where_the_noise_is_not_measured_that_is_said(tmp_path, int8, chosen, words):
    found, told = said(gathered(tmp_path, int8, None))

    assert found == chosen
    assert words in told
    assert "within noise" not in told and "within its noise" not in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((-0.4, [-0.9, 0.1]), "For less there are those that are as accurate within noise: "),
        ((0.2, [0.1, 0.3]), "For less there are those that lose less than the 0.3 points that"),
    ],
)
def test_the_most_accurate_is_told_with_what_is_near_and_costs_less(tmp_path, change, words):
    found = gathered(tmp_path, 0.80, change, "emotion", (0.79, 0.83), 0.81)
    chosen, told = said(found, "emotion", "accuracy")

    assert chosen == "float32"
    assert words in told
    assert "emotion-edge int8 (80.0% (79.0 to 83.0); 1.00 ms, 700 kB)" in told


def test_the_change_is_that_of_the_tasks_main_figure_wherever_it_stands(tmp_path):
    model = network()
    entry = exported(model, {"recall.Sad": 9.0, "accuracy": 0.2})
    files = {"pi.json": benchmark([model]), "conversion.json": conversion([entry])}
    _, told = said(gather(read_files([write(tmp_path, files)])), "emotion")

    assert "it loses 0.20 points (+0.10 to +0.30)" in told
