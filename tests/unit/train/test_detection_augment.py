import numpy as np
import pytest

from edge_emotion.detection_metrics import LabelledFaces
from edge_emotion_train import detection_augment as augment
from edge_emotion_train.detection_augment import SIDE_PX, Boxes, DetectionAugmentation, Placement

PLAIN = DetectionAugmentation()
WILD = DetectionAugmentation(turn_deg=7, stretch=0.1, gamma=0.3, contrast=0.2, brightness=0.05)


def _boxes(*rows: tuple[float, ...]) -> Boxes:
    return Boxes(np.array(rows, np.float32).reshape(-1, 4), np.ones(len(rows), bool))


def _bright(shape: tuple[int, int], box: tuple[int, int, int, int]) -> np.ndarray:
    """A dark photograph that is bright inside a box."""
    image = np.full(shape, 20, np.uint8)
    image[box[1] : box[3], box[0] : box[2]] = 250
    return image


def _extent(picture: np.ndarray) -> np.ndarray:
    """`(1, 4)`: the box around what is bright, as its edges lie between pixels."""
    y, x = np.nonzero(picture > 135)
    return np.array([[x.min(), y.min(), x.max() + 1, y.max() + 1]], np.float32)


@pytest.mark.parametrize(
    "how",
    [
        Placement(np.array([150, 100.0]), np.array([96, 96.0]), 1.0),
        Placement(np.array([150, 100.0]), np.array([60, 100.0]), 0.5),
        Placement(np.array([150, 100.0]), np.array([96, 96.0]), 0.21),
        Placement(np.array([130, 90.0]), np.array([100, 90.0]), 2.7),
        Placement(np.array([130, 90.0]), np.array([100, 90.0]), 1.5, stretch=1.2),
        Placement(np.array([150, 100.0]), np.array([80, 100.0]), 0.8, mirror=True),
        Placement(np.array([150, 100.0]), np.array([80, 100.0]), 0.3, stretch=0.8, mirror=True),
    ],
    ids=["moved", "halved", "far away", "enlarged", "stretched", "mirrored", "all"],
)
def test_a_box_stays_around_what_it_marks(how: Placement):
    box = (110, 70, 150, 110)
    picture = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    placed = augment.place(_bright((200, 300), box), _boxes(box), how, picture)
    assert placed.xyxy == pytest.approx(_extent(picture), abs=1.01)


def test_what_the_photograph_does_not_reach_stays_as_it_was():
    picture = np.full((SIDE_PX, SIDE_PX), 77, np.uint8)
    how = Placement(np.array([50, 50.0]), np.array([96, 96.0]), 1.0)
    augment.place(np.full((100, 100), 200, np.uint8), _boxes(), how, picture)
    assert (picture[:45] == 77).all() and (picture[60:130, 60:130] == 200).all()


def test_a_turned_box_keeps_its_size_around_its_turned_middle():
    how = Placement(np.array([100, 100.0]), np.array([96, 96.0]), 1.0, turn=np.pi / 2)
    placed = augment.place(
        np.zeros((200, 200), np.uint8), _boxes((120, 90, 140, 110)), how,
        np.zeros((SIDE_PX, SIDE_PX), np.uint8),
    )  # fmt: skip
    assert placed.xyxy[0] == pytest.approx([86, 116, 106, 136])


@pytest.mark.parametrize(
    ("box", "kept", "learned"),
    [
        ((10, 10, 50, 50), True, True),
        ((-10, 10, 30, 50), True, True),
        ((-20, 10, 20, 50), True, False),
        ((-35, 10, 5, 50), False, False),
        ((200, 10, 240, 50), False, False),
    ],
    ids=["inside", "three quarters", "half", "an eighth", "outside"],
)
def test_a_box_is_cut_at_the_edge_by_how_much_of_it_shows(
    box: tuple[int, ...], kept: bool, learned: bool
):
    found = augment.within(_boxes(box))
    assert len(found) == kept
    if kept:
        assert found.learned.tolist() == [learned]
        assert found.xyxy.min() >= 0


def test_heavily_occluded_doubtful_and_tiny_faces_are_not_learned():
    boxes = np.array([(10, 10, 50, 60)] * 3 + [(10, 10, 17, 18)], np.float32)
    marked = LabelledFaces(
        200,
        boxes,
        np.zeros(4, np.int64),
        np.array([0, 2, 1, 0]),
        np.array([False, False, True, False]),
    )
    assert augment.large_enough(augment.boxes_of(marked)).learned.tolist() == [
        True,
        False,
        False,
        False,
    ]


def test_around_a_face_it_has_the_size_that_was_asked_for_and_lies_inside():
    config = DetectionAugmentation(smallest_face=0.1, largest_face=0.6)
    boxes, image = _boxes((200, 100, 240, 150)), np.zeros((300, 400), np.uint8)
    rng = np.random.default_rng(1)
    sides = []
    for _ in range(200):
        how = augment.around_face(image, boxes, config, rng)
        placed = augment.place(image, boxes, how, np.zeros((SIDE_PX, SIDE_PX), np.uint8))
        sides.append(placed.sizes.max() / SIDE_PX)
        assert placed.middles.min() >= 0 and placed.middles.max() <= SIDE_PX
    assert 0.1 - 1e-6 <= min(sides) < 0.15 and 0.5 < max(sides) <= 0.6 + 1e-6


def test_only_faces_to_learn_are_put_in_the_middle_where_there_are_any():
    boxes = Boxes(_boxes((10, 10, 30, 30), (200, 100, 240, 150)).xyxy, np.array([False, True]))
    rng = np.random.default_rng(1)
    points = [
        augment.around_face(np.zeros((300, 400), np.uint8), boxes, WILD, rng).point.tolist()
        for _ in range(20)
    ]
    assert all(point == [220, 125] for point in points)


def test_a_whole_photograph_is_about_as_large_as_the_picture():
    image = np.full((240, 320), 200, np.uint8)
    rng = np.random.default_rng(1)
    for _ in range(20):
        how = augment.whole(image, _boxes(), PLAIN, rng)
        assert 0.85 <= how.scale * 320 / SIDE_PX <= 1.1


def test_a_backdrop_fills_the_picture():
    picture = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    image = np.full((150, 400), 90, np.uint8)
    augment.place(image, _boxes(), augment.backdrop(image), picture)
    assert (picture == 90).all()


@pytest.mark.parametrize("limits", [{"low_light": 1.0}, {"blur": 1.0}, {"noise": 1.0}])
def test_light_changes_as_asked(limits: dict[str, float]):
    picture = np.tile(np.arange(SIDE_PX, dtype=np.uint8), (SIDE_PX, 1))
    picture[:, ::2] //= 2
    changed = augment.change_light(
        picture, DetectionAugmentation(**limits), np.random.default_rng(3)
    )
    if "low_light" in limits:
        assert 0.15 <= changed.mean() / picture.mean() <= 0.5
    elif "blur" in limits:
        assert np.diff(changed.astype(int)).std() < np.diff(picture.astype(int)).std()
    else:
        difference = changed.astype(int) - picture
        assert 0.5 < difference.std() < 11 and abs(difference.mean()) < 1


def test_without_limits_the_light_stays():
    picture = (
        np.arange(SIDE_PX * SIDE_PX, dtype=np.uint64).astype(np.uint8).reshape(SIDE_PX, SIDE_PX)
    )
    assert (augment.change_light(picture, PLAIN, np.random.default_rng(0)) == picture).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mosaic": 1.5}, "mosaic is 1.5; expected from 0 to 1"),
        ({"turn_deg": -1}, "turn_deg is -1; expected 0 or more"),
        ({"smallest_face": 0.0}, "smallest_face is 0.0; expected above 0"),
        ({"smallest_face": 0.9, "largest_face": 0.5}, "smallest_face is 0.9"),
        ({"background": 0.5, "closeup": 0.4, "whole": 0.2}, "add up to 1.1"),
    ],
)
def test_limits_that_cannot_be_are_refused(changes: dict[str, float], message: str):
    with pytest.raises(ValueError, match=message):
        DetectionAugmentation(**changes)


def test_a_close_up_is_a_third_of_the_picture_high_or_more():
    box = _boxes((80, 80, 120, 130))
    rng = np.random.default_rng(0)
    heights = [augment.closeup(box, WILD, rng).scale * 50 / SIDE_PX for _ in range(200)]
    assert 0.3 <= min(heights) < 0.35 and 0.95 < max(heights) <= 1.05
