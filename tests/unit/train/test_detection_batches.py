from pathlib import Path

import numpy as np
import pytest

from edge_emotion.data.detection import closeups, letterboxed
from edge_emotion.data.faces import DetectionPhotos, photos_together
from edge_emotion_train.batches import as_input
from edge_emotion_train.datasets import load_sets
from edge_emotion_train.detection_augment import DetectionAugmentation
from edge_emotion_train.detection_batches import (
    DetectionBatches,
    DetectionSamples,
    detection_samples,
    draw_picture,
    plain_pictures,
)
from edge_emotion_train.devices import Spread
from edge_emotion_train.drawn_faces import detection_photos, keypoint_faces
from edge_emotion_train.prepare import prepare
from edge_emotion_train.recipe import load_recipe

PHOTOS = detection_photos(16, seed=1)
NEAR = closeups(keypoint_faces(4, seed=1, margin=48))
CONFIG = DetectionAugmentation(turn_deg=5, gamma=0.2, noise=0.3)


def _only(kind: str, **changes: float) -> DetectionAugmentation:
    shares = {"background": 0.0, "closeup": 0.0, "whole": 0.0, "mosaic": 0.0}
    return DetectionAugmentation(**{**shares, kind: 1.0, **changes})


@pytest.fixture(scope="module")
def samples() -> DetectionSamples:
    return detection_samples([(PHOTOS, 1.0)], [(NEAR, 0.25)], 40)


def test_photographs_are_sorted_by_what_they_show(samples: DetectionSamples):
    assert (len(samples.people), len(samples.backgrounds), len(samples.closeups)) == (14, 2, 4)
    assert len(samples) == 40
    assert len(detection_samples([(PHOTOS, 1.0)], [(NEAR, 0.25)], 0)) == 20


def test_batches_have_the_shapes_of_the_contract(samples: DetectionSamples):
    batches = DetectionBatches(samples, CONFIG, 8, seed=3)
    pictures, targets, weights = batches[0]
    assert (pictures.shape, pictures.dtype) == ((8, 192, 192, 1), np.float32)
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert (targets.shape, targets.dtype) == ((8, 756, 6), np.float32)
    assert weights.tolist() == [1] * 8
    assert batches.num_batches == 5


def test_seed_and_epoch_decide_every_picture(samples: DetectionSamples):
    def batch(seed: int, epoch: int) -> bytes:
        batches = DetectionBatches(samples, CONFIG, 8, seed)
        batches.start_epoch(epoch)
        return b"".join(part.tobytes() for part in batches[2])

    assert batch(1, 4) == batch(1, 4)
    assert len({batch(1, 4), batch(1, 5), batch(2, 4)}) == 3


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_makes_only_its_own_rows(samples: DetectionSamples, rank: int):
    batches = DetectionBatches(samples, CONFIG, 8, 1, Spread(2, 2, rank))
    other = DetectionBatches(samples, CONFIG, 8, 1, Spread(2, 2, 1 - rank))
    assert len(batches[0][0]) == 4
    assert (batches[0][0] != other[0][0]).any()


def test_a_set_is_drawn_as_often_as_it_weighs():
    pool = detection_samples([(PHOTOS, 3.0), (detection_photos(16, seed=2), 1.0)], [], 1).people
    first = {id(image) for image in PHOTOS.images}
    rng = np.random.default_rng(0)
    drawn = [id(pool.draw(rng)[0]) in first for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(0.75, abs=0.04)


@pytest.mark.parametrize(("kind", "faces"), [("background", 0), ("closeup", 1), ("whole", None)])
def test_each_kind_of_picture_shows_what_it_says(
    samples: DetectionSamples, kind: str, faces: int | None
):
    rng = np.random.default_rng(0)
    for _ in range(20):
        picture, boxes = draw_picture(samples, _only(kind), rng)
        assert picture.shape == (192, 192)
        assert len(boxes) == faces if faces is not None else len(boxes) >= 1


def test_a_mosaic_is_four_pictures_at_half_the_size(samples: DetectionSamples):
    rng = np.random.default_rng(0)
    config = _only("mosaic", closeup=1.0)
    for _ in range(10):
        _, boxes = draw_picture(samples, config, rng)
        quarters = {tuple((middle >= 96).tolist()) for middle in boxes.middles}
        assert len(boxes) == len(quarters) == 4
        assert boxes.sizes.max() <= 96


@pytest.mark.parametrize("kind", ["background", "closeup"])
def test_what_there_is_nothing_for_is_left_to_the_next_kind(kind: str):
    people = detection_samples([(DetectionPhotos(
        PHOTOS.images[:3], PHOTOS.faces[:3], PHOTOS.names[:3], PHOTOS.groups[:3]
    ), 1.0)], [], 1)  # fmt: skip
    _, boxes = draw_picture(people, _only(kind), np.random.default_rng(0))
    assert len(boxes)


def test_validation_pictures_are_what_the_device_sees():
    seen = letterboxed(PHOTOS)
    pictures, targets, weights = plain_pictures(seen)
    assert (pictures == as_input(np.stack(seen.images))).all()
    found = targets[..., 0] > 0
    for faces, mine, target in zip(seen.faces, found, targets, strict=True):
        learned = faces.boxes[(faces.boxes[:, 2:] - faces.boxes[:, :2]).max(axis=1) >= 9]
        assert {tuple(box) for box in target[mine, 2:].tolist()} <= {
            tuple(box) for box in learned.tolist()
        }
    assert len(weights) == len(PHOTOS)


def test_sets_of_photographs_are_joined():
    both = photos_together([PHOTOS, NEAR])
    assert len(both) == 20 and both.names[-1] == NEAR.names[-1]


@pytest.mark.parametrize(
    ("shares", "patience", "warned"),
    [
        ((0.6, 0.0, 0.4), 3, True),
        ((0.6, 0.0, 0.4), 0, False),
        ((0.5, 0.25, 0.25), 3, False),
    ],
    ids=["an epoch is chosen by the test", "nothing is chosen", "validation has its own"],
)
def test_a_training_whose_test_chooses_the_epoch_is_warned_of(
    shares: tuple[float, float, float], patience: int, warned: bool, capsys
):
    settings = [f"sets.drawn.shares={list(shares)}", f"fit.patience={patience}"]
    recipe = load_recipe("detector", "smoke", [*settings, "sets.drawn.count=40"])
    prepare(recipe, load_sets(recipe, Path()))
    assert ("those of the test choose the epoch" in capsys.readouterr().err) == warned
