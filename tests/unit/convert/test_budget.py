import pytest

from edge_emotion.errors import WrongUse
from edge_emotion_convert.budget import read_limits


def limits_of(tmp_path, text, max_drop=None):
    (tmp_path / "budget.toml").write_text(text)
    return read_limits(tmp_path / "budget.toml", max_drop)


def test_without_a_file_only_the_headlines_are_limited():
    assert read_limits(None, None) == {
        "emotion": {"accuracy": 0.5},
        "keypoints": {"rmse_px": 0.15},
        "detector": {"average_precision": 0.5},
    }


def test_max_drop_goes_before_the_file_and_the_default(tmp_path):
    limits = limits_of(tmp_path, "[emotion]\naccuracy_drop_points = 0.3\n", max_drop=0.1)
    assert limits == {
        "emotion": {"accuracy": 0.1},
        "keypoints": {"rmse_px": 0.1},
        "detector": {"average_precision": 0.1},
    }


def test_what_the_file_does_not_name_keeps_its_default(tmp_path):
    limits = limits_of(tmp_path, "[emotion]\nbalanced_drop_points = 1\n")
    assert limits["emotion"] == {"accuracy": 0.5, "balanced_accuracy": 1.0}
    assert limits["keypoints"] == {"rmse_px": 0.15}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("recall_drop_points = 3", {"recall.Angry": 3.0, "recall.Surprise": 3.0}),
        ("recall_drop_points = { Disgust = 5.5 }", {"recall.Disgust": 5.5}),
    ],
)
def test_recall_is_limited_for_every_class_or_for_some(tmp_path, line, expected):
    limits = limits_of(tmp_path, f"[emotion]\n{line}\n")["emotion"]
    assert expected.items() <= limits.items()
    assert len(limits) == (6 if len(expected) == 2 else 2)


def test_keypoint_limits_reach_every_point(tmp_path):
    limits = limits_of(tmp_path, "[keypoints]\nnme_increase_points = 0.2\npoint_increase_px = 0.3")
    assert limits["keypoints"]["nme"] == 0.2
    assert limits["keypoints"]["point_error_px.nose_tip"] == 0.3
    assert len(limits["keypoints"]) == 1 + 1 + 15


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("average_precision_drop_points = 0.2", {"average_precision": 0.2}),
        ("recall_drop_points = 2", {"recall.0.15": 2.0, "recall.0.09": 2.0, "recall.0.05": 2.0}),
        ('recall_drop_points = { "0.09" = 1 }', {"recall.0.09": 1.0}),
    ],
)
def test_a_detectors_recall_is_limited_at_every_rate_of_false_boxes_or_at_some(
    tmp_path, line, expected
):
    limits = limits_of(tmp_path, f"[detector]\n{line}\n")["detector"]
    assert limits == {"average_precision": 0.5, **expected}


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("[emotion", WrongUse, "cannot be read: .*; expected a TOML file"),
        ("[emotions]\n", WrongUse, r"has emotions; expected the tables \[emotion\]"),
        ("[emotion]\nacc = 1\n", WrongUse, r"has acc in \[emotion\]; expected some of accuracy_dr"),
        ("emotion = 1\n", WrongUse, r"has 1 in \[emotion\]"),
        ("[emotion]\naccuracy_drop_points = 'a'\n", WrongUse, "accuracy_drop_points a; expected a"),
        ("[emotion]\naccuracy_drop_points = nan\n", WrongUse, "expected a number of points"),
        ("[emotion]\naccuracy_drop_points = true\n", WrongUse, "expected a number of points"),
        ("[emotion]\naccuracy_drop_points = -0.1\n", WrongUse, "points -0.1; .* 0 or more"),
        ("[keypoints]\npoint_increase_px = { nose_tip = -1 }\n", WrongUse, "0 or more"),
        ("[emotion]\nrecall_drop_points = { Fear = 1 }\n", WrongUse, "names Fear; .* Angry, Disgu"),
        ("[emotion]\naccuracy_drop_points = { x = 1 }\n", WrongUse, "names x; expected a number"),
    ],
)
def test_a_budget_that_cannot_be_is_refused_in_one_line(tmp_path, text, error, message):
    with pytest.raises(error, match=message) as caught:
        limits_of(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_budget_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WrongUse, match=r"budget .*none\.toml cannot be read"):
        read_limits(tmp_path / "none.toml", None)


@pytest.mark.parametrize("limit", [float("nan"), -0.1])
def test_max_drop_must_be_a_number_that_is_not_below_0(limit):
    with pytest.raises(WrongUse, match=f"--max-drop {limit}; expected a number"):
        read_limits(None, limit)
