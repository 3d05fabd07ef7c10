from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion.errors import WrongUse
from edge_emotion.types import Image
from edge_emotion_train.augment import Augmentation, map_points, random_affines, warp
from edge_emotion_train.edge_camera import (
    EFFECTS,
    gain_noise,
    jpeg,
    low_light,
    motion_blur,
    occlude,
    through_camera,
    uneven_light,
)
from edge_emotion_train.recipe import load_recipe
from helpers.drawn_faces import draw_face

seeds = st.integers(0, 2**32)
names = st.sampled_from(list(EFFECTS))
sides = st.sampled_from([48, 96])
STRONGEST = {
    "uneven_light": 1.0, "occlusion": 1.0, "low_light": 1.0, "motion_blur": 20.0,
    "gain_noise": 80.0, "jpeg": 1.0,
}  # fmt: skip


def _face(side: int = 96) -> Image:
    return draw_face(3, np.random.default_rng(0), side)[0]


def _flat(gray: int, side: int = 96) -> Image:
    return np.full((side, side), gray, np.uint8)


def _spot(x: float, y: float) -> Image:
    rows, columns = np.indices((96, 96))
    return (250 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 3.0**2))).astype(np.uint8)


def _center_of_mass(image: Image) -> tuple[float, float]:
    rows, columns = np.indices(image.shape)
    return (image * columns).sum() / image.sum(), (image * rows).sum() / image.sum()


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _through_camera(face: Image, config: Augmentation, rng: np.random.Generator) -> Image:
    faces = face[None].copy()
    through_camera(faces, config, rng)
    return faces[0]


def test_every_effect_has_its_key_in_a_recipe_and_is_off_without_it():
    keys = {item.name: item.default for item in fields(Augmentation)}
    assert [keys[name] for name in EFFECTS] == [0.0] * len(EFFECTS)


@given(seeds, names, sides)
def test_strength_zero_changes_nothing(seed: int, name: str, side: int):
    face, rng = _face(side), _rng(seed)
    assert (_through_camera(face, Augmentation(**{name: 0.0}), rng) == face).all()
    assert rng.random() == _rng(seed).random()  # so older recipes give the faces they always gave
    if name != "jpeg":  # whose best quality still rounds
        assert (EFFECTS[name](face, 0.0, _rng(seed)) == face).all()


@given(seeds, names, st.floats(0, 1), sides)
def test_any_strength_gives_a_picture_of_the_same_size(
    seed: int, name: str, share: float, side: int
):
    face = _face(side)
    before = face.copy()
    changed = EFFECTS[name](face, share * STRONGEST[name], _rng(seed))
    assert (changed.dtype, changed.shape) == (np.uint8, (side, side))
    assert changed.flags.c_contiguous
    assert (face == before).all()


@given(seeds)
def test_the_seed_decides_what_all_effects_together_do(seed: int):
    config = Augmentation(**STRONGEST)
    face = _face(48)
    changed = _through_camera(face, config, _rng(seed))
    assert (changed == _through_camera(face, config, _rng(seed))).all()


def test_half_of_the_faces_are_spared_an_effect():
    faces = np.stack([_face(48)] * 200)
    through_camera(faces, Augmentation(low_light=0.8), _rng())
    spared = (faces == _face(48)).all(axis=(1, 2)).sum()
    assert 70 <= spared <= 130


@given(
    seeds,
    st.sampled_from(["low_light", "motion_blur", "gain_noise", "jpeg"]),
    st.integers(36, 60),
    st.integers(36, 60),
)
def test_a_point_follows_its_pixel_through_map_and_camera(seed: int, name: str, x: int, y: int):
    """Geometry moves both alike; what the camera does after that moves neither."""
    strength = {"low_light": 0.3, "motion_blur": 6.0, "gain_noise": 3.0, "jpeg": 0.6}[name]
    bounds = Augmentation(mirror=0.5, turn_deg=20, zoom=0.2, shift=0.08)
    matrices, mirrored = random_affines(bounds, _rng(seed), np.array([96]), np.ones(1), 96)
    [[point, *_]] = map_points(np.full((1, 15, 2), (x, y), np.float32), matrices, mirrored)
    face = np.empty((96, 96), np.uint8)
    warp(_spot(x, y), matrices[0], face)
    face = EFFECTS[name](face, strength, _rng(seed)).astype(float)
    face[face < 40] = 0  # noise and blocks far from the spot would weigh more than it
    assert _center_of_mass(face) == pytest.approx(tuple(point), abs=0.75)


def test_low_light_takes_light_and_adds_noise():
    means = [low_light(_flat(200), amount, _rng()).mean() for amount in (0.2, 0.5, 0.8)]
    noise = [low_light(_flat(200), amount, _rng()).std() for amount in (0.2, 0.5, 0.8)]
    assert means == pytest.approx([160, 100, 40], abs=1)
    assert min(noise) > 1
    relative = np.array(noise) / means
    assert (np.diff(relative) > 0).all()


def test_gain_noise_keeps_the_mean_and_grows_with_the_signal():
    dark, bright = (gain_noise(_flat(gray), 12, _rng()).astype(float) for gray in (30, 180))
    assert (dark.mean(), bright.mean()) == pytest.approx((30, 180), abs=0.5)
    assert bright.std() == pytest.approx(12 * np.sqrt(196 / 271), rel=0.05)
    assert dark.std() == pytest.approx(12 * np.sqrt(46 / 271), rel=0.05)


@pytest.mark.parametrize("side", [48, 96])
def test_motion_blur_is_as_long_as_asked_and_goes_one_way(side: int):
    dot = _flat(0, side)
    dot[side // 2, side // 2] = 255
    length = 6 * side / 48
    rows, columns = np.nonzero(motion_blur(dot, 6.0, _rng(1)))
    reach = np.hypot(np.ptp(rows), np.ptp(columns))
    assert length - 2 <= reach <= length + 3
    assert len(rows) < 4 * length  # a line, no disc


def test_jpeg_makes_blocks_of_eight_pixels():
    changed = jpeg(_face(), 0.95, _rng()).astype(int)
    steps = np.abs(np.diff(changed, axis=1)).mean(axis=0)
    at_edges = steps[7::8].mean()
    assert at_edges > 1.5 * np.delete(steps, np.arange(7, 95, 8)).mean()


def test_uneven_light_is_brighter_on_one_side_and_as_bright_on_the_whole():
    lit = uneven_light(_flat(100), 0.5, _rng(3)).astype(float)
    assert lit.mean() == pytest.approx(100, abs=1)
    corners = lit[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.max() > 125 and corners.min() < 75
    assert lit.min() >= 50 and lit.max() <= 150


@given(seeds, st.floats(0.05, 0.6))
def test_an_occlusion_reaches_as_far_as_asked_from_one_edge(seed: int, amount: float):
    face = _flat(77, 48)
    changed = occlude(face, amount, _rng(seed)) != face
    if not changed.any():  # the thing has the same gray
        return
    rows, columns = np.nonzero(changed)
    deepest = min(rows.max() + 1, columns.max() + 1, 48 - rows.min(), 48 - columns.min())
    assert deepest <= round(amount * 48)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("augment.jpeg=1.5", "augment: jpeg is 1.5; expected from 0 to 1"),
        ("augment.mirror=2", "augment: mirror is 2; expected from 0 to 1"),
        ("augment.motion_blur=-1", "augment: motion_blur is -1; expected 0 or more"),
        ("augment.low_light=dark", "augment: low_light is 'dark'; expected a number"),
    ],
)
def test_a_strength_that_cannot_be_is_refused(setting: str, message: str):
    with pytest.raises(WrongUse) as caught:
        load_recipe("emotion", "edge", [setting])
    assert message in str(caught.value)


def test_strengths_of_the_edge_recipes_are_unchanged():
    for task in ("emotion", "keypoints"):
        augment = load_recipe(task, "edge").augment
        assert augment == replace(augment, **dict.fromkeys(EFFECTS, 0.0))
