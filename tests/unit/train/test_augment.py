import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion.labels import KEYPOINTS
from edge_emotion_train.augment import (
    Augmentation,
    change_light,
    map_points,
    random_affine,
    warp,
)
from helpers.drawn_faces import draw_face

seeds = st.integers(0, 2**32)
STRONG = Augmentation(
    mirror=0.5, turn_deg=20, zoom=0.2, shift=0.08, contrast=0.4, brightness=0.2, gamma=0.5
)
ALWAYS = Augmentation(blur=1, noise=1, erase=1)


def _spot(side: int, x: int, y: int) -> np.ndarray:
    """A bright soft dot at the point (x, y), too wide for any resampling to move it."""
    rows, columns = np.indices((side, side))
    return (250 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 3.0**2))).astype(np.uint8)


def _center_of_mass(image: np.ndarray) -> tuple[float, float]:
    rows, columns = np.indices(image.shape)
    return (image * columns).sum() / image.sum(), (image * rows).sum() / image.sum()


@given(seeds, st.integers(36, 60), st.integers(36, 60), st.sampled_from([(96, 96), (96, 48)]))
def test_a_point_follows_its_pixel(seed: int, x: int, y: int, sides: tuple[int, int]):
    source, size = sides
    matrix, mirror = random_affine(
        STRONG, np.random.default_rng(seed), source, size, base_zoom=size / source
    )
    points = np.full((15, 2), (x, y), np.float32)
    found = _center_of_mass(warp(_spot(source, x, y), matrix, size).astype(float))
    assert map_points(points, matrix, mirror)[0] == pytest.approx(found, abs=0.1)


def test_without_changes_the_centre_of_a_wider_picture_is_cut_out():
    image, points = draw_face(3, np.random.default_rng(0), margin=10)
    matrix, mirror = random_affine(Augmentation(mirror=0), np.random.default_rng(0), 116, 96)
    assert (warp(image, matrix, 96) == image[10:-10, 10:-10]).all()
    assert np.allclose(map_points(points, matrix, mirror), points - 10, atol=1e-4)


def test_a_mirror_turns_the_picture_and_swaps_the_names():
    image, points = draw_face(1, np.random.default_rng(0))  # a sneer, so that the sides differ
    matrix, mirror = random_affine(Augmentation(mirror=1), np.random.default_rng(0), 96, 96)
    mapped = map_points(points, matrix, mirror)
    assert mirror
    assert (warp(image, matrix, 96) == image[:, ::-1]).all()
    for name, other in (("left_eye_center", "right_eye_center"), ("nose_tip", "nose_tip")):
        x, y = points[KEYPOINTS.index(other)]
        assert mapped[KEYPOINTS.index(name)] == pytest.approx((95 - x, y), abs=1e-4)


@given(seeds)
def test_after_any_change_the_left_eye_is_still_right_of_the_right_one(seed: int):
    _, points = draw_face(3, np.random.default_rng(0))
    mapped = map_points(points, *random_affine(STRONG, np.random.default_rng(seed), 96, 96))
    left, right = (mapped[KEYPOINTS.index(f"{own}_eye_center"), 0] for own in ("left", "right"))
    assert left > right


@given(seeds)
def test_changes_stay_within_their_limits(seed: int):
    limits = Augmentation(mirror=0, turn_deg=10, zoom=0.1, shift=0.05)
    matrix, _ = random_affine(limits, np.random.default_rng(seed), 96, 96)
    linear = matrix[:, :2].astype(float)
    assert 1 / 1.1 - 1e-5 <= np.sqrt(np.linalg.det(linear)) <= 1.1 + 1e-5
    assert abs(np.rad2deg(np.arctan2(linear[1, 0], linear[0, 0]))) <= 10 + 1e-3
    center = linear @ (47.5, 47.5) + matrix[:, 2]
    assert np.abs(center - 47.5).max() <= 0.05 * 96 + 1e-3


def test_a_missing_point_stays_missing_and_only_that_one():
    points = np.ones((15, 2), np.float32)
    points[KEYPOINTS.index("left_eye_center")] = np.nan
    matrix, mirror = random_affine(Augmentation(mirror=1), np.random.default_rng(0), 96, 96)
    missing = np.isnan(map_points(points, matrix, mirror)).any(axis=1)
    assert np.flatnonzero(missing).tolist() == [KEYPOINTS.index("right_eye_center")]


def test_without_limits_the_light_stays():
    image, _ = draw_face(3, np.random.default_rng(0))
    assert (change_light(image, Augmentation(), np.random.default_rng(0)) == image).all()


@given(seeds, st.sampled_from([STRONG, ALWAYS]))
def test_changed_light_is_still_a_picture_and_the_original_is_untouched(
    seed: int, config: Augmentation
):
    image, _ = draw_face(3, np.random.default_rng(0))
    before = image.copy()
    changed = change_light(image, config, np.random.default_rng(seed))
    assert (changed.dtype, changed.shape) == (np.uint8, image.shape)
    assert (image == before).all()


@pytest.mark.parametrize(
    ("config", "darker"),
    [(Augmentation(brightness=0.5), True), (Augmentation(contrast=0.9), False)],
)
def test_brightness_moves_and_contrast_spreads(config: Augmentation, darker: bool):
    image = np.array([[100, 156]], np.uint8)
    means, spreads = set(), set()
    for seed in range(20):
        low, high = change_light(image, config, np.random.default_rng(seed))[0].astype(int)
        means.add((low + high) // 2)
        spreads.add(high - low)
    assert (len(means) > 5) == darker
    assert (len(spreads) > 5) != darker


def test_an_erased_rectangle_has_one_gray_and_the_size_it_should():
    image = np.random.default_rng(0).integers(1, 255, (96, 96)).astype(np.uint8)
    erased = change_light(image, Augmentation(erase=1), np.random.default_rng(0))
    rows, columns = np.nonzero(erased != image)
    patch = erased[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert len(np.unique(patch)) == 1
    assert 0.01 <= patch.size / image.size <= 0.17


def test_noise_does_not_change_the_mean():
    image = np.full((200, 200), 100, np.uint8)
    changes = [
        change_light(image, Augmentation(noise=1), np.random.default_rng(seed)).mean() - 100
        for seed in range(10)
    ]
    assert np.mean(changes) == pytest.approx(0, abs=0.1)
