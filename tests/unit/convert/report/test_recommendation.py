"""What is recommended: a table of models and goals."""

import pytest

from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion_report.goals import parse_goal
from edge_emotion_report.recommend import NO_DEVICE, recommend
from helpers.measurements import (
    benchmark,
    conversion,
    evaluation,
    exported,
    frame,
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


@pytest.mark.parametrize(
    ("four_threads_ms", "interval_ms", "took", "threads"),
    [
        (2.0, [1.9, 2.1], "2.00 ms", 4),
        (2.95, [2.94, 2.96], "3.00 ms", 1),  # of settings as fast within noise: fewest threads
        (2.0, [1.0, 3.0], "3.00 ms", 1),
    ],
)
def test_whole_frames_and_the_command_are_those_of_the_choice(
    tmp_path, four_threads_ms, interval_ms, took, threads
):
    models = [network(), network("keypoints-edge", "keypoints")]
    times = [timing(one["id"]) for one in models]
    more = frame(threads=4, p50_ms=four_threads_ms, p50_interval_ms=interval_ms)
    files = {"pi.json": benchmark(models, times, [frame(), more])}
    [found] = recommend(gathered(tmp_path, files), parse_goal(""))

    assert took in found.decided
    assert found.command == (
        "edge-emotion run --camera --emotion emotion_int8.tflite "
        f"--keypoints keypoints_int8.tflite --threads {threads}"
    )


SLOW = {"p50_ms": 9.0, "p50_interval_ms": [8.9, 9.1]}
PAIR = [network(), network("keypoints-edge", "keypoints")]


def both_on(folder, times, frames=(), goal=""):
    """What is recommended of two networks, by their p50s at 1, 2, ... threads, and whole frames."""
    timed = [
        timing(model["id"], p50_ms, threads=threads)
        for model, found in zip(PAIR, times, strict=True)
        for threads, p50_ms in enumerate(found, 1)
        if p50_ms is not None
    ]
    files = {"pi.json": benchmark(PAIR, timed, frames)}
    [found] = recommend(gathered(folder, files), parse_goal(goal))
    return found


@pytest.mark.parametrize(
    ("times", "frames", "threads", "decided"),
    [
        # Alone both are faster with two threads, in whole frames with one: frames decide.
        (((1.0, 0.5), (1.0, 0.5)), [frame(), frame(threads=2, **SLOW)], 1, "a frame"),
        (((0.5, 1.0), (0.5, 1.0)), [frame(**SLOW), frame(threads=2)], 2, "a frame"),
        # Without frames the networks' sum does, though each would choose otherwise.
        (((1.0, 0.5), (1.0, 9.0)), [], 1, "networks alone"),
        (((1.0, 0.5), (1.0, 1.2)), [], 2, "networks alone"),
        (((1.0, None), (1.0, 0.1)), [], 1, "networks alone"),
    ],
)
def test_headlines_and_command_name_one_setting_and_what_decided_on_it(
    tmp_path, times, frames, threads, decided
):
    found = both_on(tmp_path, times, frames)

    told = f"cpu, {threads} thread{'s' if threads > 1 else ''}"
    assert all(one.headline.endswith(told) for one in found.advice)
    assert found.command.endswith(f" --threads {threads}")
    assert " decided on" in found.decided and decided in found.decided
    for one, row in zip(found.advice, times, strict=True):
        assert one.choice.chosen.p50_ms == row[threads - 1]


def test_networks_without_a_setting_in_common_have_no_command(tmp_path):
    found = both_on(tmp_path, ((1.0,), (None, 1.0)))

    assert found.command == ""
    assert "at no setting in common" in found.decided
    assert [one.headline.rpartition(", ")[2] for one in found.advice] == ["1 thread", "2 threads"]


def test_models_are_compared_at_the_setting_that_is_recommended(tmp_path):
    """Int8 is the fastest with two threads, but whole frames are faster with one."""
    models = [*PAIR, network(fmt="dynamic")]
    times = [timing(PAIR[0]["id"], p50, threads=n) for n, p50 in ((1, 2.0), (2, 0.9))]
    times += [timing(PAIR[1]["id"], 1.0, threads=n) for n in (1, 2)]
    times += [timing(models[2]["id"], 1.0, threads=n) for n in (1, 2)]
    frames = [
        frame(one["id"], threads=n, p50_ms=p50)
        for one in (PAIR[0], models[2])
        for n, p50 in ((1, 3.0), (2, 9.0))
    ]
    files = {"pi.json": benchmark(models, times, frames)}
    [found] = recommend(gathered(tmp_path, files), parse_goal(""))

    assert found.advice[0].headline == "emotion_dynamic.tflite, cpu, 1 thread"


@pytest.mark.parametrize(
    ("goal", "frames", "said"),
    [
        ("latency<5ms", [frame()], "latency<5ms is kept by whole frames: 3.00 ms (2.90 to 3.10)."),
        ("latency<5ms", [], "latency<5ms is kept by the network alone: 1.00 ms (0.990 to 1.01)."),
        (
            "latency<3.05ms",
            [frame()],
            "kept on average by whole frames: 3.00 ms (2.90 to 3.10); the interval reaches above",
        ),
        # A setting that keeps the limit goes before one with fewer threads.
        (
            "latency<3ms",
            [frame(p50_ms=3.05), frame(threads=2, p50_ms=2.95)],
            "latency<3ms is kept on average by whole frames: 2.95 ms",
        ),
    ],
)
def test_a_limit_on_latency_is_of_whole_frames_where_they_are_measured(
    tmp_path, goal, frames, said
):
    found = both_on(tmp_path, ((1.0, 1.0), (1.0, 1.0)), frames, goal)

    assert all(said in " ".join(one.reasons) for one in found.advice)


def test_networks_that_keep_a_limit_alone_do_not_keep_it_in_whole_frames(tmp_path):
    found = both_on(tmp_path, ((1.0,), (1.0,)), [frame()], "latency<2ms")

    assert [one.choice.chosen for one in found.advice] == [None, None]
    assert "Nearest to latency<2ms is emotion-edge int8 with 3.00 ms on whole frames." in (
        found.advice[0].reasons
    )


def of_two_pairs(folder, goal):
    """Advice where int8 was measured with int8 and float32 with float32.

    The emotion networks reach 80 and 70 %, the keypoint networks 2.5 and 2.0 px.
    """
    models = [network(fmt=fmt) for fmt in ("int8", "float32")]
    models += [network("keypoints-edge", "keypoints", fmt) for fmt in ("int8", "float32")]
    frames = [frame(one["id"], other["id"]) for one, other in zip(models, models[2:], strict=False)]
    files = {"pi.json": benchmark(models, frames=frames)}
    for model, value in zip(models, (0.80, 0.70, 2.5, 2.0), strict=True):
        files[f"{model['id']}.json"] = evaluation(model, value)
    [found] = recommend(gathered(folder, files), parse_goal(goal))
    return found


def test_under_a_limit_on_latency_only_pairs_that_were_measured_are_recommended(tmp_path):
    found = of_two_pairs(tmp_path, "latency<5ms,accuracy")

    assert [one.choice.chosen.model.format for one in found.advice] == ["int8", "int8"]
    assert (
        "It is the only model that is known to keep latency<5ms on whole frames with "
        "emotion-edge int8." in found.advice[1].reasons
    )


@pytest.mark.parametrize(
    ("goal", "emotion", "keypoints"),
    [
        # The most accurate emotion network was measured with keypoints that miss their limit.
        ("latency<5ms,rmse<2.2px,accuracy", "float32", "float32"),
        ("latency<5ms,rmse<3px,accuracy", "int8", "int8"),
        ("latency<5ms,rmse<3px,size<1MB,accuracy", "int8", "int8"),
        # Keypoints that nothing will do for take no emotion network with them.
        ("latency<5ms,rmse<1px,accuracy", "int8", None),
    ],
)
def test_under_a_limit_on_latency_partners_keep_the_other_limits(
    tmp_path, goal, emotion, keypoints
):
    found = of_two_pairs(tmp_path, goal)

    chosen = [one.choice.chosen and one.choice.chosen.model.format for one in found.advice]
    assert chosen == [emotion, keypoints]
    assert bool(found.command) == (keypoints is not None)  # or it would run what misses the goal


def test_frames_in_which_a_face_was_missed_are_of_the_same_way_to_detect(tmp_path):
    frames = [frame(), frame(threads=2, faces=0.98, p50_ms=1.0, p50_interval_ms=[0.9, 1.1])]
    found = both_on(tmp_path, ((1.0, 1.0), (1.0, 1.0)), frames)

    assert found.setting.threads == 2


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
