import cv2
import numpy as np
import pytest

from edge_emotion.labels import EMOTIONS
from edge_emotion.types import Image, Reading
from edge_emotion_device.overlay import COLOURS, DARK, LIGHT, draw_overlay

Box = tuple[float, float, float, float]


def reading(box: Box, label: str | None = "Happy") -> Reading:
    left, top, right, bottom = box
    corner, size = np.array([left, top]), np.array([right - left, bottom - top])
    keypoints = corner + size * (0.2 + 0.6 * np.random.default_rng(0).random((15, 2)))
    probabilities = np.array([0.03, 0.02, 0.04, 0.87, 0.04], np.float32)
    points = keypoints.astype(np.float32)
    return Reading(0, 0.0, 1, box, points, points, probabilities, probabilities, label, {})


def gray_frame(width: int = 640, height: int = 480) -> Image:
    return np.full((height, width, 3), 140, np.uint8)


def drawn(image: Image, *readings: Reading) -> np.ndarray:
    """Where the overlay changed the frame, `(H, W) bool`."""
    return (draw_overlay(image, readings) != image).any(axis=2)


def without_points_and_box(changed: np.ndarray, reading: Reading) -> np.ndarray:
    """The changes inside the face, its outline and points taken out."""
    left, top, right, bottom = (round(edge) for edge in reading.box)
    points = np.zeros(changed.shape, np.uint8)
    for x, y in reading.keypoints:
        cv2.circle(points, (round(float(x)), round(float(y))), 10, 1, -1)
    inside = slice(max(0, top + 10), max(0, bottom - 10)), slice(max(0, left + 10), right - 10)
    return changed[inside] & (points[inside] == 0)


def test_the_frame_itself_stays_as_it_is() -> None:
    image = gray_frame()
    draw_overlay(image, [reading((200, 150, 320, 290))])
    assert (image == 140).all()


def test_without_readings_nothing_is_drawn() -> None:
    assert not drawn(gray_frame()).any()


def test_a_gray_frame_becomes_a_coloured_one() -> None:
    result = draw_overlay(np.full((480, 640), 140, np.uint8), [reading((200, 150, 320, 290))])
    assert result.shape == (480, 640, 3)


@pytest.mark.parametrize("label", [*EMOTIONS, None])
def test_box_and_chip_have_the_emotions_colour(label: str | None) -> None:
    result = draw_overlay(gray_frame(), [reading((200, 150, 360, 340), label)])
    colour = LIGHT if label is None else COLOURS[label]
    on_the_left_edge = result[200:300, 196:204].reshape(-1, 3)
    assert (on_the_left_edge == colour).all(axis=1).sum() >= 100
    chip = result[100:148, 200:240].reshape(-1, 3)
    assert (chip == colour).all(axis=1).sum() >= 20


PLACES: dict[str, Box] = {
    "in the middle": (260, 170, 380, 310),
    "top left": (-10, -15, 110, 125),
    "top right": (540, 2, 660, 140),
    "bottom left": (3, 360, 123, 500),
    "bottom right": (520, 345, 640, 480),
    "small": (300, 200, 340, 246),
    "large": (170, 60, 470, 410),
    "left and tall": (0, 0, 250, 480),
}


@pytest.mark.parametrize("box", PLACES.values(), ids=PLACES.keys())
def test_chip_and_bars_are_drawn_beside_the_face_wherever_it_is(box: Box) -> None:
    face = reading(box)
    changed = drawn(gray_frame(), face)
    assert not without_points_and_box(changed, face).any()
    left, top, right, bottom = (round(edge) for edge in box)
    changed[max(0, top - 4) : bottom + 4, max(0, left - 4) : right + 4] = False
    assert changed.sum() > 900  # so the panels are there, outside the face


def test_no_panel_hides_another_face() -> None:
    left, right = reading((150, 150, 290, 310)), reading((310, 150, 450, 310), "Sad")
    changed = drawn(gray_frame(), left, right)
    assert not without_points_and_box(changed, left).any()
    assert not without_points_and_box(changed, right).any()


def test_a_face_that_fills_the_frame_has_its_chip_and_no_bars() -> None:
    face = reading((0, 0, 640, 480))
    changed = without_points_and_box(drawn(gray_frame(), face), face)
    assert 0 < changed.mean() < 0.05


def test_the_bars_lengths_are_the_probabilities() -> None:
    result = draw_overlay(gray_frame(), [reading((200, 150, 360, 340))])
    beside = result[:, 366:]
    length = {
        name: (np.abs(beside.astype(int) - COLOURS[name]).max(axis=2) < 12).any(axis=0).sum()
        for name in EMOTIONS
    }
    assert length["Happy"] > 8 * length["Disgust"]
    assert 0 < length["Sad"] < 8


@pytest.mark.parametrize(
    ("left", "names"), [(90, list(EMOTIONS)), (170, ["An", "Di", "Sa", "Ha", "Su"])]
)
def test_bars_are_named_with_little_room_too(monkeypatch, left: int, names: list[str]) -> None:
    """Where the names had no room, only their colours once told the bars apart."""
    put_text, written = cv2.putText, []
    monkeypatch.setattr(cv2, "putText", lambda *put: written.append(put[1]) or put_text(*put))
    draw_overlay(gray_frame(), [reading((left, 60, left + 300, 410))])
    assert written == ["Happy 87 %", *names]


def test_points_have_a_dark_rim() -> None:
    face = reading((200, 150, 360, 340))
    result = draw_overlay(gray_frame(), [face])
    x, y = (round(float(value)) for value in face.keypoints[10])
    patch = result[y - 4 : y + 5, x - 4 : x + 5].astype(int)
    assert np.abs(patch - LIGHT).max(axis=2).min() < 10
    assert np.abs(patch - DARK).max(axis=2).min() < 40


def test_sizes_follow_the_face() -> None:
    small = drawn(gray_frame(1280, 960), reading((600, 400, 700, 515))).sum()
    large = drawn(gray_frame(1280, 960), reading((500, 300, 800, 645))).sum()
    assert large > 3 * small


def test_among_several_faces_a_chip_is_wider_for_its_number() -> None:
    one, other = (120, 150, 240, 290), (420, 150, 540, 290)
    alone = drawn(gray_frame(), reading(one))[110:148, :320]
    beside_another = drawn(gray_frame(), reading(one), reading(other))[110:148, :320]
    assert beside_another.any(axis=0).sum() > alone.any(axis=0).sum() > 0
