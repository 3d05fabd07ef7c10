"""Which face is which: numbers kept through short losses, crossings and cuts."""

import numpy as np
import pytest

from edge_emotion.preprocess import SquareCrop
from edge_emotion_device.sighting import Sighting
from edge_emotion_device.tracking import Track, Tracker

STEP_S = 0.1
ANNA, BERT, CARL = 0, 1, 2


def look(person: int, covered: float = 0.0) -> np.ndarray:
    """How one of three people looks; the more is covered, the less like that."""
    rng = np.random.default_rng(person)
    own, hand = rng.normal(size=144), np.random.default_rng(99).normal(size=144)
    mixed = (1 - covered) * own + covered * hand
    return (mixed / np.linalg.norm(mixed)).astype(np.float32)


def seen(person: int, x: int, side: int = 100, covered: float = 0.0) -> Sighting:
    crop = SquareCrop(x, 100, side)
    face, points = np.zeros((48, 48), np.uint8), np.zeros((15, 2), np.float32)
    return Sighting(crop, face, points, look(person, covered), crop)


def tracker_of(*sightings: Sighting, max_faces: int = 4) -> Tracker:
    """A tracker at 0 s that follows these."""
    tracker = Tracker(max_faces)
    tracker.begin(0.0)
    tracker.welcome(list(sightings))
    return tracker


def ids(tracks: list[Track | None]) -> list[int | None]:
    return [track and track.track_id for track in tracks]


def test_faces_are_numbered_in_the_order_in_which_they_are_seen():
    tracker = tracker_of(seen(ANNA, 0), seen(BERT, 300))

    assert ids(tracker.tracks) == [1, 2]
    assert tracker.room == 2
    assert not tracker.missing


def test_a_number_is_never_used_again():
    tracker = tracker_of(seen(ANNA, 0))
    tracker.reset()

    assert ids(tracker.welcome([seen(ANNA, 0)])) == [2]


@pytest.mark.parametrize(("x", "known"), [(0, True), (50, True), (60, False), (300, False)])
def test_a_crop_that_overlaps_a_followed_one_is_known(x, known):
    assert tracker_of(seen(ANNA, 0)).known(SquareCrop(x, 100, 100)) == known


@pytest.mark.parametrize(
    ("after_s", "back", "number"),
    [
        (0.1, seen(ANNA, 300), 1),
        (1.1, seen(ANNA, 300), 1),
        (1.3, seen(ANNA, 300), 2),  # too late
        (0.5, seen(ANNA, 440), 1),  # moved on
        (0.5, seen(ANNA, 460), 2),  # too far
        (0.5, seen(ANNA, 300, side=150), 1),  # came near
        (0.5, seen(ANNA, 300, side=180), 2),  # too large
        (0.5, seen(ANNA, 300, covered=0.5), 1),  # half covered
        (-0.5, seen(ANNA, 300), 2),  # the clock ran back
    ],
)
def test_a_lost_face_that_comes_back_soon_and_near_keeps_its_number(after_s, back, number):
    tracker = tracker_of(seen(ANNA, 300))
    tracker.lose(tracker.tracks[0])
    tracker.begin(after_s)

    assert ids(tracker.welcome([back])) == [number]


def test_a_lost_face_is_missing_until_it_is_back_or_forgotten():
    tracker = tracker_of(seen(ANNA, 300))
    tracker.lose(tracker.tracks[0])
    assert tracker.missing and tracker.tracks == []

    tracker.begin(0.1)
    tracker.welcome([seen(ANNA, 300)])
    assert not tracker.missing

    tracker.lose(tracker.tracks[0])
    tracker.begin(5.0)
    assert not tracker.missing


def test_somebody_else_in_the_place_of_a_lost_face_is_given_time_to_unveil():
    tracker = tracker_of(seen(ANNA, 300))
    tracker.lose(tracker.tracks[0])
    numbers = []
    for index in range(1, 5):
        tracker.begin(index * STEP_S)
        numbers += ids(tracker.welcome([seen(BERT, 300)] if not tracker.tracks else []))

    assert numbers == [None, None, 2]


def test_a_clock_that_stands_still_silences_nobody():
    tracker = tracker_of(seen(ANNA, 300))
    tracker.lose(tracker.tracks[0])
    tracker.begin(0.0)

    assert ids(tracker.welcome([seen(BERT, 300)])) == [2]
    assert not tracker.missing


@pytest.mark.parametrize("person", [ANNA, BERT])
def test_a_face_that_was_last_seen_long_ago_is_not_remembered(person):
    tracker = tracker_of(seen(ANNA, 300))
    tracker.begin(3600.0)  # the camera was away
    tracker.lose(tracker.tracks[0])

    assert ids(tracker.welcome([seen(person, 300)])) == [2]


def test_a_newcomer_waits_for_two_lost_faces_no_longer_than_for_one():
    tracker = tracker_of(seen(ANNA, 300), seen(BERT, 350))
    for track in tuple(tracker.tracks):
        tracker.lose(track)
    numbers = []
    for index in range(1, 4):
        tracker.begin(index * STEP_S)
        numbers += ids(tracker.welcome([seen(CARL, 320)]))

    assert numbers == [None, None, 3]


def test_who_passes_by_for_a_moment_has_not_waited_when_somebody_comes_later():
    tracker = tracker_of(seen(ANNA, 300))
    tracker.lose(tracker.tracks[0])
    tracker.begin(0.1)
    tracker.welcome([seen(BERT, 300)])
    tracker.begin(0.2)  # nobody there
    tracker.begin(0.4)

    assert ids(tracker.welcome([seen(ANNA, 300, covered=0.8)])) == [None]


@pytest.mark.parametrize("fps", [7, 24, 29.97, 30, 60])
def test_a_newcomer_gets_a_number_at_any_frame_rate(fps):
    tracker = tracker_of(seen(ANNA, 300))
    tracker.lose(tracker.tracks[0])
    for index in range(1, round(0.5 * fps) + 1):
        tracker.begin(index / fps)
        if not tracker.tracks:
            tracker.welcome([seen(BERT, 300)])

    assert ids(tracker.tracks) == [2]


def test_a_covered_face_that_unveils_keeps_its_number():
    tracker = tracker_of(seen(ANNA, 300))
    tracker.lose(tracker.tracks[0])
    tracker.begin(0.5)
    assert ids(tracker.welcome([seen(ANNA, 300, covered=0.8)])) == [None]

    tracker.begin(0.6)
    assert ids(tracker.welcome([seen(ANNA, 300, covered=0.2)])) == [1]


def test_two_lost_faces_that_come_back_are_told_apart_by_their_looks():
    tracker = tracker_of(seen(ANNA, 300), seen(BERT, 400))
    for track in tuple(tracker.tracks):
        tracker.lose(track)
    tracker.begin(0.5)

    assert ids(tracker.welcome([seen(BERT, 320), seen(CARL, 900), seen(ANNA, 380)])) == [2, 3, 1]


@pytest.mark.parametrize(("before", "stays"), [(ANNA, 1), (BERT, 2)])
def test_of_two_tracks_on_one_face_that_stays_which_it_looks_like(before, stays):
    tracker = tracker_of(seen(ANNA, 300), seen(BERT, 450))
    tracker.begin(STEP_S)
    for track in tracker.tracks:
        tracker.see(track, seen(before, 380))
    tracker.part()

    assert ids(tracker.tracks) == [stays]
    assert tracker.missing


def test_the_portrait_follows_a_face_that_stands_alone():
    tracker = tracker_of(seen(ANNA, 300))
    (track,) = tracker.tracks
    for index in range(1, 31):
        tracker.see(track, seen(ANNA, 300, covered=0.4))
        tracker.begin(index * STEP_S)
        tracker.part()

    assert track.portrait @ look(ANNA, covered=0.4) > 0.99
    assert np.linalg.norm(track.portrait) == pytest.approx(1, abs=1e-5)


def test_the_portrait_waits_while_another_face_is_near():
    tracker = tracker_of(seen(ANNA, 300), seen(BERT, 390))
    for index in range(1, 31):
        tracker.see(tracker.tracks[0], seen(ANNA, 300, covered=0.7))
        tracker.begin(index * STEP_S)
        tracker.part()

    assert tracker.tracks[0].portrait @ look(ANNA) > 0.99


@pytest.mark.parametrize(
    ("person", "covered", "resembles"), [(ANNA, 0, True), (ANNA, 0.5, True), (BERT, 0, False)]
)
def test_a_face_resembles_itself_and_nobody_else(person, covered, resembles):
    (track,) = tracker_of(seen(ANNA, 300)).tracks
    assert track.resembles(look(person, covered)) == resembles
