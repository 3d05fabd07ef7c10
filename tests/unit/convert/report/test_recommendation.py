"""Which model is recommended, and in which words: a table of models and goals."""

import pytest

from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion_report.goals import parse_goal
from edge_emotion_report.recommend import NO_DEVICE, recommend
from helpers.measurements import (
    benchmark,
    conversion,
    evaluation,
    exported,
    network,
    timing,
    write,
)
from helpers.reports import gathered


def advice_on(folder, rows, goal="", task="emotion"):
    """What is recommended among rows of format, figure, p50 and kB."""
    models = [network(task=task, fmt=fmt, size_bytes=1000 * kb) for fmt, *_, kb in rows]
    timed = zip(models, rows, strict=True)
    times = [timing(one["id"], p50) for one, (_, _, p50, _) in timed if p50 is not None]
    files = {"pi.json": benchmark(models, times)}
    half = 0.02 if task == "emotion" else 0.1
    for model, (fmt, value, *_) in zip(models, rows, strict=True):
        if value is not None:
            files[f"{fmt}.json"] = evaluation(model, value, value - half, value + half)
    [found] = recommend(gathered(folder, files), parse_goal(goal))
    [advice] = found.advice
    return advice


NOISE = [("int8", 0.80, 1.0, 700), ("float32", 0.81, 3.0, 2700), ("dynamic", 0.70, 0.5, 700)]


@pytest.mark.parametrize(
    ("rows", "goal", "chosen"),
    [
        (NOISE, "", "int8"),  # a point behind, within the noise of two, and faster
        (NOISE, "accuracy", "float32"),
        (NOISE, "latency", "dynamic"),
        (NOISE, "latency<0.8ms", "dynamic"),
        (NOISE, "latency<0.1ms", None),
        (NOISE, "size<1MB,accuracy", "int8"),
        (NOISE, "accuracy>80.5%", "float32"),
        (NOISE, "accuracy>75%,latency", "int8"),
        # Beyond the noise the most accurate one is taken, however slow.
        ([("int8", 0.75, 1.0, 700), ("float32", 0.81, 30.0, 2700)], "", "float32"),
        # As fast within noise: int8 is taken, whatever the order.
        ([("dynamic", 0.80, 1.0, 7), ("int8", 0.80, 1.04, 7)], "", "int8"),
        ([("dynamic", 0.80, 1.0, 7), ("int8", 0.80, 1.2, 7)], "", "dynamic"),
        ([("float16", 0.80, 1.0, 7), ("float32", 0.81, 1.0, 9)], "", "float32"),
        # What was not measured is not chosen for it.
        ([("int8", None, 0.1, 7), ("float32", 0.8, 3.0, 9)], "", "float32"),
        ([("int8", 0.8, None, 7), ("float32", 0.8, 3.0, 9)], "latency<5ms", "float32"),
        ([("int8", None, 2.0, 7), ("float32", None, 3.0, 9)], "", "int8"),
        ([("int8", None, 2.0, 7), ("float32", None, 3.0, 9)], "accuracy", None),
        ([("int8", 0.8, None, 700), ("float32", 0.8, None, 2700)], "", "int8"),
        ([("int8", 0.8, None, 700), ("float32", 0.8, None, 2700)], "latency", None),
    ],
)
def test_the_model_that_meets_the_goal(tmp_path, rows, goal, chosen):
    found = advice_on(tmp_path, rows, goal).choice.chosen

    assert (found and found.model.format) == chosen


def test_of_errors_the_smaller_is_the_better_one(tmp_path):
    rows = [("int8", 2.05, 1.0, 700), ("float32", 2.0, 3.0, 2700), ("dynamic", 2.5, 0.5, 700)]

    assert advice_on(tmp_path, rows, task="keypoints").choice.chosen.model.format == "int8"
    assert advice_on(tmp_path, rows, "rmse<2.02px", "keypoints").choice.chosen.p50_ms == 3.0


def test_a_limit_on_accuracy_is_none_on_keypoints(tmp_path):
    rows = [("int8", 2.05, 1.0, 700)]

    assert advice_on(tmp_path, rows, "accuracy>80%", "keypoints").choice.chosen is not None


def test_the_words_give_the_figures_and_the_reason(tmp_path):
    advice = advice_on(tmp_path, NOISE)
    said = " ".join(advice.reasons)

    assert advice.headline == "emotion_int8.tflite, cpu, 1 thread"
    assert "Accuracy 80.0% (78.0 to 82.0) on 1,000 faces of drawn test" in said
    assert "the most accurate is emotion-edge float32, 81.0% (79.0 to 83.0)" in said
    assert "it is 1.00 points behind, at 0.33 of the time and 0.26 of the size" in said


@pytest.mark.parametrize(
    ("times", "goal", "said"),
    [
        ((1.0, 3.0, 2.0), "", "This is the fastest of the 3 that are as accurate within noise"),
        (
            (1.0, 1.01, 2.0),
            "",
            "This is one of the fastest of the 3 that are as accurate within noise",
        ),
        (
            (1.0, 3.0, None),
            "",
            "This is the fastest of the 2 timed ones of the 3 that are as accurate within noise",
        ),
        (
            (1.0, None, None),
            "",
            "This is the only one timed of the 3 that are as accurate within noise",
        ),
        ((None, None, None), "", "This is the smallest of the 3 that are as accurate within noise"),
        ((1.0, None, 2.0), "latency", "It is the fastest of 2 timed models."),
        ((1.0, 3.0, 2.0), "latency", "It is the fastest of 3 models."),
        ((1.0, None, None), "latency,size<1MB", "It is the fastest of 1 timed model that keeps"),
    ],
)
def test_what_was_not_timed_is_not_said_to_be_slower(tmp_path, times, goal, said):
    rows = [("int8", 0.80, times[0], 700), ("float32", 0.81, times[1], 800)]
    rows.append(("float16", 0.805, times[2], 750))

    assert said in " ".join(advice_on(tmp_path, rows, goal).reasons)


def test_a_goal_that_nothing_meets_is_told_with_what_comes_nearest(tmp_path):
    advice = advice_on(tmp_path, NOISE, "latency<0.1ms")

    assert advice.headline == "nothing that is measured meets latency<0.1ms"
    assert "dynamic with 0.500 ms" in advice.reasons[0]


def test_a_peer_is_named_beside_and_never_chosen(tmp_path):
    own, peer = network(), network("fer", fmt="float32", file="f.tflite", peer=True)
    files = {
        "pi.json": benchmark([own, peer], [timing(own["id"], 2.0), timing(peer["id"], 1.0)]),
        "own.json": evaluation(own, 0.70, 0.68, 0.72),
        "peer.json": evaluation(peer, 0.90, 0.88, 0.92),
    }
    [found] = recommend(gathered(tmp_path, files), parse_goal(""))

    assert found.advice[0].choice.chosen.model.name == "emotion-edge"
    assert "The peer fer: 90.0% (88.0 to 92.0), 1.00 ms, 700 kB, better in both." in (
        found.advice[0].reasons
    )


def test_a_rejected_conversion_is_not_recommended(tmp_path):
    good, bad = network(), network(fmt="dynamic")
    files = {
        "pi.json": benchmark([good, bad], [timing(good["id"], 2.0), timing(bad["id"], 1.0)]),
        "conversion.json": conversion(
            [exported(good, {"accuracy": 0.1})], rejected=[exported(bad, {"accuracy": 9.0})]
        ),
    }
    [found] = recommend(gathered(tmp_path, files), parse_goal("latency"))

    assert found.advice[0].choice.chosen.model.format == "int8"


def test_a_change_that_rounds_to_nothing_is_no_gain(tmp_path):
    entry = exported(network(), {"accuracy": -0.001})
    files = {"pi.json": benchmark(), "conversion.json": conversion([entry])}
    [found] = recommend(gathered(tmp_path, files), parse_goal(""))

    said = " ".join(found.advice[0].reasons)
    assert "it loses 0.00 points (-0.10 to +0.10): it may be chance." in said


@pytest.mark.parametrize(
    ("rows", "goal", "task", "said"),
    [
        (NOISE, "accuracy>79%", "emotion", "accuracy>79% is kept on average; the interval reaches"),
        (
            [("int8", 2.0, 1.0, 700)],
            "rmse<2.05px",
            "keypoints",
            "rmse<2.05px is kept on average; the interval reaches above it.",
        ),
    ],
)
def test_a_limit_that_an_interval_reaches_beyond_is_kept_on_average(
    tmp_path, rows, goal, task, said
):
    assert said in " ".join(advice_on(tmp_path, rows, goal, task).reasons)


def test_a_limit_that_the_whole_interval_keeps_needs_no_word(tmp_path):
    assert "on average" not in " ".join(advice_on(tmp_path, NOISE, "accuracy>75%").reasons)


def test_a_number_of_faces_is_told_once(tmp_path):
    model = network()
    files = {"a.json": evaluation(model, 0.8, rows_of="1000 validation faces of drawn")}
    [found] = recommend(gathered(tmp_path, files), parse_goal(""))

    assert "on 1,000 validation faces of drawn;" in found.advice[0].reasons[0]


def test_a_model_beside_its_conversion_is_named_by_its_path(tmp_path):
    model = network()
    entry = exported(model, {"accuracy": 0.1})
    write(tmp_path, {"exports/emotion_int8.tflite": "a network"})
    [found] = recommend(
        gathered(tmp_path, {"exports/conversion.json": conversion([entry])}), parse_goal("")
    )

    assert found.command == (
        f"edge-emotion run --camera --emotion {tmp_path / 'exports/emotion_int8.tflite'}"
    )


def test_a_shipped_network_needs_no_option(tmp_path):
    shipped = read_model(shipped_model("emotion")).metadata.flatbuffer_sha256
    models = [network(flatbuffer_sha256=shipped), network("keypoints-edge", "keypoints")]
    [found] = recommend(gathered(tmp_path, {"pi.json": benchmark(models)}), parse_goal(""))

    assert found.advice[0].headline == "emotion_int8.tflite, which is shipped, cpu, 1 thread"
    assert found.command == (
        "edge-emotion run --camera --keypoints keypoints_int8.tflite --threads 1"
    )


def test_without_a_device_the_smallest_is_recommended_and_that_is_said(tmp_path):
    small, large = network(), network(fmt="float32", size_bytes=2_700_000)
    files = {f"{m['format']}.json": evaluation(m, 0.8, 0.78, 0.82) for m in (small, large)}
    [found] = recommend(gathered(tmp_path, files), parse_goal(""))

    assert found.device == NO_DEVICE
    assert found.advice[0].choice.chosen.model.size_bytes == 700_000
    assert "edge-emotion benchmark" in found.cautions[0]
