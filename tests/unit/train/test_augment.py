import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion.errors import WrongUse
from edge_emotion.labels import KEYPOINTS, MIRRORED_KEYPOINTS
from edge_emotion_train.augment import (
    Augmentation,
    change_light,
    map_points,
    mix,
    normal_noise,
    random_affines,
    warp,
)
from edge_emotion_train.recipe import load_recipe
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


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _drawn() -> tuple[np.ndarray, np.ndarray]:
    """A face that sneers, so that its sides differ, and its points."""
    return draw_face(1, _rng())


def _map(config: Augmentation, seed: int = 0, source: int = 96, size: int = 96):
    """One matrix, and whether it mirrors, as a batch of a single face has them."""
    return random_affines(
        config, _rng(seed), np.array([source]), np.array([min(1, size / source)]), size
    )


def _warped(image: np.ndarray, matrices: np.ndarray, size: int = 96) -> np.ndarray:
    face = np.empty((size, size), np.uint8)
    warp(image, matrices[0], face)
    return face


def _lit(image: np.ndarray, config: Augmentation, seed: int = 0) -> np.ndarray:
    faces = image[None].copy()
    change_light(faces, config, _rng(seed))
    return faces[0]


@given(seeds, st.integers(36, 60), st.integers(36, 60), st.sampled_from([(96, 96), (96, 48)]))
def test_a_point_follows_its_pixel(seed: int, x: int, y: int, sides: tuple[int, int]):
    source, size = sides
    matrices, mirrored = _map(STRONG, seed, source, size)
    points = np.full((1, 15, 2), (x, y), np.float32)
    found = _center_of_mass(_warped(_spot(source, x, y), matrices, size).astype(float))
    assert map_points(points, matrices, mirrored)[0, 0] == pytest.approx(found, abs=0.1)


def test_without_changes_the_centre_of_a_wider_picture_is_cut_out():
    image, points = draw_face(3, _rng(), margin=10)
    matrices, mirrored = random_affines(
        Augmentation(mirror=0), _rng(), np.array([116]), np.ones(1), 96
    )
    assert (_warped(image, matrices) == image[10:-10, 10:-10]).all()
    assert np.allclose(map_points(points[None], matrices, mirrored)[0], points - 10, atol=1e-4)


def test_a_mirror_turns_the_picture_and_swaps_the_names():
    image, points = _drawn()
    matrices, mirrored = _map(Augmentation(mirror=1))
    [mapped] = map_points(points[None], matrices, mirrored)
    assert mirrored.all()
    assert (_warped(image, matrices) == image[:, ::-1]).all()
    for name, other in (("left_eye_center", "right_eye_center"), ("nose_tip", "nose_tip")):
        x, y = points[KEYPOINTS.index(other)]
        assert mapped[KEYPOINTS.index(name)] == pytest.approx((95 - x, y), abs=1e-4)


@given(seeds)
def test_after_any_change_the_left_eye_is_still_right_of_the_right_one(seed: int):
    _, points = _drawn()
    [mapped] = map_points(points[None], *_map(STRONG, seed))
    left, right = (mapped[KEYPOINTS.index(f"{own}_eye_center"), 0] for own in ("left", "right"))
    assert left > right


@given(seeds)
def test_changes_stay_within_their_limits(seed: int):
    limits = Augmentation(mirror=0, turn_deg=10, zoom=0.1, shift=0.05)
    [matrix], _ = _map(limits, seed)
    linear = matrix[:, :2].astype(float)
    assert 1 / 1.1 - 1e-5 <= np.sqrt(np.linalg.det(linear)) <= 1.1 + 1e-5
    assert abs(np.rad2deg(np.arctan2(linear[1, 0], linear[0, 0]))) <= 10 + 1e-3
    center = linear @ (47.5, 47.5) + matrix[:, 2]
    assert np.abs(center - 47.5).max() <= 0.05 * 96 + 1e-3


def test_each_face_of_a_batch_has_a_map_of_its_own_side_and_zoom():
    sides, zooms = np.array([48, 90, 72]), np.array([1, 48 / 90, 48 / 72])
    nothing = Augmentation(mirror=0)
    matrices, _ = random_affines(nothing, _rng(), sides, zooms, 48)
    for matrix, side, zoom in zip(matrices, sides, zooms, strict=True):
        assert np.allclose(matrix[:, :2], zoom * np.eye(2))
        assert np.allclose(matrix @ ((side - 1) / 2, (side - 1) / 2, 1), 23.5, atol=1e-4)


def test_only_mirrored_faces_swap_names():
    points = np.stack([_drawn()[1]] * 2)
    matrices = np.stack([np.eye(2, 3, dtype=np.float32)] * 2)
    plain, mirrored = map_points(points, matrices, np.array([False, True]))
    assert (plain == points[0]).all()
    assert (mirrored == points[0][list(MIRRORED_KEYPOINTS)]).all()


def test_a_missing_point_stays_missing_and_only_that_one():
    points = np.ones((1, 15, 2), np.float32)
    points[0, KEYPOINTS.index("left_eye_center")] = np.nan
    [mapped] = map_points(points, *_map(Augmentation(mirror=1)))
    missing = np.isnan(mapped).any(axis=1)
    assert np.flatnonzero(missing).tolist() == [KEYPOINTS.index("right_eye_center")]


def test_without_limits_the_light_stays():
    image, _ = _drawn()
    assert (_lit(image, Augmentation()) == image).all()


@given(seeds, st.sampled_from([STRONG, ALWAYS]))
def test_every_face_of_a_batch_is_lit_in_its_own_way(seed: int, config: Augmentation):
    faces = np.stack([_drawn()[0]] * 3)
    change_light(faces, config, _rng(seed))
    assert len({face.tobytes() for face in faces}) == 3


@pytest.mark.parametrize("name", ["blur", "noise", "erase"])
def test_a_chance_is_the_share_of_faces_that_change(name: str):
    faces = np.stack([_drawn()[0]] * 400)
    change_light(faces, Augmentation(**{name: 0.25}), _rng())
    changed = (faces != _drawn()[0]).any(axis=(1, 2)).mean()
    assert changed == pytest.approx(0.25, abs=0.07)


@pytest.mark.parametrize(
    ("config", "darker"),
    [(Augmentation(brightness=0.5), True), (Augmentation(contrast=0.9), False)],
)
def test_brightness_moves_and_contrast_spreads(config: Augmentation, darker: bool):
    image = np.array([[100, 156]], np.uint8)
    means, spreads = set(), set()
    for seed in range(20):
        low, high = _lit(np.tile(image, (2, 1)), config, seed)[0].astype(int)
        means.add((low + high) // 2)
        spreads.add(high - low)
    assert (len(means) > 5) == darker
    assert (len(spreads) > 5) != darker


def test_an_erased_rectangle_has_one_gray_and_the_size_it_should():
    image = np.random.default_rng(0).integers(1, 255, (96, 96)).astype(np.uint8)
    erased = _lit(image, Augmentation(erase=1))
    rows, columns = np.nonzero(erased != image)
    patch = erased[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert len(np.unique(patch)) == 1
    assert 0.01 <= patch.size / image.size <= 0.17


def test_noise_does_not_change_the_mean():
    image = np.full((200, 200), 100, np.uint8)
    changes = [_lit(image, Augmentation(noise=1), seed).mean() - 100 for seed in range(10)]
    assert np.mean(changes) == pytest.approx(0, abs=0.1)


def test_noise_has_the_moments_of_a_normal_distribution():
    noise = normal_noise(400, _rng())
    assert (noise.dtype, noise.shape) == (np.float32, (400, 400))
    moments = [(noise**power).mean() for power in (1, 2, 3, 4)]
    assert moments == pytest.approx([0, 1, 0, 3], abs=0.15)


def _batch(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Faces each of one gray, targets and weights."""
    grays = rng.random((count, 1, 1, 1), np.float32)
    targets = rng.dirichlet(np.ones(5), count).astype(np.float32)
    return grays.repeat(4, 1).repeat(4, 2), targets, rng.random(count, np.float32)


@given(seeds, st.floats(0.05, 5), st.integers(1, 20))
def test_mixed_targets_are_still_distributions_and_nothing_leaves_its_range(
    seed: int, alpha: float, count: int
):
    batch = _batch(count, _rng(seed))
    faces, targets, weights = mix(*batch, alpha, _rng(seed))
    assert targets.sum(axis=1) == pytest.approx(np.ones(count), abs=1e-5)
    for mixed, own in zip((faces, targets, weights), batch, strict=True):
        assert (mixed.dtype, mixed.shape) == (np.float32, own.shape)
        assert own.min() - 1e-6 <= mixed.min() and mixed.max() <= own.max() + 1e-6


@given(seeds)
def test_face_target_and_weight_are_mixed_with_the_same_one_in_the_same_shares(seed: int):
    count = 12
    own = np.eye(count, dtype=np.float32)
    faces, targets, weights = mix(own[:, :, None, None], own, np.arange(count), 1.0, _rng(seed))
    assert (faces[:, :, 0, 0] == targets).all()
    assert weights == pytest.approx(targets @ np.arange(count), abs=1e-5)
    assert ((targets > 0).sum(axis=1) <= 2).all()


def test_a_small_alpha_leaves_one_of_the_two_prevailing():
    own = np.eye(200, dtype=np.float32)
    for alpha, share in ((0.1, 0.95), (5.0, 0.7)):
        _, targets, _ = mix(own[:, :, None, None], own, np.ones(200), alpha, _rng())
        assert (np.median(targets.max(axis=1)) > share) == (alpha < 1)


@pytest.mark.parametrize("value", ["nan", "inf", "-0.1"])
def test_an_alpha_that_cannot_be_is_refused(value: str):
    with pytest.raises(WrongUse, match=r"augment: mixup is .*; expected 0 or more"):
        load_recipe("emotion", "edge", [f"augment.mixup={value}"])


def test_keypoints_are_not_mixed():
    with pytest.raises(WrongUse, match=r"augment\.mixup is 0\.2 for keypoints; expected 0"):
        load_recipe("keypoints", "edge", ["augment.mixup=0.2"])


def test_a_blur_below_the_least_is_refused():
    with pytest.raises(ValueError, match=r"blur_sigma is 0.1; expected 0.3 or more"):
        Augmentation(blur=0.5, blur_sigma=0.1)
