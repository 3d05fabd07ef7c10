"""The third task in a report: a face detector, measured on photographs by its average precision."""

import json
import re

import pytest

from edge_emotion_report.charts import Point, trade_off
from edge_emotion_report.drawing import stages
from edge_emotion_report.files import read_files
from edge_emotion_report.flat import recommended_json
from edge_emotion_report.gathered import gather
from edge_emotion_report.goals import Goal, parse_goal
from edge_emotion_report.markdown import report_markdown
from edge_emotion_report.page import report_page
from edge_emotion_report.recommend import recommend
from edge_emotion_report.scores import table_score
from edge_emotion_report.tasks import TASKS
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

ROWS = "validation photographs of detection"


def detector(fmt="int8", **changed):
    return network("detector-edge", "detector", fmt, **changed)


def evaluated(model, precision, recall=0.84, low=None, high=None):
    """As `evaluate --json` writes a detector's figures."""
    table = evaluation(model, precision, low, high, ROWS)
    part = table["parts"][0]
    part["average_precision"] = part.pop("rmse_px")
    part |= {"rows": 202, "faces": 189, "recall": {"0.15": recall, "0.09": 0.83, "0.05": 0.80}}
    return table


def converted(model, lost):
    entry = exported(model, {"average_precision": lost, "recall.0.15": 1.0})
    for measure in entry["gate"]["measures"]:
        measure["unit"] = "points"
    entry[model["format"]] = {"rows": 202, "average_precision": 0.9, "recall": {"0.15": 0.8}}
    return entry


def three_tasks():
    """Files of three networks in two formats, the frame path without the detector."""
    detectors = [detector(), detector("float32")]
    others = [network(), network("keypoints-edge", "keypoints")]
    return {
        "pi.json": benchmark(
            [*others, *detectors],
            [timing(one["id"], 1.0 + n) for n, one in enumerate((*others, *detectors))],
            [frame()],
        ),
        "detector/conversion.json": conversion(
            [converted(one, lost) for one, lost in zip(detectors, (0.2, 0.0), strict=True)],
            "detector-edge",
        ),
        "eval/int8.json": evaluated(detectors[0], 0.903, 0.841, 0.88, 0.92),
        "eval/float32.json": evaluated(detectors[1], 0.905, 0.846, 0.88, 0.92),
        "eval/emotion.json": evaluation(others[0], 0.8, 0.78, 0.82),
        "eval/keypoints.json": evaluation(others[1], 2.0, 1.9, 2.1),
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return gather(read_files([write(tmp_path_factory.mktemp("files"), three_tasks())]))


def test_its_recommendation_tells_precision_and_recall(whole):
    [found] = recommend(whole, Goal())
    advice = found.advice[-1]

    assert [one.task for one in found.advice] == ["emotion", "keypoints", "detector"]
    assert advice.headline == "detector_int8.tflite, cpu, 1 thread"
    assert advice.reasons[0] == (
        "Average precision 90.3% (88.0 to 92.0), recall at 0.15 false boxes a photograph 84.1%, "
        "on 202 validation photographs of detection; 3.00 ms (2.97 to 3.03) a "
        "picture, p90 3.60 ms; 700 kB."
    )
    assert (
        "Against its own float network, on the same photographs, it loses 0.20 points"
        in (advice.reasons[-1])
    )
    assert found.command.endswith(" --detector net:detector_int8.tflite --threads 1")


def test_the_more_precise_one_is_the_better_one(whole):
    [found] = recommend(whole, parse_goal("accuracy"))

    assert found.advice[-1].choice.chosen.model.format == "float32"


@pytest.mark.parametrize(
    ("goal", "chosen"), [("ap>90.4%", "float32"), ("ap>95%", None), ("rmse<1px", "int8")]
)
def test_it_has_a_limit_of_its_own(whole, goal, chosen):
    [found] = recommend(whole, parse_goal(goal))
    model = found.advice[-1].choice.chosen

    assert (model and model.model.format) == chosen


def test_a_limit_on_latency_is_of_the_network_alone_as_long_as_frames_are_without_it(whole):
    [found] = recommend(whole, parse_goal("latency<3.5ms"))

    assert "latency<3.5ms is kept by whole frames: 3.00 ms" in " ".join(found.advice[0].reasons)
    assert "latency<3.5ms is kept by the network alone: 3.00 ms" in (
        " ".join(found.advice[-1].reasons)
    )


NET = {"detector": "net", "detector_model": "detector-edge-int8", "every": 3}


@pytest.mark.parametrize(
    ("more", "both"),
    [
        ([], "(640×480, 1 face, haar every 10th frame; cpu, 1 thread)"),
        # Its own frames count before those of OpenCV's detector, though these are faster,
        ([frame(**NET, p50_ms=4.0)], "4.00 ms (2.90 to 3.10) a frame"),
        # and of them those with as many detections as `run` makes without an option.
        ([frame(**NET, p50_ms=4.0), frame(**NET | {"every": 1}, p50_ms=1.0)], "every 3rd frame"),
    ],
)  # fmt: skip
def test_whole_frames_are_those_with_the_detector_where_they_were_measured(tmp_path, more, both):
    files = three_tasks()
    files["pi.json"]["frame_path"] += more
    [found] = recommend(gather(read_files([write(tmp_path, files)])), Goal())

    assert both in found.decided
    assert found.setting.frame.p50_ms == (4.0 if more else 3.0)


def test_a_limit_on_latency_is_of_whole_frames_with_it_where_they_were_measured(tmp_path):
    files = three_tasks()
    files["pi.json"]["frame_path"] = [frame(**NET, p50_ms=3.2, p50_interval_ms=[3.1, 3.3])]
    [found] = recommend(
        gather(read_files([write(tmp_path, files)])), parse_goal("latency<3.5ms,accuracy")
    )

    assert found.advice[-1].choice.chosen.model.format == "int8"
    assert "latency<3.5ms is kept by whole frames: 3.20 ms" in " ".join(found.advice[-1].reasons)


def test_it_has_its_charts_and_tables(whole):
    page = report_page(whole, Goal(), recommend(whole, Goal()))
    text = report_markdown(whole, "title", "subtitle", recommend(whole, Goal()))

    assert "<h3>Detector, on validation photographs of detection</h3>" in page
    for chart in ("pareto-detector-latency-1", "pareto-detector-size"):
        assert f'<figure id="{chart}">' in page
    assert "What each format of detector-edge loses, by measure" in page
    assert "average precision, %" in page and "ms a picture, p50" in page
    assert "| recall at 0.15 false boxes, points | +1.00 (+0.90 to +1.10) |" in text
    assert "| average precision (95 %) | recall at 0.15 false boxes a photograph |" in text
    assert "| 90.3% (88.0 to 92.0) | 84.1% | +0.20 (+0.10 to +0.30) |" in text
    assert "<dt>average precision, detector</dt>" in page
    assert "<dt>detector on Raspberry Pi 4, a picture</dt>" in page


def test_frames_are_named_after_all_three_networks_and_how_often_one_detects(tmp_path):
    files = three_tasks()
    both = {"detector": "net", "emotion": "emotion-edge-int8"}
    files["pi.json"]["frame_path"] = [
        frame(**both, detector_model=f"detector-edge-{fmt}", every=every)
        for fmt in ("int8", "float32")
        for every in (3, 1)
    ]
    found = gather(read_files([write(tmp_path, files)]))
    text = report_markdown(found, "title", "subtitle", recommend(found, Goal()))
    page = report_page(found, Goal(), recommend(found, Goal()))
    [chart] = re.findall(r'<figure id="stages-1">.*?</figure>', page, re.DOTALL)

    for name in (
        "int8; 640×480, 1 face, net every 3rd frame",
        "int8; 640×480, 1 face, net every frame",
        "int8 + int8 + float32; 640×480, 1 face, net every 3rd frame",
        "int8 + int8 + float32; 640×480, 1 face, net every frame",
    ):
        assert f"| {name} | cpu |" in text
    assert "Frames: 640×480, 1 face, net every 3rd frame. In the table only: 2 further rows." in (
        chart
    )


def test_frames_that_would_hide_the_others_stages_are_named_under_the_chart(tmp_path):
    files = three_tasks()
    slow = frame(detector_model="detector-edge-float32", stages_ms={"detect": 200.0})
    files["pi.json"]["frame_path"].append(slow)
    found = gather(read_files([write(tmp_path, files)]))
    [chart] = stages(found)

    assert "Not drawn, for it takes far longer: int8 + int8 + float32." in chart.remark
    assert "In the table only: 1 further row." in chart.remark


def test_of_networks_of_one_name_the_chosen_ones_are_told_in_json(tmp_path):
    models = [network("edge", task, fmt) for task in TASKS for fmt in ("int8", "float32")]
    times = [timing(f"{one['task']}-{one['format']}", 1.0) for one in models]
    models = [one | {"id": f"{one['task']}-{one['format']}"} for one in models]
    files = {"pi.json": benchmark(models, times)}
    for one in models:  # the most accurate is another format in each
        value = 0.9 if (one["task"], one["format"]) != ("emotion", "int8") else 0.5
        files[f"{one['id']}.json"] = (
            evaluated(one, value) if one["task"] == "detector" else evaluation(one, value)
        )
    found = gather(read_files([write(tmp_path, files)]))
    [told] = json.loads(recommended_json(found, recommend(found, parse_goal("accuracy"))))

    chosen = [row["file"] for row in told["rows"] if row["chosen"]]
    assert chosen == ["emotion_float32.tflite", "keypoints_int8.tflite", "detector_int8.tflite"]


def test_its_rows_are_those_of_the_others_in_json(whole):
    [told] = json.loads(recommended_json(whole, recommend(whole, Goal())))
    [row] = [one for one in told["rows"] if one["file"] == "detector_int8.tflite"]

    assert (row["measure"], row["value"], row["beside"]) == ("average_precision", 0.903, 0.841)


def test_up_is_better_on_its_chart(whole):
    points = [Point(name, name, False, 1.0, 80.0, None, None) for name in ("int8", "float32")]
    low, high = trade_off(points, "detector", "ms", "title").axes[0].get_ylim()

    assert low < high


@pytest.mark.parametrize("table", [{"rows": 3}, {"rows": 0, "average_precision": 0.9}])
def test_what_a_table_does_not_tell_is_not_measured(table):
    assert table_score("detector", table, "some", None) is None


def test_a_precision_without_an_interval_gets_none(whole):
    score = table_score("detector", {"rows": 9, "average_precision": 0.9}, "some", None)

    assert (score.interval, score.beside) == (None, None)
