"""Which faces stay undecided: the threshold that validation chooses, and what it does elsewhere."""

import json

import numpy as np
import pytest

from edge_emotion.labels import FEAR, NEUTRAL
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.undecided import choose, select


def _rows(truth: list[int], sets: list[str] | None = None) -> Rows:
    nothing = np.zeros((len(truth), 48, 48), np.uint8)
    names = np.full(len(truth), "")
    given = None if sets is None else np.array(sets)
    return Rows(nothing, np.array(truth), names, names, sets=given)


def _sure(certainties: list[float] | np.ndarray, label: int = 3) -> np.ndarray:
    """Answers of one class with these probabilities, the rest shared by the others."""
    sure = np.asarray(certainties, np.float32)[:, None]
    return np.where(np.arange(5) == label, sure, (1 - sure) / 4).astype(np.float32)


def test_a_tenth_of_each_set_is_refused_at_most():
    easy, hard = np.linspace((0.5, 0.3), (1, 0.8), 100, dtype=np.float32).T
    rows = _rows([3] * 200, ["easy"] * 100 + ["hard"] * 100)
    below = choose(rows, _sure(np.concatenate([easy, hard])))
    assert below is not None
    assert (hard < below).sum() == 10 and (easy < below).sum() < 10


def test_a_small_set_has_no_threshold_of_its_own():
    rows = _rows([3] * 120, ["large"] * 100 + ["small"] * 20)
    certainties = np.concatenate([np.linspace(0.4, 0.9, 100), np.full(20, 0.25)])
    assert choose(rows, _sure(certainties)) == pytest.approx(np.sort(certainties)[12])


def test_what_is_very_sure_is_never_refused():
    assert choose(_rows([3] * 60), _sure(np.full(60, 0.999))) == 0.8


@pytest.mark.parametrize("count", [0, 49])
def test_of_a_few_faces_no_threshold_is_chosen(count: int):
    assert choose(_rows([3] * count), _sure(np.full(count, 0.9))) is None


def test_what_is_undecided_is_told_for_each_kind_of_face():
    rows = _rows([3, 3, 0, NEUTRAL, NEUTRAL, FEAR])
    answers = _sure([0.9, 0.4, 0.8, 0.45, 0.95, 0.3])
    found = select([("mine", rows, answers)], 0.5)
    assert found is not None and found.told
    shares = {part.name: (part.faces, part.share.value) for part in found.parts}
    assert shares == {
        "mine": (3, pytest.approx(1 / 3)),
        "mine, fear": (1, 1.0),
        "mine, neutral": (2, 0.5),
    }
    five = found.parts[0]
    assert five.accuracy is not None and five.accuracy.value == 0.5  # of the two decided
    assert found.answered == pytest.approx((2 / 3, 0.5))
    assert found.curve.risk[-1] == pytest.approx(1 / 3)
    assert found.scores["largest probability"]["separation"] == pytest.approx(5.5 / 9, abs=0.06)
    json.dumps(found.as_dict(), allow_nan=False)


def test_without_a_threshold_of_its_own_a_model_is_measured_with_the_devices():
    found = select([("mine", _rows([3, 0]), _sure([0.51, 0.49]))], None)
    assert found is not None and not found.told
    assert (found.below, found.parts[0].share.value) == (0.5, 0.5)
    assert found.scores == {}


def test_where_no_face_shows_an_emotion_nothing_is_selected():
    assert select([("mine", _rows([NEUTRAL]), _sure([0.9]))], 0.5) is None
