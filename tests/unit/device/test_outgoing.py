"""What leaves the process with --anonymize, looked at on saved pixels."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest

from edge_emotion.types import Floats, Frame, Image, Reading
from edge_emotion_device import Analyzer
from edge_emotion_device.cameras import open_camera
from edge_emotion_device.cameras.demo import DemoCamera
from edge_emotion_device.outgoing import Outgoing
from edge_emotion_device.overlay import draw_overlay
from edge_emotion_device.sinks.annotated import AnnotatedPictures, AnnotatedVideo
from helpers.photographs import astronaut

FACE = (100.0, 100.0, 200.0, 220.0)
NOISE = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)


@dataclass(frozen=True)
class Filmed:
    """The demo: its frames and readings, and the two videos of it as they were saved."""

    frames: list[Frame]
    readings: list[list[Reading]]
    plain: list[Image]
    hidden: list[Image]


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Filmed:
    folder = tmp_path_factory.mktemp("demo")
    frames = list(iter(DemoCamera(frames=50).read, None))
    with Analyzer(detect_every=1) as analyzer:
        readings = [analyzer.analyze(frame) for frame in frames]
    videos = []
    for name, anonymize in (("plain.mp4", False), ("hidden.mp4", True)):
        with AnnotatedVideo(folder / name, 25.0, anonymize=anonymize) as sink:
            for frame, found in zip(frames, readings, strict=True):
                before = frame.image.copy()
                sink.write(frame, found)
                np.testing.assert_array_equal(frame.image, before)  # others get it too
        with open_camera(str(folder / name)) as video:
            videos.append([frame.image for frame in iter(video.read, None)])
    return Filmed(frames, readings, *videos)


def reading(box: tuple[float, ...] = FACE, track_id: int = 1) -> Reading:
    nothing = np.zeros((15, 2), np.float32)
    even = np.full(5, 0.2, np.float32)
    return Reading(0, 0.0, track_id, box, nothing, nothing, even, even, None, {})


def frame(time_s: float, image: Image = NOISE) -> Frame:
    return Frame(image, round(25 * time_s), time_s)


def hidden(picture: Image, original: Image = NOISE) -> tuple[int, int, int, int]:
    """The box, xyxy, of what is pixelated in a picture without readings; zeros for none."""
    rows, columns = (np.flatnonzero((picture != original).any(axis=(axis, 2))) for axis in (1, 0))
    return (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) if rows.size else (0, 0, 0, 0)


def detail(image: Image) -> Floats:
    """What is left of a picture without its coarse shades."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return gray - cv2.GaussianBlur(gray, (0, 0), 8)


def in_box(image: Image, box: tuple[float, ...]) -> Image:
    left, top, right, bottom = (max(0, round(edge)) for edge in box)
    return image[top:bottom, left:right]


def faces_found(image: Image, boxes: list[tuple[float, ...]]) -> int:
    """In how many of the boxes a common detector finds a face."""
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    middles = [(x + w / 2, y + h / 2) for x, y, w, h in cascade.detectMultiScale(gray, 1.1, 4)]
    return sum(
        any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for x, y in middles) for box in boxes
    )


def test_no_detector_finds_the_faces_in_the_saved_video(demo):
    boxes = [[reading.box for reading in found] for found in demo.readings]
    asked = range(0, 50, 6)
    assert sum(faces_found(demo.plain[at], boxes[at]) for at in asked) > len(asked)
    assert not any(faces_found(demo.hidden[at], boxes[at]) for at in asked)


@pytest.mark.parametrize(("video", "expected"), [("plain", 50), ("hidden", 0)])
def test_our_own_networks_find_none_in_it_either(demo, video, expected):
    with Analyzer() as analyzer:
        assert sum(bool(analyzer.analyze(image)) for image in getattr(demo, video)) == expected


def test_nothing_of_a_faces_detail_is_in_the_saved_video(demo):
    """Points are drawn where eyes and mouth are, and bars over the other's shoulder."""
    for frame, found, plain, image in zip(
        demo.frames, demo.readings, demo.plain, demo.hidden, strict=True
    ):
        for reading in found:
            original, shown, left = (
                detail(in_box(each, reading.box)).ravel() for each in (frame.image, plain, image)
            )
            assert np.corrcoef(original, shown)[0, 1] > 0.6
            assert abs(np.corrcoef(original, left)[0, 1]) < 0.15


def test_the_rest_of_the_saved_video_is_as_without(demo):
    """Until the first face is lost, and lingers."""
    ids = [{reading.track_id for reading in found} for found in demo.readings]
    lost = next((at for at in range(1, 50) if ids[at - 1] - ids[at]), 50)
    assert lost > 10
    for found, plain, image in zip(demo.readings[:lost], demo.plain, demo.hidden, strict=False):
        rest = np.ones(plain.shape[:2], bool)
        for reading in found:
            left, top, right, bottom = reading.box
            side = max(right - left, bottom - top)
            rows = slice(max(0, int(top - 0.5 * side)), int(bottom + 0.35 * side))
            rest[rows, max(0, int(left - 0.35 * side)) : int(right + 0.35 * side)] = False
        difference = np.abs(plain[rest].astype(int) - image[rest])
        assert rest.mean() > 0.1
        assert difference.mean() < 2  # the codec's


def test_saved_pictures_are_pixelated_each_for_itself(tmp_path):
    picture = astronaut()
    with Analyzer() as analyzer:
        found = analyzer.analyze(picture)
    with AnnotatedPictures(tmp_path / "out", tmp_path, anonymize=True) as sink:
        sink.write(Frame(picture, 0, 0.0, "face.png"), found)
        sink.write(Frame(picture, 1, 0.0, "nobody.png"), [])
    hidden, other = (
        cv2.imread(str(tmp_path / "out" / name)) for name in ("face.jpg", "nobody.jpg")
    )
    boxes = [reading.box for reading in found]
    assert (faces_found(other, boxes), faces_found(hidden, boxes)) == (1, 0)


def test_without_anonymize_a_picture_is_the_frame_with_its_readings():
    outgoing = Outgoing(False)
    outgoing.see(frame(0), [reading()])
    picture = outgoing.picture(frame(0), [reading()])
    np.testing.assert_array_equal(picture, draw_overlay(NOISE, [reading()]))


@pytest.mark.parametrize("image", [NOISE, NOISE[..., 0]])
def test_the_whole_head_becomes_blocks(image):
    outgoing = Outgoing(True)
    outgoing.see(frame(0, image), [reading()])
    picture = outgoing.picture(frame(0, image), [])
    head = picture[52:250, 70:230]
    assert picture.shape == NOISE.shape
    assert len(np.unique(head.reshape(-1, 3), axis=0)) <= 36
    assert NOISE.std() > 10 * head.std()  # means, and no samples
    assert picture[:52].std() > 50


def test_a_video_tells_no_more_of_a_face_than_one_picture():
    """Of each frame anew, the blocks would add up to a finer picture of it."""
    outgoing, shades = Outgoing(True), set()
    for index in range(20):
        moved = (FACE[0] + index, FACE[1] + index, FACE[2] + index, FACE[3] + index)
        outgoing.see(frame(index / 25), [reading(moved)])
        picture = outgoing.picture(frame(index / 25), [])
        left, top, right, bottom = hidden(picture)
        shades |= {tuple(shade) for shade in picture[top:bottom, left:right].reshape(-1, 3)}
    assert len(shades) <= 36


def test_a_lost_face_stays_hidden_where_it_was_and_around_for_two_seconds():
    outgoing = Outgoing(True)
    outgoing.see(frame(1.0), [reading()])
    places = []
    for time_s in (1.0, 2.0, 2.9, 3.1):
        outgoing.see(frame(time_s), [])
        places.append(hidden(outgoing.picture(frame(time_s), [])))
    at_once, one_later, two_later, after = places
    assert at_once == (70, 52, 230, 250)
    assert one_later == (40, 22, 260, 280)
    assert two_later[0] < 20
    assert after == (0, 0, 0, 0)


def test_a_picture_that_is_asked_for_late_hides_what_later_frames_showed():
    """The page's pictures are made in another thread."""
    outgoing = Outgoing(True)
    outgoing.see(frame(1.04), [reading()])
    assert hidden(outgoing.picture(frame(1.0), [])) != (0, 0, 0, 0)


def test_what_a_detector_suspects_is_hidden_until_it_is_recognised():
    outgoing = Outgoing(True)
    suspected = replace(frame(1.0), candidates=(FACE,))
    outgoing.see(suspected, [])
    assert hidden(outgoing.picture(frame(1.2), []))[0] == 64  # it lingers as a face does
    beside = tuple(edge + 8 for edge in FACE)
    outgoing.see(replace(frame(1.4), candidates=(beside,)), [reading()])
    assert hidden(outgoing.picture(frame(1.4), [reading()]), draw_overlay(NOISE, [reading()])) == (
        70, 52, 230, 250,
    )  # fmt: skip


OTHER = (300.0, 100.0, 400.0, 220.0)


def uncovered(outgoing: Outgoing, shown: Frame, box: tuple[float, ...]) -> float:
    """How much of a box is as it was filmed."""
    same = in_box(outgoing.picture(shown, []), box) == in_box(NOISE, box)
    return float(same.all(axis=2).mean())


@pytest.mark.parametrize(
    ("first", "readings", "candidates", "covered"),
    [
        ([reading(FACE)], [reading(OTHER)], (FACE,), [FACE, OTHER]),  # somebody else comes there
        ([], [], (FACE, tuple(edge + 40 for edge in FACE)), [FACE]),
        ([reading(FACE)], [], (FACE,), [FACE]),
        ([reading(FACE)], [reading(OTHER, 2)], (), [FACE, OTHER]),
    ],
)
def test_all_that_are_read_and_suspected_are_hidden(first, readings, candidates, covered):
    outgoing = Outgoing(True)
    outgoing.see(frame(0), first)
    shown = replace(frame(0.2), candidates=candidates)
    outgoing.see(shown, readings)
    assert all(uncovered(outgoing, shown, box) < 0.01 for box in covered)


@pytest.mark.parametrize("fps", [25, 5, 4, 2, 1, 0.5])
def test_a_suspect_stays_hidden_from_one_detection_to_the_next(fps):
    outgoing = Outgoing(True)
    for index in range(30):
        shown = frame(index / fps)
        if index % 10 == 0:
            shown = replace(shown, candidates=(OTHER,))
        outgoing.see(shown, [reading()])
        assert uncovered(outgoing, shown, OTHER) < 0.01, index
        assert uncovered(outgoing, shown, (450, 300, 640, 480)) > 0.9  # it does not grow for ever


@pytest.mark.parametrize(
    ("candidates", "time_s", "expected"),
    [((), 1.9, True), ((), 2.1, False), (None, 2.1, True), (None, 60.0, True)],
)
def test_a_suspect_goes_when_a_detection_has_not_found_it_and_two_seconds_are_over(
    candidates, time_s, expected
):
    outgoing = Outgoing(True)
    outgoing.see(replace(frame(0), candidates=(FACE,)), [])
    outgoing.see(replace(frame(1.0), candidates=candidates), [])
    assert (hidden(outgoing.picture(frame(time_s), [])) != (0, 0, 0, 0)) == expected


def test_a_head_that_is_half_in_the_picture_is_shown_in_half_the_blocks():
    """Six across the half that is seen would be finer."""
    outgoing = Outgoing(True)
    outgoing.see(frame(0), [reading((-50.0, 100.0, 50.0, 200.0))])
    picture = outgoing.picture(frame(0), [])
    left, _, right, _ = hidden(picture)
    row = picture[150, left:right]
    steps = np.flatnonzero((np.diff(row.astype(int), axis=0) != 0).any(axis=1))
    assert (left, right) == (0, 75)
    assert len(steps) <= 3


@pytest.mark.parametrize("box", [(-90, -90, 30, 50), (600, 400, 720, 540), (-300, 0, -200, 100)])
def test_a_head_may_reach_out_of_the_picture(box):
    outgoing = Outgoing(True)
    outgoing.see(frame(0), [reading(box)])
    left, top, right, bottom = hidden(outgoing.picture(frame(0), []))
    assert (left, top) == (0, 0) or (right, bottom) == (640, 480)
