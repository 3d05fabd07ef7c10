"""Batches for fitting: faces augmented afresh each epoch, ahead of the network, in a thread."""

import abc
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import keras
import numpy as np

from edge_emotion.data.faces import EmotionFaces, Indices, KeypointFaces
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion.types import Floats, Image
from edge_emotion_train.augment import (
    Augmentation,
    Flags,
    change_light,
    map_points,
    mix,
    random_affines,
    warp,
)
from edge_emotion_train.devices import ALONE, Spread
from edge_emotion_train.edge_camera import through_camera
from edge_emotion_train.networks import OFFSET_LIMIT_PX

Batch = tuple[Floats, Floats, Floats]


@dataclass(frozen=True)
class Samples:
    """Faces of all sets, ready to be drawn.

    Attributes:
        images: square uint8 gray pictures, of any side.
        zooms: `(N, 2)`, face pixels per picture pixel, lowest and highest, before augmentation.
        targets: `(N, 5)` class shares, or `(N, 15, 2)` points in pixels of the picture.
        weights: `(N,)`, of each face in the loss.
        side: of the face the network takes, in px.
        mirrorable: `(N,)`, whether each face may be mirrored; None lets all.
        taught: `(N,)`, 1 where teachers are asked about a face and 0 where its target is all that
            is learned; None for all.
        answers: what teachers said of each face as it is, like `targets`; None where they are asked
            about the changed ones.
    """

    images: list[Image]
    zooms: Floats
    targets: Floats
    weights: Floats
    side: int
    mirrorable: Flags | None = None
    taught: Floats | None = None
    answers: Floats | None = None

    def __len__(self) -> int:
        return len(self.images)


def emotion_samples(
    sets: list[tuple[EmotionFaces, float, float]], label_share: float, class_balance: float
) -> Samples:
    """Join sets of `(faces, weight, tightest)`.

    The target of a face is its label's class and, where it has votes, their shares.  That of a face
    of none of the emotions is the votes that they have, what is missing spread evenly over them:
    as undecided as its annotators.  Such faces weigh as their set does, whatever `class_balance`,
    and no teacher is asked about them: one that never saw such a face would teach to guess.

    `tightest` is how much more closely than ours the set itself frames a face: such faces are shown
    with every framing from ours to the set's own.
    """
    images = [image for faces, _, _ in sets for image in faces.images]
    labels = np.concatenate([faces.labels for faces, _, _ in sets])
    votes = np.concatenate([faces.votes for faces, _, _ in sets])
    voted, other = votes.sum(axis=1, keepdims=True), labels < 0
    share = np.where(voted > 0, label_share, 1.0)
    targets = share * np.eye(len(EMOTIONS), dtype=np.float32)[labels] + (1 - share) * votes
    targets = np.where(other[:, None], votes + (1 - voted) / len(EMOTIONS), targets)
    counts = np.bincount(labels[~other], minlength=len(EMOTIONS))
    class_weights = (counts.sum() / np.maximum(counts, 1)) ** class_balance
    weights = np.concatenate([np.full(len(faces), weight) for faces, weight, _ in sets])
    weights = weights * np.where(other, 1.0, class_weights[labels])
    zooms = [
        (EMOTION_SIDE_PX / faces.images.shape[1] * np.array([1.0, tightest]))[None].repeat(
            len(faces), axis=0
        )
        for faces, _, tightest in sets
    ]
    return Samples(
        images,
        np.concatenate(zooms).astype(np.float32),
        targets.astype(np.float32),
        (weights / weights.mean()).astype(np.float32),
        EMOTION_SIDE_PX,
        taught=np.where(other, 0, 1).astype(np.float32) if other.any() else None,
    )


def keypoint_samples(sets: list[tuple[KeypointFaces, float]]) -> Samples:
    """Join sets of `(faces, weight)`; the centre 96×96 px of each picture are the face."""
    images = [image for faces, _ in sets for image in faces.images]
    weights = np.concatenate([np.full(len(faces), weight, np.float32) for faces, weight in sets])
    return Samples(
        images,
        np.ones((len(images), 2), np.float32),
        np.concatenate([faces.keypoints for faces, _ in sets]),
        weights / weights.mean(),
        KEYPOINT_SIDE_PX,
    )


def encode_offsets(points: Floats, mean_face: Floats) -> tuple[Floats, Floats]:
    """Targets `(N, 30)` of the keypoint network, and `(N, 30)` whether each can be learned.

    Args:
        points: `(N, 15, 2)` in pixels of the 96 px face; NaN where unknown.
        mean_face: `(15, 2)`, likewise.
    """
    offsets = (points - mean_face) / OFFSET_LIMIT_PX
    learnable = np.abs(offsets) < 1  # NaN compares as False
    targets = np.where(learnable, offsets, 0).astype(np.float32)
    flat = (len(points), 2 * len(KEYPOINTS))
    return targets.reshape(flat), learnable.reshape(flat).astype(np.float32)


class BatchesAhead(keras.utils.PyDataset, abc.ABC):
    """Batches of an epoch whose rows, order and changes are drawn from seed and epoch.

    A thread of its own makes the next batches meanwhile.  (Keras's `workers` are not used: under
    JAX they begin before the first epoch is known and hand out batches of another one.)
    """

    def __init__(
        self, rows: int, batch_size: int, seed: int, workers: int = 1, share: Spread = ALONE
    ) -> None:
        """`rows` an epoch, made by `workers` threads, which changes nothing about what is made.

        More than one are slower: nearly all the time passes in OpenCV calls of some 10 µs, and each
        of them ends with waiting for the interpreter's lock (see benchmarks/input_pipeline.py).

        Of each batch only the rows of this process's `share` are made, with changes of their own.
        """
        super().__init__()
        self._rows = rows
        self._batch_size = batch_size
        self._seed = seed
        self._share = share
        self._ahead = workers + 1  # one more is ready when the network asks
        self._pool = ThreadPoolExecutor(workers, "batches")
        self.start_epoch(0)

    @property
    def num_batches(self) -> int:
        """Batches of an epoch; the last, smaller one is left out so that shapes stay the same."""
        return max(1, self._rows // self._batch_size)

    def start_epoch(self, epoch: int) -> None:
        """Draw an epoch's order; a run that is resumed gets the same as one that was not."""
        self._epoch = epoch
        rng = np.random.default_rng((self._seed, epoch))
        self._order = rng.permutation(self._rows)
        self._made: dict[int, Future[Batch]] = {}

    def __getitem__(self, index: int) -> Batch:
        wanted = range(index, min(index + 1 + self._ahead, self.num_batches))
        self._made = {number: self._made.get(number) or self._submit(number) for number in wanted}
        return self._made[index].result()

    def _submit(self, index: int) -> Future[Batch]:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        mine = rows[self._share.own_rows(len(rows))]
        seed = (self._seed, self._epoch, index, self._share.rank)
        return self._pool.submit(self._make, mine, seed)

    @abc.abstractmethod
    def _make(self, rows: Indices, seed: tuple[int, ...]) -> Batch:
        """The batch of some rows, by a random generator's seed of its own."""


class AugmentedBatches(BatchesAhead):
    """Every sample once an epoch.

    Yields `(faces, targets, weights)`: `(B, S, S, 1)` in [0, 1]; `(B, 5)` and `(B,)` for emotion,
    `(B, 30)` and `(B, 30)` for keypoints.  The teachers' answers, or else which samples are
    `taught`, follow the targets in further columns, for `distillation.Student`.
    """

    def __init__(
        self,
        samples: Samples,
        augmentation: Augmentation,
        batch_size: int,
        seed: int,
        mean_face: Floats | None = None,
        workers: int = 1,
        share: Spread = ALONE,
    ) -> None:
        self._samples = samples
        self._augmentation = augmentation
        self._mean_face = mean_face
        super().__init__(len(samples), batch_size, seed, workers, share)

    def _make(self, rows: Indices, seed: tuple[int, ...]) -> Batch:
        rng = np.random.default_rng(seed)
        samples, side = self._samples, self._samples.side
        images = [samples.images[row] for row in rows]
        sides = np.array([len(image) for image in images])
        zooms = rng.uniform(*samples.zooms[rows].T)
        mirrorable = None if samples.mirrorable is None else samples.mirrorable[rows]
        matrices, mirrored = random_affines(self._augmentation, rng, sides, zooms, side, mirrorable)
        faces = _warped(images, matrices, side)
        change_light(faces, self._augmentation, rng)
        through_camera(faces, self._augmentation, rng)
        inputs, targets, weights = as_input(faces), samples.targets[rows], samples.weights[rows]
        if self._mean_face is not None:
            points = map_points(targets, matrices, mirrored)
            targets, learnable = encode_offsets(points, self._mean_face)
            if samples.answers is not None:
                points = map_points(samples.answers[rows], matrices, mirrored)
                answers = np.clip((points - self._mean_face) / OFFSET_LIMIT_PX, -1, 1)
                targets = np.column_stack([targets, answers.reshape(targets.shape)])
            return inputs, targets, learnable * weights[:, None]
        if samples.answers is not None:
            targets = np.column_stack([targets, samples.answers[rows]])
        elif samples.taught is not None:
            targets = np.column_stack([targets, samples.taught[rows]])
        if alpha := self._augmentation.mixup:
            return mix(inputs, targets, weights, alpha, rng)
        return inputs, targets, weights


def unchanged(samples: Samples, rows: Indices) -> tuple[Image, Floats]:
    """Some samples' faces as they are, in the middle of their sets' framings.

    Returns:
        `(B, S, S)` faces, and the `(B, 2, 3)` maps that made them.
    """
    images = [samples.images[row] for row in rows]
    sides = np.array([len(image) for image in images])
    zooms = samples.zooms[rows].mean(axis=1)
    rng = np.random.default_rng(0)  # nothing is drawn
    matrices, _ = random_affines(Augmentation(mirror=0), rng, sides, zooms, samples.side)
    return _warped(images, matrices, samples.side), matrices


def _warped(images: list[Image], matrices: Floats, side: int) -> Image:
    faces = np.empty((len(images), side, side), np.uint8)
    for image, matrix, face in zip(images, matrices, faces, strict=True):
        warp(image, matrix, face)
    return faces


def as_input(images: Image) -> Floats:
    """`(N, S, S, 1) float32` in [0, 1], as the networks take `(N, S, S) uint8` faces."""
    faces: Floats = images[..., None].astype(np.float32) / np.float32(255)
    return faces
