"""What a recorded session comes to: facts by hand, whatever the file went through."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.labels import EMOTIONS
from edge_emotion_report.session import recorded
from edge_emotion_report.session.command import report_session
from edge_emotion_report.session.facts import facts
from edge_emotion_report.session.lines import Lines, parse, with_former
from edge_emotion_report.session.recorded import Durations, Session
from edge_emotion_report.session.timeline import COLUMNS, LABELS, PAUSE_S, Timeline
from helpers.readings import reading_at


def line(at_s: float, says: str | None = "Happy", **changed: Any) -> bytes:
    fields = {**reading_at(at_s, label=says).as_dict(), **changed}
    return json.dumps(fields).encode() + b"\n"


def session(*lines: bytes) -> Session:
    return Session().add_all(map(parse, lines))


def seconds(of: Any) -> dict[str, float]:
    return {label: round(held_s, 2) for label, held_s in of.seconds.items() if held_s}


# What is counted


def test_each_label_holds_until_the_next_reading():
    found = session(
        line(1.0), line(1.4), line(2.0, None), line(2.4, "Sad"), line(2.6, "Sad"), line(3.0, "Sad")
    )
    assert seconds(found) == {"Happy": 1.0, "undecided": 0.4, "Sad": 0.6}
    assert found.length_s == pytest.approx(2.0)
    assert (found.frames, found.readings, found.people) == (6, 6, 1)


def test_changes_are_from_one_decided_emotion_to_another():
    labels = ["Happy", "Happy", None, "Sad", None, "Sad", "Happy", None]
    found = session(*(line(place / 10, label) for place, label in enumerate(labels)))
    assert found.changes == {("Happy", "Sad"): 1, ("Sad", "Happy"): 1}


def test_a_face_is_not_in_view_while_the_camera_pauses():
    found = session(line(0.0), line(1.0), line(1.0 + PAUSE_S + 1), line(3.0 + PAUSE_S))
    assert seconds(found) == {"Happy": 2.0}


def test_two_faces_are_two_persons_and_one_frame():
    found = session(*(line(time_s, track_id=number) for time_s in (0, 1, 2) for number in (1, 2)))
    assert (found.frames, found.with_face, found.readings, found.people) == (3, 3, 6, 2)
    assert [person.name for person in found.longest_present] == ["1", "2"]
    assert seconds(found) == {"Happy": 4.0}


def test_frames_without_a_face_count_as_frames():
    found = session(b'{"frame":0,"faces":0}', line(0.04), line(0.08), b'{"frame":3,"faces":0}')
    assert (found.frames, found.with_face) == (4, 2)


def test_the_rate_is_that_of_frames_with_a_face_in_succession():
    times_s = [0.0, 0.1, 0.2, 0.3, 9.0, 9.1]
    assert session(*map(line, times_s)).fps == pytest.approx(10, rel=0.01)


def test_detection_counts_once_a_frame_and_only_where_it_ran():
    faces = [(0.0, 1, 10.0), (0.0, 2, 10.0), (0.0, 3, 10.0), (0.1, 1, 20.0), (0.2, 1, 20.0)]
    faces += [(0.3, 1, 0.0), (0.4, 1, 0.0)]
    found = session(*(line(at, track_id=who, ms={"detect": ms}) for at, who, ms in faces))
    assert found.stages == {"detect": pytest.approx((20, 20), rel=0.01)}


def test_runs_in_one_file_follow_upon_each_other_and_share_nobody():
    """Each has a clock and track numbers of its own."""
    found = session(line(5.0), line(6.0), line(0.5, "Sad"), line(2.5, "Sad"))
    assert found.run_starts_s == [0.0, 1.0]
    assert found.length_s == pytest.approx(3.0)
    assert [person.name for person in found.longest_present] == ["1", "1 of run 2"]
    assert seconds(found) == {"Happy": 1.0, "Sad": 2.0}
    assert not found.changes


FIRST, SECOND = "2026-11-21T22:03:11.721000+00:00", "2026-11-22T07:00:00+01:00"


def run(started: str) -> bytes:
    return json.dumps({"run": {"started": started, "version": "0.1.0"}}).encode() + b"\n"


@pytest.mark.parametrize(
    ("lines", "starts"),
    [
        ([line(0.0), line(1.0)], [(0.0, None)]),
        ([run(FIRST), line(0.0), line(1.0)], [(0.0, FIRST)]),
        # A file that began anew
        ([run(FIRST), line(0.0), run(FIRST), line(1.0)], [(0.0, FIRST)]),
        # The next one's first face comes later than the former's last one
        ([run(FIRST), line(0), line(1), run(SECOND), line(4)], [(0.0, FIRST), (1.0, SECOND)]),
        ([run(FIRST), line(0), line(1), run(SECOND), line(1)], [(0.0, FIRST), (1.0, SECOND)]),
        ([line(0), line(1), run(SECOND), line(4)], [(0.0, None), (1.0, SECOND)]),
        # Its line is torn
        ([run(FIRST), line(4), line(5), line(0)], [(0.0, FIRST), (1.0, None)]),
        # One without a face has no place in the session
        ([run(FIRST), b'{"frame":0,"faces":0}', run(SECOND), line(4)], [(0.0, SECOND)]),
    ],
)
def test_a_line_begins_each_run_and_dates_it(lines, starts):
    found = session(*lines)
    assert facts(found, 0)["run_starts"] == [
        {"at_s": at_s, "started": date} for at_s, date in starts
    ]
    assert found.people == len(starts)
    assert found.frames == sum(b'"run"' not in one for one in lines)


def test_those_in_view_for_longest_are_shown_and_all_are_counted(monkeypatch):
    monkeypatch.setattr(recorded, "SHOWN", 3)
    monkeypatch.setattr(recorded, "_FOLLOWED", 4)
    lines, now_s = [], 0.0
    for number, stays_s in enumerate([4, 1, 5, 2, 1, 3, 1, 1, 1, 1, 1], 1):
        lines += [line(now_s, track_id=number), line(now_s + stays_s, track_id=number)]
        now_s += stays_s + PAUSE_S + 1
    found = session(*lines)
    assert [person.name for person in found.longest_present] == ["1", "3", "6"]
    assert (found.people, seconds(found)) == (11, {"Happy": 21.0})
    assert len(found._followed) <= 5


def test_percentiles_are_within_two_thousandths():
    durations_ms = np.random.default_rng(0).lognormal(0, 1, 2000)
    counted = Durations()
    for duration_ms in durations_ms:
        counted.add(float(duration_ms))
    for percent in (5, 50, 95):
        expected = np.percentile(durations_ms, percent, method="lower")
        assert counted.percentile(percent) == pytest.approx(expected, rel=0.002)
    assert Durations().percentile(50) is None


# The timeline


@given(st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from(LABELS)), min_size=1, max_size=60))
def test_a_timeline_holds_every_reading_however_long_it_takes(readings):
    timeline = Timeline(0.0)
    for now_s, label in readings:
        timeline.add(now_s, label, 5 * (0.2,))
    assert timeline.counts.sum() == len(readings)
    assert timeline.width_s * COLUMNS > max(now_s for now_s, _ in readings)
    runs = timeline.held()
    assert all(start_s < end_s for start_s, end_s, _ in runs)
    assert all(one[1] <= other[0] for one, other in pairwise(runs))
    times_s, shares = timeline.probabilities()
    assert np.all(np.diff(times_s) >= 0)
    np.testing.assert_allclose(shares[~np.isnan(shares)], 0.2)


def test_labels_hold_from_column_to_column_and_not_over_an_absence():
    timeline = Timeline(10.0, width_s=1.0)
    for now_s, label in [(10, "Happy"), (12, "Happy"), (13, "Sad"), (13, "Sad"), (13, "Happy")]:
        timeline.add(now_s, label, 5 * (0.2,))
    timeline.add(30, "Sad", 5 * (0.2,))
    assert timeline.held() == [(10, 13, "Happy"), (13, 14, "Sad"), (30, 31, "Sad")]
    assert timeline.held(least_s=3) == [(10, 14, "Happy"), (30, 34, "Sad")]
    assert np.isnan(timeline.probabilities()[1]).any(axis=1).tolist() == [
        *(3 * [False]),
        True,
        False,
    ]


# Files


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xfe\n",
        b"[" * 60_000,
        b"[]",
        b"{}",
        line(1.0)[:-40],
        line(1.0, time_s=None),
        line(1.0, time_s=float("nan")),
        line(1.0, time_s=-1),
        line(1.0, time_s=float("inf")),
        line(1.0, time_s=10**400),
        line(1.0, time_s=True),
        line(1.0, frame=10**400),
        line(1.0, ms={"emotion": 10**400}),
        line(1.0, frame=1.5),
        line(1.0, frame=True),
        line(1.0, track_id="1"),
        line(1.0, label="Neutral"),
        line(1.0, label=["Happy"]),
        line(1.0, smoothed={"Happy": 1.0}),
        line(1.0, smoothed=None),
        line(1.0, ms=[1]),
        line(1.0, ms={"emotion": "fast"}),
        b'{"run":"now"}\n',
        b'{"run":{"version":"0.1.0"}}\n',
        b'{"run":{"started":"yesterday"}}\n',
        b'{"run":{"started":"2026-11-21T22:03:11"}}\n',
    ],
)
def test_a_line_that_is_no_reading_is_counted_and_named(tmp_path, broken):
    file = tmp_path / "readings.jsonl"
    file.write_bytes(line(0.0) + broken.rstrip(b"\n") + b"\n" + line(2.0))
    lines = Lines([file])
    assert [one.time_s for one in lines] == [0.0, 2.0]
    assert (lines.broken, lines.where) == (1, [f"{file}:2"])


def test_a_torn_last_line_is_left_out(tmp_path):
    file = tmp_path / "readings.jsonl"
    file.write_bytes(line(0.0) + line(1.0)[:90])
    lines = Lines([file])
    assert len(list(lines)) == 1
    assert lines.where == [f"{file}:2"]


def test_a_file_without_line_ends_takes_little_memory(tmp_path):
    """It is read in pieces."""
    file = tmp_path / "zeros"
    file.write_bytes(bytes(10 * 65_536))
    lines = Lines([file])
    assert list(lines) == []
    assert (lines.broken, len(lines.where)) == (10, 3)


def test_former_files_come_first_the_oldest_of_all_at_the_beginning(tmp_path):
    for name in ("out", "out.1", "out.2", "out.4", "out.old"):
        (tmp_path / name).touch()
    assert [file.name for file in with_former(tmp_path / "out")] == ["out.2", "out.1", "out"]


# The command


def test_facts_are_json_and_no_page_is_drawn(tmp_path, capsys):
    file = tmp_path / "readings.jsonl"
    file.with_name("readings.jsonl.1").write_bytes(line(0.0) + line(1.0))
    file.write_bytes(line(2.0, "Sad") + b"broken\n" + line(3.0, "Sad"))
    report_session([file], None, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["length_s"] == 3.0
    assert told["seconds"] == {**dict.fromkeys(LABELS, 0.0), "Happy": 2.0, "Sad": 1.0}
    assert told["changes"] == [{"from": "Happy", "to": "Sad", "times": 1}]
    assert told["longest_present"][0]["present_s"] == 3.0
    assert told["broken_lines"] == 1
    assert not file.with_suffix(".html").exists()
    assert list(told) == list(facts(Session(), 0))


@pytest.mark.parametrize("content", [b"", b"\n\n", b'{"frame":0,"faces":0}\n', b"hello\nworld\n"])
def test_a_file_without_readings_is_refused_in_one_line(tmp_path, content):
    file = tmp_path / "empty.jsonl"
    file.write_bytes(content)
    with pytest.raises(EdgeEmotionError, match=r"empty\.jsonl: there are no readings") as caught:
        report_session([file], None, as_json=False)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["page.md", "page.csv", "page"])
def test_a_page_with_another_name_is_refused(tmp_path, name):
    file = tmp_path / "readings.jsonl"
    file.write_bytes(line(0.0))
    with pytest.raises(WrongUse, match=rf"{name}; expected a name that ends in \.html"):
        report_session([file], tmp_path / name, as_json=False)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, name):
    with pytest.raises(EdgeEmotionError, match=r"cannot read .*check the session's path"):
        report_session([tmp_path / name], tmp_path / "page.html", as_json=False)


def test_the_emotions_are_in_the_contracts_order():
    """Lines name them, and the timeline counts them by place."""
    (one,) = [parse(line(1.0, "Surprise"))]
    assert one.smoothed[EMOTIONS.index("Surprise")] == 0.8
