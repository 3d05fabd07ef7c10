"""How well faces are followed: found, dropped, kept apart, steadied and turned upright.

People of labelled pictures are moved over photographs without any (benchmarks/stage.py), and the
analyzer's readings are compared with where they are.  Times are in frames of 1/30 s.

    python benchmarks/tracking.py --data ../shared/data
"""

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from edge_emotion.metrics import nme
from edge_emotion.preprocess import KEYPOINT_SIDE_PX, crop_for_keypoints, face_inputs
from edge_emotion.types import Floats, Frame, Image, Reading
from edge_emotion_device import Analyzer, load_emotion, load_keypoints
from edge_emotion_device.sighting import next_crop
from face_rule import kept_out
from framing import read_frames
from machine import describe_run, report
from stage import (
    FPS,
    Person,
    Place,
    backdrop,
    draw,
    draw_hand,
    points_at,
    read_empty,
)

# A frame and where each of the people in it can be seen; None: nowhere.  Who is half covered need
# not be read, and may be.
Shot = tuple[Image, list[Place | None]]
Clip = Callable[[list[Person], Image, np.random.Generator], Iterator[Shot]]

_CENTER = Place(320, 240)
_AT_REST = slice(FPS // 2, None)  # the frames of a clip in which the filters have settled
_ROLLS_DEG = (0, 5, 10, 15, 20, 30, 40)


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--people", type=int, default=24, help="clips of each kind")
    parser.add_argument("--detector", default="auto", help="as of `edge-emotion run`")
    parser.add_argument("--every", type=int, help="as of `edge-emotion run`")
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    with load_keypoints() as keypoints:
        people = [
            Person(image, points, crop_for_keypoints(points, keypoints.mean_face))
            for _, image, points in read_frames(arguments.data / "frames", None)
        ]
    photographs = read_empty(arguments.data / "detection")
    empty = list(photographs.values())
    with Analyzer(detector=arguments.detector, detect_every=arguments.every) as analyzer:
        figures = {
            "detector": analyzer.ran_on[0],
            "faceless_photographs": faceless(analyzer, photographs),
            "clips": {
                clip.__name__: follow(analyzer, clip, people, empty, arguments.people)
                for clip in CLIPS
            },
            "steadiness": steadiness(analyzer, people, empty, arguments.people),
        }
    figures["roll"] = roll(people, empty, arguments.people)
    figures["run"] = describe_run(("numpy", "opencv-python-headless", "ai-edge-litert"))
    report(figures, arguments.output)


def faceless(analyzer: Analyzer, photographs: dict[str, Image]) -> dict[str, int]:
    """Readings on photographs that show nobody, each on its own.

    The shipped detector learned from most of them: the others are counted apart, too.
    """
    readings = {}
    for name, photograph in photographs.items():
        analyzer.reset()
        readings[name] = len(analyzer.analyze(photograph))
    unseen = kept_out(readings)
    return {
        "photographs": len(readings),
        "false_readings": sum(readings.values()),
        "kept_out": len(unseen),
        "false_readings_kept_out": sum(readings[name] for name in unseen),
    }


# Clips


def pan(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """A face crosses the frame and comes back, up to three of its sides a second."""
    for index in range(3 * FPS):
        place = Place(320 - 220 * math.cos(2 * math.pi * index / (3 * FPS)), 240)
        yield draw(scene, [(cast[0], place)], rng), [place]


def zoom(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """A face comes near and goes again."""
    for index in range(4 * FPS):
        side = 70 * 4 ** (0.5 - 0.5 * math.cos(2 * math.pi * index / (4 * FPS)))
        place = Place(320, 240, side)
        yield draw(scene, [(cast[0], place)], rng), [place]


def tilt(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """A head tilts 40° to one side, stays there for three seconds, and tilts to the other."""
    for index in range(6 * FPS):
        time_s = index / FPS
        turn_deg = 40 * min(1.0, time_s) if time_s < 4 else 40 * max(-1.0, 5 - time_s)
        place = Place(320, 240, turn_deg=turn_deg)
        yield draw(scene, [(cast[0], place)], rng), [place]


def leave(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """A face leaves over the edge, half a second away, and comes in again."""
    for index in range(4 * FPS):
        away = math.sin(math.pi * index / (4 * FPS)) ** 4
        place = Place(420 + 250 * away, 240)
        half = replace(place, half_covered=place.x > 600)
        yield draw(scene, [(cast[0], place)], rng), [half if place.x < 670 else None]


def cut_to_background(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """A face is gone from one frame to the next, for two seconds."""
    for index in range(4 * FPS):
        seen = not FPS <= index < 3 * FPS
        yield draw(scene, [(cast[0], _CENTER)] * seen, rng), [_CENTER if seen else None]


def brief_loss(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """A face is gone for half a second and comes back a little aside."""
    for index in range(3 * FPS):
        place = _CENTER if index < FPS else Place(350, 230)
        seen = not FPS <= index < 1.5 * FPS
        yield draw(scene, [(cast[0], place)] * seen, rng), [place if seen else None]


def hand(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """A hand moves over the face from below, covers it for half a second, and goes."""
    for index in range(3 * FPS):
        time_s = index / FPS
        covered = min(1.0, max(0.0, min(time_s - 0.8, 1.6 - time_s)) / 0.3)
        frame = draw(scene, [(cast[0], _CENTER)], rng)
        if covered:
            frame = draw_hand(frame, Place(320, 240 + 220 * (1 - covered)))
        half = replace(_CENTER, half_covered=covered > 0.2)
        yield frame, [half if covered < 0.9 else None]


def other_person(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """A cut from one person to another at the same place."""
    for index in range(2 * FPS):
        first = index < FPS
        places = [_CENTER if first else None, None if first else _CENTER]
        yield draw(scene, [(cast[not first], _CENTER)], rng), places


def crossing(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """Two people pass each other, one in front."""
    for index in range(3 * FPS):
        way = 200 * math.cos(math.pi * index / (3 * FPS))
        behind, before = Place(320 - way, 240, 110), Place(320 + way, 250, 130)
        frame = draw(scene, [(cast[0], behind), (cast[1], before)], rng)
        half = replace(behind, half_covered=abs(2 * way) < 110)
        yield frame, [half if abs(2 * way) > 60 else None, before]


def newcomer(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """Somebody is there, and after a second another person is too."""
    enters = FPS + int(rng.integers(10))
    for index in range(2 * FPS):
        shown = [(cast[0], Place(180, 240, 110)), (cast[1], Place(460, 240, 110))]
        shown = shown[: 1 + (index >= enters)]
        places = [place for _, place in shown]
        yield draw(scene, shown, rng), [*places, None][:2]


def nobody(cast: list[Person], scene: Image, rng: np.random.Generator) -> Iterator[Shot]:
    """A camera pans over an empty scene."""
    for index in range(2 * FPS):
        yield draw(np.roll(scene, 2 * index, axis=1), [], rng), []


CLIPS: tuple[Clip, ...] = (
    pan,
    zoom,
    tilt,
    leave,
    cut_to_background,
    brief_loss,
    hand,
    other_person,
    crossing,
    newcomer,
    nobody,
)

# Measures


@dataclass(frozen=True)
class Moment:
    """What came of one frame.

    Attributes:
        places: of each person; None: nowhere.
        tracks: the number by which each was read; None: not at all.
        false: readings of nobody.
        detected: whether the detector ran.
    """

    places: list[Place | None]
    tracks: list[int | None]
    false: int
    detected: bool


def follow(
    analyzer: Analyzer, clip: Clip, people: list[Person], empty: list[Image], count: int
) -> dict[str, float]:
    """What comes of `count` clips of one kind, by other people over other backgrounds."""
    moments: list[Moment] = []
    switches = 0
    shares, to_find, to_drop = [], [], []
    for number in range(count):
        cast = [people[number % len(people)], people[(number + 17) % len(people)]]
        shots = clip(cast, backdrop(empty[3 * number]), np.random.default_rng(number))
        watched = list(watch(analyzer, shots))
        moments += watched
        for person in range(len(watched[0].places)):
            places = [moment.places[person] for moment in watched]
            tracks = [moment.tracks[person] for moment in watched]
            shown = [place is not None and not place.half_covered for place in places]
            numbers = [track for track in tracks if track is not None]
            switches += sum(one != other for one, other in pairwise(numbers))
            shares.append(np.mean([track is not None for track in np.array(tracks)[shown]]))
            to_find += _lengths(shown, [track is None for track in tracks])
            gone = [place is None for place in places]
            to_drop += _lengths(gone, [moment.false > 0 for moment in watched])[gone[0] :]
    figures = {
        "clips": count,
        "frames": len(moments),
        "detected_share": float(np.mean([moment.detected for moment in moments])),
        "false_readings": sum(moment.false for moment in moments),
        "switches": switches,
    }
    for name, values in (("frames_to_find", to_find), ("frames_to_drop", to_drop)):
        if values:
            figures |= {name: float(np.mean(values)), f"{name}_worst": float(np.max(values))}
    if shares:
        figures["read_share"] = float(np.mean(shares))
    return {name: round(value, 3) for name, value in figures.items()}


def watch(analyzer: Analyzer, shots: Iterator[Shot]) -> Iterator[Moment]:
    """Let the analyzer see a clip from its beginning."""
    analyzer.reset()
    for index, (image, places) in enumerate(shots):
        readings = analyzer.analyze(Frame(image, index, index / FPS))
        tracks = [_track_at(place, readings) for place in places]
        false = len(readings) - sum(track is not None for track in tracks)
        yield Moment(places, tracks, false, analyzer.detect_ms > 0)


def _lengths(state: list[bool], still: list[bool]) -> list[int]:
    """For each time that a state begins: for how many frames something is still the case."""
    starts = [
        index for index, now in enumerate(state) if now and (index == 0 or not state[index - 1])
    ]
    return [[*still[start:], False].index(False) for start in starts]


def _track_at(place: Place | None, readings: list[Reading]) -> int | None:
    """The number of the reading whose points are nearest to a place, if they are on it."""
    if place is None:
        return None
    away = {
        reading.track_id: float(np.hypot(*(_middle(reading) - (place.x, place.y)))) / place.side
        for reading in readings
    }
    nearest = min(away, key=away.__getitem__, default=None)
    return nearest if nearest is not None and away[nearest] < 0.35 else None


def _middle(reading: Reading) -> Floats:
    left, top, right, bottom = reading.box
    return np.array([(left + right) / 2, (top + bottom) / 2], np.float32)


def _add(sums: dict[str, list[float]], name: str, value: float) -> None:
    sums.setdefault(name, []).append(value)


def steadiness(
    analyzer: Analyzer, people: list[Person], empty: list[Image], count: int
) -> dict[str, float]:
    """Root mean square of what is no constant offset, in px of a face of 120 px; label changes."""
    errors: dict[str, list[float]] = {}
    changes = {"raw": 0, "smoothed": 0}
    for number in range(count):
        scene, person = backdrop(empty[3 * number]), people[number % len(people)]
        for name, speed in (("rest", 0.0), ("one_side_a_second", 1.0)):
            rng = np.random.default_rng(number)
            analyzer.reset()
            off: dict[str, list[Floats]] = {"raw": [], "smoothed": []}
            labels: dict[str, list[int | None]] = {"raw": [], "smoothed": []}
            for index in range(3 * FPS):
                place = Place(140 + speed * 120 * index / FPS, 240)
                image = draw(scene, [(person, place)], rng)
                for reading in analyzer.analyze(Frame(image, index, index / FPS))[:1]:
                    truth = points_at(person, place)
                    off["raw"].append(reading.raw_keypoints - truth)
                    off["smoothed"].append(reading.keypoints - truth)
                    labels["raw"].append(int(reading.probabilities.argmax()))
                    labels["smoothed"].append(reading.label)
            if len(off["raw"]) < 2 * FPS:
                continue
            for kind, rows in off.items():
                settled = np.stack(rows)[_AT_REST]
                still = settled - np.stack(off["raw"])[_AT_REST].mean(axis=0)
                _add(errors, f"{name}_{kind}_px", float(np.sqrt((still**2).mean())))
                if not speed:
                    seen = labels[kind][_AT_REST]
                    changes[kind] += sum(a != b for a, b in pairwise(seen))
    figures = {name: round(float(np.mean(values)), 3) for name, values in errors.items()}
    return figures | {f"label_changes_{kind}": count for kind, count in changes.items()}


def roll(people: list[Person], empty: list[Image], count: int) -> list[dict[str, float]]:
    """Points and emotions of tilted heads, from upright crops and from crops that are turned too.

    Each is followed over four still frames.  The error is in parts of the eyes' distance; emotions
    are compared with the answers for the same heads when their eyes are level.
    """
    rows = []
    with load_keypoints() as keypoints, load_emotion() as emotion:
        mean_face = keypoints.mean_face
        level: dict[int, int] = {}
        for roll_deg in _ROLLS_DEG:
            row: dict[str, float] = {"roll_deg": roll_deg}
            for name, crop_of in (("upright", crop_for_keypoints), ("turned", next_crop)):
                errors, alike = [], []
                for number in range(count):
                    rng = np.random.default_rng(number)
                    person = people[number]
                    eyes = person.points[0] - person.points[1]
                    own_deg = math.degrees(math.atan2(float(eyes[1]), float(eyes[0])))
                    place = Place(320, 240, 120, roll_deg * (-1) ** number - own_deg)
                    image = draw(backdrop(empty[3 * number]), [(person, place)], rng)
                    truth = points = points_at(person, place)
                    for _ in range(4):
                        crop = crop_of(points, mean_face)
                        large, small = face_inputs(image, crop)
                        points = crop.to_frame(keypoints.locate(large), KEYPOINT_SIDE_PX)
                    answer = int(emotion.run(small).argmax())
                    level.setdefault(number, answer)
                    errors.append(float(nme(truth[None], points[None])[0]))
                    alike.append(answer == level[number])
                row[f"nme_{name}"] = round(float(np.mean(errors)), 4)
                row[f"same_emotion_{name}"] = round(float(np.mean(alike)), 3)
            rows.append(row)
    return rows


if __name__ == "__main__":
    main()
