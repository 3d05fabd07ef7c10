"""Face detectors side by side, as benchmarks/detectors.py measures them."""

import json
import re

import pytest

from edge_emotion_report.files import read_files
from edge_emotion_report.gathered import gather
from edge_emotion_report.goals import Goal
from edge_emotion_report.markdown import report_markdown
from edge_emotion_report.page import report_page, subtitle
from edge_emotion_report.recommend import recommend
from helpers.measurements import benchmark, contender, contest, evaluation, network, write

HAAR = contender("Haar cascade", 0.47, 41.0, average_precision=None, intervals_95={})
UNTIMED = contender("BlazeFace", 0.9, times=None)


def gathered(folder, **files):
    tables = {f"{name}.json": content for name, content in files.items()}
    return gather(read_files([write(folder, tables)]))


def page_of(found):
    return report_page(found, Goal(), recommend(found, Goal()))


def test_they_have_a_chart_and_a_table_of_their_own(tmp_path):
    found = gathered(tmp_path, a=contest(contender(), HAAR, UNTIMED))
    page = page_of(found)
    [chart] = re.findall(r'<figure id="contest-1">.*?</figure>', page, re.DOTALL)
    text = report_markdown(found, "title", "subtitle", recommend(found, Goal()))

    assert "Detectors side by side, on 202 drawn photographs, timed on Cortex-A72" in page
    assert "Haar cascade<" in chart and "BlazeFace<" not in chart
    assert "Not measured: recall or time of BlazeFace." in chart
    assert "From detectors:" in chart and "python benchmarks/detectors.py --data data" in chart
    for row in (
        "edge-emotion | 90.0% (86.0 to 94.0) | 82.0% (70.0 to 95.0) | 81.0% | 0.10 | "
        "0.500 (0.450 to 1.00) | 1.00",
        "Haar cascade (peer) | not measured | 47.0% | 81.0% | 0.10 | 41.0 (36.9 to 82.0) | 82.0",
        "BlazeFace (peer) | 90.0% (86.0 to 94.0) | 90.0% (70.0 to 95.0) | 81.0% | 0.10 | "
        "not measured | not measured",
    ):
        assert f"| {row} |" in text


def test_what_the_machine_warned_of_is_repeated(tmp_path):
    busy = contest(conditions={"warnings": ["the machine was <busy>"]})

    assert "Mind: the machine was &lt;busy&gt;." in page_of(gathered(tmp_path, a=busy))


def test_they_are_named_beside_the_recommended_detector_alone(tmp_path):
    models = [network(), network("detector-edge", "detector")]
    found = gathered(
        tmp_path, a=contest(contender(), HAAR), pi=benchmark(models), e=evaluation(models[0], 0.8)
    )
    emotion, detector = recommend(found, Goal())[0].advice

    assert detector.reasons[-1] == (
        "Detectors side by side on drawn photographs, whole calls on Cortex-A72: "
        "edge-emotion: recall 82.0%, time 0.500 ms; Haar cascade: recall 47.0%, time 41.0 ms."
    )
    assert "side by side" not in " ".join(emotion.reasons)


def test_of_two_files_of_one_machine_and_set_the_newer_is_taken(tmp_path):
    later = contest(contender(recall=0.9), made="2026-11-23T03:00:00+00:00")
    elsewhere = contest(contender(recall=0.7), machine={"cpu": "another"})
    found = gathered(tmp_path, a=later, b=contest(), c=elsewhere)

    assert [one.contenders[0].recall.value for one in found.contests] == [0.9, 0.7]
    assert any("a.json is taken" in note and "b.json" in note for note in found.notes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (contest(version=2), "version 2"),
        (contest(detectors=[]), "no detectors"),
        (contest(detectors=5), "detectors is no list"),
        (contest("nothing"), "detectors, entry 1: it is no table"),
        (contest(contender(recall=80.0)), "recall is 80"),
        (contest(contender(average_precision=90)), "average_precision is 90"),
        (contest(contender(p50_ms=0)), "p50_ms is 0"),
        (contest(contender(times=5)), "times is no table"),
        (contest(contender() | {"name": None}), "name is missing"),
        (json.dumps(contest())[:300], "cut off"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_the_rest_reported(tmp_path, content, said):
    found = gathered(tmp_path, a=content, pi=benchmark())

    [note] = [note for note in found.notes if "a.json" in note]
    assert said in note and "left out" in note
    assert found.contests == () and len(found.devices) == 1


def test_a_detector_that_cannot_be_used_costs_no_other(tmp_path):
    found = gathered(tmp_path, a=contest(contender(), contender("other", times=5)))

    assert [one.name for one in found.contests[0].contenders] == ["edge-emotion"]
    assert "detectors, entry 2: times is no table; left out" in found.notes[0]


def test_what_a_file_does_not_tell_is_not_measured(tmp_path):
    bare = {"name": "bare", "rows_of": "photographs", "rows": 3}
    found = gathered(tmp_path, a=contest(bare, conditions=None, machine=None))
    text = report_markdown(found, "title", "subtitle", recommend(found, Goal()))

    assert "timed on an unnamed machine" in text
    assert f"| bare |{' not measured |' * 6}" in text
    assert 'id="contest-1"' not in page_of(found)


def test_alone_they_are_a_report_that_recommends_nothing(tmp_path):
    found = gathered(tmp_path, a=contest(contender(), HAAR))
    text = report_markdown(found, "title", subtitle(found, Goal()), recommend(found, Goal()))

    assert recommend(found, Goal()) == []
    assert "2 detectors side by side, from 1 file." in text
    assert "What to run" not in text and "<h2>What to run</h2>" not in page_of(found)
