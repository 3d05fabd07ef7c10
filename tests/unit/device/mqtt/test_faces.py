"""Comings and goings: which events a sequence of frames makes."""

import pytest

from edge_emotion_device.mqtt.faces import Faces, Rate
from helpers.readings import frame_at, reading_at


def seen(*frames, source=None):
    """The events of frames given as (time, [(track_id, label), ...])."""
    faces, events = Faces(), []
    for time_s, read in frames:
        readings = [reading_at(time_s, track_id, label) for track_id, label in read]
        events += faces.see(frame_at(time_s, source), readings)
    return [
        (event.event, event.track_id, event.label, event.time_s, event.seconds) for event in events
    ]


@pytest.mark.parametrize(
    ("frames", "events"),
    [
        ([(0.0, [])], []),
        ([(1.0, [(1, "Sad")]), (2.0, [(1, "Sad")])], [("new", 1, "Sad", 1.0, 0.0)]),
        (
            [(1.0, [(1, None)]), (2.0, [(1, "Sad")]), (3.0, [(1, None)])],
            [
                ("new", 1, None, 1.0, 0.0),
                ("changed", 1, "Sad", 2.0, 1.0),
                ("changed", 1, None, 3.0, 2.0),
            ],
        ),
        # Missed for a moment, as the tracker allows.
        ([(0.0, [(1, "Sad")]), (1.5, []), (1.6, [(1, "Sad")])], [("new", 1, "Sad", 0.0, 0.0)]),
        (
            [(0.0, [(1, "Sad")]), (1.0, [(1, "Sad")]), (2.4, []), (2.6, [])],
            [("new", 1, "Sad", 0.0, 0.0), ("gone", 1, "Sad", 1.0, 1.0)],
        ),
        # A slow camera: two frames are further apart than a face may be missed.
        ([(0.0, [(1, "Sad")]), (9.0, [(1, "Sad")])], [("new", 1, "Sad", 0.0, 0.0)]),
        (
            [(0.0, [(1, "Sad")]), (9.0, [(2, "Sad")])],
            [
                ("new", 1, "Sad", 0.0, 0.0),
                ("new", 2, "Sad", 9.0, 0.0),
                ("gone", 1, "Sad", 0.0, 0.0),
            ],
        ),
        # Settings were read again: numbers and clock begin anew.
        (
            [(5.0, [(1, "Sad")]), (0.0, [(1, "Happy")])],
            [
                ("new", 1, "Sad", 5.0, 0.0),
                ("gone", 1, "Sad", 5.0, 0.0),
                ("new", 1, "Happy", 0.0, 0.0),
            ],
        ),
    ],
)
def test_frames_make_events(frames, events):
    assert seen(*frames) == events


def test_separate_pictures_share_no_face():
    events = seen((0.0, [(1, "Sad")]), (0.0, []), (0.0, [(2, "Sad")]), source="a.jpg")
    assert [(event, track_id) for event, track_id, *_ in events] == [
        ("new", 1),
        ("gone", 1),
        ("new", 2),
    ]


def test_the_largest_face_is_prominent_and_stays_it_until_another_is_clearly_larger():
    faces = Faces()
    chosen = []
    for step, (first_px, second_px) in enumerate([(100, 90), (100, 110), (100, 113), (100, 95)]):
        time_s = step / 25
        readings = [
            reading_at(time_s, 1, side_px=first_px),
            reading_at(time_s, 2, side_px=second_px),
        ]
        faces.see(frame_at(time_s), readings)
        chosen.append(faces.prominent.track_id)
    assert chosen == [1, 1, 2, 2]
    faces.see(frame_at(0.2), [reading_at(0.2, 1)])
    assert faces.prominent.track_id == 2  # missed for a moment
    faces.see(frame_at(2.0), [reading_at(2.0, 1)])
    assert faces.prominent.track_id == 1


def test_all_leave_when_nobody_sees_them_any_more():
    faces = Faces()
    faces.see(frame_at(0.0), [reading_at(0.0, 1), reading_at(0.0, 2)])
    assert len(faces) == 2
    assert [event.event for event in faces.leave()] == ["gone", "gone"]
    assert len(faces) == 0 and faces.prominent is None and faces.leave() == []


@pytest.mark.parametrize(("per_s", "fps", "passed"), [(2, 25, 20), (5, 7, 50), (30, 10, 100)])
def test_the_rate_is_kept_for_each_face_on_average(per_s, fps, passed):
    rate = Rate(per_s)
    for track_id in (1, 2):
        times_s = [step / fps for step in range(10 * fps)]
        assert sum(rate.due(track_id, time_s) for time_s in times_s) == pytest.approx(passed, abs=1)


def test_a_pause_is_not_made_up_for():
    rate = Rate(1)
    assert rate.due(1, 0.0)
    assert [rate.due(1, 10 + step / 10) for step in range(11)] == [True, *9 * [False], True]
