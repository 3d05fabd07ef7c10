"""How `auto` chooses: what counts as better, when a remedy is not tried, and what is judged."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.gate import Verdict
from edge_emotion_convert.remedies import auto
from edge_emotion_convert.remedies.calibrating import farthest_apart
from edge_emotion_convert.remedies.way import NotApplicable, Remedy, Way
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.trial import Trial


def trial_of(count):
    rows = Rows(np.zeros((count, 4, 4), np.uint8), np.arange(count), *2 * [np.full(count, "a")])
    subject = SimpleNamespace(task="emotion", network=None, recipe=None)
    return Trial(subject, rows, rows, f"{count} faces", {}, np.arange(count, dtype=np.float32))


# A way's "network" is what it loses, how far its answers are off, and what one class loses.
WORSE, SAME, BETTER, GAIN = (3.0, 0.1), (2.0, 0.1), (1.0, 0.3), (-1.0, 0.3)
LIMIT, CLASS_LIMIT = 1.5, 0.5


def verdict_of(drop, class_drop=0.0):
    limited = (("accuracy", drop, LIMIT), ("recall.Sad", class_drop, CLASS_LIMIT))
    found = [
        SimpleNamespace(measure=name, drop=lost, interval=None, max_drop=limit)
        for name, lost, limit in (*limited, ("recall.Happy", 9.0, None))
    ]
    return Verdict(drop <= LIMIT and class_drop <= CLASS_LIMIT, "", tuple(found))


@pytest.fixture
def tried(monkeypatch):
    """What `auto` makes of a remedy's ways, on a network that loses 2.0."""

    def measured(trial, way, limits):
        if way.network is None:
            raise EdgeEmotionError("cannot be converted")
        drop, distance, *class_drop = way.network
        verdict = verdict_of(drop, *class_drop)
        return SimpleNamespace(verdict=verdict, answers=trial.answers + distance)

    monkeypatch.setattr(auto, "_measured", measured)

    def run(ways, start=SAME, last=False):
        trial = trial_of(10)
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
        ([(1.9, 0.3), BETTER], ["better", "kept"], BETTER),
        ([BETTER, GAIN, SAME], ["better", "kept"], GAIN),  # then nothing is lost
        ([None, BETTER], ["failed: cannot be converted", "kept"], BETTER),
    ],
)
def test_only_what_measures_better_is_kept(tried, ways, outcomes, winner):
    best, steps = tried([(f"form {n}", Way(one, np.zeros(0))) for n, one in enumerate(ways)])
    assert [step.outcome for step in steps] == outcomes
    assert best.way.network == winner
    assert len(best.kept) == ("kept" in outcomes)
    assert [step.variant for step in steps] == [f"form {n}" for n in range(len(steps))]


@pytest.mark.parametrize(
    ("start", "way", "outcome"),
    [
        ((1.0, 0.1, 0.9), (1.4, 0.1, 0.4), "kept"),  # it keeps every limit
        ((1.4, 0.1, 0.4), (1.0, 0.1, 0.9), "not better"),
        ((1.0, 0.1, 0.9), (0.9, 0.1, 0.95), "not better"),  # neither does; farther from one
        ((2.0, 0.1, 0.6), (1.6, 0.1, 0.75), "not better"),  # 1/3 + 1/5 beyond, then 1/15 + 1/2
        ((2.2, 0.1, 0.6), (1.6, 0.1, 0.75), "kept"),
        ((-0.1, 0.1, 0.9), (0.2, 0.1, 0.4), "kept"),
        ((-0.5, 0.1, 0.4), (-0.9, 0.099, 0.3), "not tried: nothing is lost"),
        ((0.0, 0.1, float("nan")), (0.0, 0.05, float("nan")), "kept"),  # not measured
    ],
)
def test_the_limits_go_before_the_headline(tried, start, way, outcome):
    _, [step] = tried([("", Way(way, np.zeros(0)))], start)
    assert step.outcome == outcome


def test_a_limit_of_nothing_counts_in_its_own_unit(monkeypatch):
    found = SimpleNamespace(measure="accuracy", drop=0.3, max_drop=0.0)
    assert auto._cost(Verdict(False, "", (found,))) == (0.3, 0.3)


def test_16_bits_go_no_further_than_the_limits_ask(tried):
    ways = [(f"{n} coarsest", Way(one, np.zeros(0))) for n, one in enumerate([BETTER, (0.5, 0.1)])]
    best, steps = tried(ways, last=True)
    assert [step.outcome for step in steps] == ["kept"]
    assert best.way.network == BETTER


@pytest.mark.parametrize(
    ("start", "last", "reason"),
    [
        (GAIN, False, "nothing is lost"),
        (BETTER, True, "the limits are kept without it"),
        (SAME, True, ""),
        ((-1.0, 0.3, 0.9), False, ""),  # a class loses more than it may
        ((-1.0, 0.3, 0.9), True, ""),
    ],
)
def test_a_remedy_that_is_not_needed_is_not_tried(tried, start, last, reason):
    best, [step] = tried([("", Way(WORSE, np.zeros(0)))], start, last)
    assert step.outcome == (f"not tried: {reason}" if reason else "not better")
    assert best.way.network == start


def test_a_remedy_that_cannot_treat_the_network_is_told_and_passed_over(tried):
    def ways():
        raise NotApplicable("the network is no graph of Keras layers")
        yield

    best, [step] = tried(ways())
    assert step.outcome == "not tried: the network is no graph of Keras layers"
    assert best.way.network == SAME


@pytest.fixture
def treated(monkeypatch, capsys):
    """What `treat` tells, if the halves find so much loss of plain int8 and of the only remedy."""

    def run(choosing, judging):
        trials = trial_of(10), trial_of(8)
        files = {b"plain": 0, b"cured": 1}
        losses = dict(zip((10, 8), (choosing, judging), strict=True))

        def measure(trial, target, flatbuffer, representative, limits):
            verdict = verdict_of(losses[len(trial.measuring)][files[flatbuffer]])
            metadata = ModelMetadataStandIn({})
            return Measured(flatbuffer, representative, verdict, trial.answers, metadata)

        def cure(trial, way):
            yield "form", Way(None, np.zeros(7))

        monkeypatch.setattr(auto.calibration, "samples", lambda *_: np.zeros(5))
        made = iter(files)  # each is made once: what is chosen is what is judged
        monkeypatch.setattr(Way, "flatbuffer", lambda way: next(made))
        monkeypatch.setattr(auto, "measure_flatbuffer", measure)
        monkeypatch.setattr(auto, "REMEDIES", [Remedy("cure", cure)])
        result = auto.treat(*trials, 5, {})
        return result, result.metadata.accuracy["remedies"], capsys.readouterr().err

    return run


@dataclass(frozen=True)
class ModelMetadataStandIn:
    accuracy: dict


@dataclass(frozen=True)
class Measured:
    flatbuffer: bytes
    representative: int
    verdict: Verdict
    answers: np.ndarray
    metadata: ModelMetadataStandIn
    seconds: float = 0.0


def test_what_one_half_chooses_the_other_judges(treated):
    result, told, _ = treated(choosing=(2.0, 1.0), judging=(1.2, 1.4))
    assert (result.flatbuffer, result.representative) == (b"cured", 7)
    assert (told["kept"], told["chosen_on"], told["judged_on"]) == (
        ["cure form"],
        "10 faces",
        "8 faces",
    )
    assert [step["drop"] for step in told["trail"]] == [2.0, 1.0]
    assert (told["plain"]["drop"], told["treated"]["drop"]) == (1.2, 1.4)


def test_without_a_remedy_that_helps_plain_int8_is_judged(treated):
    result, told, _ = treated(choosing=(1.0, 1.2), judging=(1.2, 0.2))
    assert (result.flatbuffer, result.representative) == (b"plain", 5)
    assert told["kept"] == [] and told["treated"] == told["plain"]


@pytest.mark.parametrize(("judging", "said"), [((1.2, 1.7), True), ((1.7, 1.8), False)])
def test_it_is_told_where_plain_int8_would_have_passed(treated, judging, said):
    _, told, err = treated(choosing=(2.0, 1.0), judging=judging)
    assert ("plain int8 would pass, and what the remedies made does not" in err) == said
    assert told["plain"]["passed"] == said and not told["treated"]["passed"]


def test_diverse_faces_are_those_whose_answers_are_farthest_apart():
    points = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [-4.0]], np.float32)
    assert set(farthest_apart(points, 3).tolist()) <= {4, 5, 0, 1, 2}
    assert {4, 5} <= set(farthest_apart(points, 2).tolist())
    assert len(set(farthest_apart(points, 10).tolist())) == 6
