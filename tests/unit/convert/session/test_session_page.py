"""The page of a session: whole, of one file, and small however long the session."""

import re
from datetime import datetime, timezone

import pytest

pytest.importorskip("matplotlib")

from edge_emotion_report.session.charts import clock
from edge_emotion_report.session.lines import Line, RunLine
from edge_emotion_report.session.page import session_page
from edge_emotion_report.session.recorded import Session

EVEN = 5 * (0.2,)


def session(people: int = 2, readings: int = 20, every_s: float = 0.1) -> Session:
    lines = [
        Line(frame, frame * every_s, number, ("Happy", "Sad", None)[(frame + number) % 3], EVEN, {})
        for frame in range(readings)
        for number in range(1, people + 1)
    ]
    return Session().add_all(lines)


def test_the_page_loads_nothing_from_elsewhere():
    page = session_page(session(), ["readings.jsonl"], [])
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert "<script" not in page
    assert page.count("<svg") == 3  # all of them, and each


def test_every_chart_defines_its_own_names():
    page = session_page(session(3), ["readings.jsonl"], [])
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(set(names)) == len(names)


def test_one_person_needs_no_chart_of_all():
    page = session_page(session(1), ["readings.jsonl"], [])
    assert page.count("<svg") == 1
    assert "<td>all</td>" not in page


def test_those_who_are_not_shown_are_counted():
    page = session_page(session(23), ["readings.jsonl"], [])
    assert "The 20 in view for longest are shown, 3 others are not." in page
    assert page.count("<h3>Face ") == 20


def test_a_long_session_makes_a_page_hardly_larger():
    short, long = (len(session_page(session(1, count), ["a"], [])) for count in (1000, 30_000))
    assert long < 2.5 * short


def test_names_and_notes_are_text():
    page = session_page(session(), ["<old>.1", "<b>.jsonl"], ["1 line is broken: <i>:3"])
    assert "<b>.jsonl" not in page and "<i>:3" not in page
    assert "&lt;b&gt;.jsonl and 1 older file" in page
    assert "1 line is broken: &lt;i&gt;:3" in page


def test_the_date_of_each_run_is_told():
    whole = session(1)
    assert "<h2>Runs" not in session_page(whole, ["a"], [])
    whole.add_all(
        [
            RunLine(datetime(2026, 11, 21, 22, 3, 11, tzinfo=timezone.utc)),
            Line(0, 0.0, 1, "Sad", EVEN),
        ]
    )
    page = session_page(whole, ["a"], [])
    rows = re.findall("<tr><td.*?</tr>", page[page.index("<h2>Runs") :])
    assert [re.findall(">([^<]+)</td>", row) for row in rows[:2]] == [
        ["1", "–", "0 s"],
        ["2", "2026-11-21 22:03:11 UTC", "1.9 s"],
    ]


def test_a_session_of_a_single_reading_can_be_drawn():
    assert "<svg" in session_page(session(1, 1), ["a"], [])


@pytest.mark.parametrize(
    ("moment_s", "whole_s", "expected"),
    [
        (7.25, 60, "7.2 s"),
        (12, 60, "12 s"),
        (125, 600, "2:05"),
        (3599.7, 3700, "1:00:00"),
        (90_061, 90_061, "25:01:01"),
    ],
)
def test_moments_are_told_by_the_length_of_the_whole(moment_s, whole_s, expected):
    assert clock(moment_s, whole_s) == expected
