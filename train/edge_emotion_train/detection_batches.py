"""Batches of pictures to learn detection from, each drawn afresh from all photographs."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge_emotion.data.faces import DetectionPhotos, Indices
from edge_emotion.detection import CELLS
from edge_emotion.types import Floats, Image
from edge_emotion_train import detection_augment as augment
from edge_emotion_train.batches import Batch, BatchesAhead, as_input
from edge_emotion_train.detection_augment import (
    SIDE_PX,
    Boxes,
    DetectionAugmentation,
    boxes_of,
)
from edge_emotion_train.detection_targets import VALUES, encode_boxes
from edge_emotion_train.devices import ALONE, Spread


@dataclass(frozen=True)
class Pool:
    """Photographs to draw from.

    Attributes:
        images: N of `(H, W) uint8`.
        boxes: N, of their faces.
        ends: `(N,)`, chances of being drawn, added up; the last is 1.
    """

    images: tuple[Image, ...]
    boxes: tuple[Boxes, ...]
    ends: Floats

    def __len__(self) -> int:
        return len(self.images)

    def draw(self, rng: np.random.Generator) -> tuple[Image, Boxes]:
        """One of them."""
        row = int(np.searchsorted(self.ends, rng.random(), side="right"))
        row = min(row, len(self) - 1)  # the sum of the chances may be rounded to less than 1
        return self.images[row], self.boxes[row]


@dataclass(frozen=True)
class DetectionSamples:
    """What pictures are made of.

    Attributes:
        people: photographs with faces.
        backgrounds: photographs without; perhaps none.
        closeups: pictures of one face; perhaps none.
        pictures: how many are drawn for an epoch.
    """

    people: Pool
    backgrounds: Pool
    closeups: Pool
    pictures: int

    def __len__(self) -> int:
        return self.pictures


def detection_samples(
    photos: Sequence[tuple[DetectionPhotos, float]],
    closeups: Sequence[tuple[DetectionPhotos, float]],
    pictures: int,
) -> DetectionSamples:
    """Join sets of `(photographs, weight)`; a photograph is drawn as often as its set weighs.

    Args:
        photos: whole photographs, with and without faces.
        closeups: pictures of one face each, which need not show more than that.
        pictures: how many are drawn for an epoch; 0 is as many as there are.
    """
    people = _pool(photos, with_faces=True)
    backgrounds, near = _pool(photos, with_faces=False), _pool(closeups, with_faces=True)
    every = len(people) + len(backgrounds) + len(near)
    return DetectionSamples(people, backgrounds, near, pictures or every)


class DetectionBatches(BatchesAhead):
    """So many pictures an epoch, drawn from seed and epoch.

    Yields `(pictures, targets, weights)`: `(B, 192, 192, 1)` in [0, 1], `(B, C, 6)` as
    `detection_targets` has them, and `(B,)` ones.
    """

    def __init__(
        self,
        samples: DetectionSamples,
        augmentation: DetectionAugmentation,
        batch_size: int,
        seed: int,
        share: Spread = ALONE,
    ) -> None:
        self._samples = samples
        self._augmentation = augmentation
        super().__init__(len(samples), batch_size, seed, share=share)

    def _make(self, rows: Indices, seed: tuple[int, ...]) -> Batch:
        rng = np.random.default_rng(seed)
        pictures = np.empty((len(rows), SIDE_PX, SIDE_PX), np.uint8)
        targets = np.empty((len(rows), len(CELLS), VALUES), np.float32)
        for picture, target in zip(pictures, targets, strict=True):
            drawn, boxes = draw_picture(self._samples, self._augmentation, rng)
            picture[:] = augment.change_light(drawn, self._augmentation, rng)
            target[:] = encode_boxes(boxes)
        return as_input(pictures), targets, np.ones(len(rows), np.float32)


def draw_picture(
    samples: DetectionSamples, config: DetectionAugmentation, rng: np.random.Generator
) -> tuple[Image, Boxes]:
    """A `(192, 192)` picture in the photographs' own light, and its boxes."""
    if rng.random() >= config.mosaic:
        picture, boxes = _one(samples, config, rng)
        return picture, augment.large_enough(boxes)
    quarters = [_one(samples, config, rng) for _ in range(4)]
    half = SIDE_PX // 2
    small = [cv2.resize(q, (half, half), interpolation=cv2.INTER_AREA) for q, _ in quarters]
    picture = np.vstack([np.hstack(small[:2]), np.hstack(small[2:])])
    corners = np.array([(0, 0), (half, 0), (0, half), (half, half)], np.float32)
    moved = [
        boxes.xyxy / 2 + np.tile(c, 2) for (_, boxes), c in zip(quarters, corners, strict=True)
    ]
    learned = np.concatenate([boxes.learned for _, boxes in quarters])
    return picture, augment.large_enough(Boxes(np.concatenate(moved), learned))


def plain_pictures(photos: DetectionPhotos) -> Batch:
    """Pictures of 192×192 px as they are, with their targets and weights of 1."""
    marked = [augment.large_enough(boxes_of(faces)) for faces in photos.faces]
    targets = np.stack([encode_boxes(boxes) for boxes in marked])
    return as_input(np.stack(photos.images)), targets, np.ones(len(photos), np.float32)


def _one(
    samples: DetectionSamples, config: DetectionAugmentation, rng: np.random.Generator
) -> tuple[Image, Boxes]:
    beyond = rng.integers(256) * rng.integers(2)  # black, as on the device, or any gray
    picture = np.full((SIDE_PX, SIDE_PX), beyond, np.uint8)
    kind = _kind(samples, config, rng)
    if kind == "background":
        image, boxes = samples.backgrounds.draw(rng)
        how = augment.background(image, config, rng)
    elif kind == "closeup":
        if len(samples.backgrounds) and rng.random() < config.backdrop:
            image, boxes = samples.backgrounds.draw(rng)
            augment.place(image, boxes, augment.backdrop(image), picture)
        image, boxes = samples.closeups.draw(rng)
        how = augment.closeup(boxes, config, rng)
    else:
        image, boxes = samples.people.draw(rng)
        change = augment.whole if kind == "whole" else augment.around_face
        how = change(image, boxes, config, rng)
    return picture, augment.within(augment.place(image, boxes, how, picture))


def _kind(
    samples: DetectionSamples, config: DetectionAugmentation, rng: np.random.Generator
) -> str:
    """Which kind of picture to make; where there is nothing for one, the next takes its share."""
    drawn = rng.random()
    for kind, share, pool in (
        ("background", config.background, samples.backgrounds),
        ("closeup", config.closeup, samples.closeups),
        ("whole", config.whole, samples.people),
    ):
        if drawn < share and len(pool):
            return kind
        drawn -= share
    return "face"


def _pool(sets: Sequence[tuple[DetectionPhotos, float]], with_faces: bool) -> Pool:
    chosen = [
        (image, boxes_of(faces), weight)
        for photos, weight in sets
        for image, faces in zip(photos.images, photos.faces, strict=True)
        if (len(faces) > 0) == with_faces
    ]
    weights = np.array([weight for _, _, weight in chosen])
    ends = np.cumsum(weights) / max(weights.sum(), 1e-9)
    images, boxes = tuple(image for image, _, _ in chosen), tuple(box for _, box, _ in chosen)
    return Pool(images, boxes, ends)
