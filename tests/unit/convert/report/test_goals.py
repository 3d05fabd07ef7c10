import pytest

from edge_emotion.errors import WrongUse
from edge_emotion_report.goals import parse_goal


@pytest.mark.parametrize(
    ("text", "limits", "aim"),
    [
        ("", [], ""),
        ("accuracy", [], "accuracy"),
        ("Latency", [], "latency"),
        ("latency<5ms", [("latency", 5.0)], ""),
        ("latency < 500 us", [("latency", 0.5)], ""),
        ("latency<=0.5s", [("latency", 500.0)], ""),
        ("size<400kB", [("size", 400_000.0)], ""),
        ("size<1.5MB,accuracy", [("size", 1_500_000.0)], "accuracy"),
        ("accuracy>80%", [("accuracy", 0.8)], ""),
        ("rmse<2px, latency<1ms ,size", [("rmse", 2.0), ("latency", 1.0)], "size"),
    ],
)
def test_a_goal_is_limits_and_an_aim(text, limits, aim):
    goal = parse_goal(text)

    assert [(limit.quantity, pytest.approx(limit.bound)) for limit in goal.limits] == limits
    assert goal.aim == aim


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("fast", "fast"),
        ("latency<5", "latency<5ms"),
        ("latency>5ms", "latency<5ms"),
        ("latency<5kB", "latency<5ms"),
        ("size<kB", "size<kB"),
        ("accuracy<80%", "accuracy>5%"),
        ("latency<1.2.3ms", "1.2.3"),
        ("accuracy,size", "accuracy and size"),
        ("power<5W", "power<5W"),
        ("$(rm)<5ms", "$(rm)"),
    ],
)
def test_another_goal_is_refused_in_one_line_that_names_what_is_wrong(text, named):
    with pytest.raises(WrongUse) as refused:
        parse_goal(text)

    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_figure_that_was_not_measured_keeps_no_limit():
    [limit] = parse_goal("latency<5ms").limits

    assert limit.kept_by(4.9)
    assert not limit.kept_by(5.0)
    assert not limit.kept_by(None)
