"""From the sets of a recipe to what a fit is given."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edge_emotion.data.detection import letterboxed
from edge_emotion.data.faces import (
    AnyFaces,
    DetectionPhotos,
    EmotionFaces,
    KeypointFaces,
    answerable,
    photos_together,
    plain_faces,
)
from edge_emotion.errors import WrongUse, warn
from edge_emotion.labels import EMOTIONS
from edge_emotion.modelfile import Task
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion.types import Floats
from edge_emotion_train.batches import (
    Batch,
    Samples,
    as_input,
    emotion_samples,
    encode_offsets,
    keypoint_samples,
)
from edge_emotion_train.datasets import CLOSEUPS, Split, mean_face
from edge_emotion_train.detection_batches import DetectionSamples, detection_samples, plain_pictures
from edge_emotion_train.losses import weigh_classes
from edge_emotion_train.recipe import Recipe


@dataclass(frozen=True)
class Prepared:
    """What a fit is given.

    Attributes:
        samples: what its batches are made of.
        validation: as its batches are, without changes.
        mean_face: `(15, 2)` pixels of the 96 px face, for keypoints.
        photos: those of `validation` as the network sees them, for the detector.
    """

    samples: Samples | DetectionSamples
    validation: Batch
    mean_face: Floats | None = None
    photos: DetectionPhotos | None = None


def prepare(recipe: Recipe, splits: dict[str, Split]) -> Prepared:
    """Join the sets of a recipe.

    Raises:
        WrongUse: a set holds faces for another task, or there is none to validate on, or none to
            train a detector on.
    """
    _check_sets(recipe, splits)
    return _PREPARE[recipe.task](recipe, splits)


def _check_sets(recipe: Recipe, splits: dict[str, Split]) -> None:
    kind = _KINDS[recipe.task]
    for name, split in splits.items():
        if not isinstance(split.train, kind):
            raise WrongUse(
                f"set {name} holds {type(split.train).__name__}",
                expected=f"{kind.__name__} for {recipe.task}",
                remedy="choose another reader in the recipe",
            )
    # Keypoints are validated on the first set alone, whose convention is the target; close-ups
    # show the detector nothing but faces.
    whole = [part for name, part in splits.items() if recipe.sets[name].reader != CLOSEUPS]
    validating = whole[: 1 if recipe.task == "keypoints" else None]
    if not any(len(answerable(split.validation)) for split in validating):
        raise WrongUse(
            f"recipe {recipe.name} leaves no face to validate on",
            expected="one in the first"
            if recipe.task == "keypoints"
            else "a validation share in a set",
            remedy="change `shares` in the recipe",
        )


def _prepare_emotion(recipe: Recipe, splits: dict[str, Split]) -> Prepared:
    sets = []
    faces, labels = [], []
    for name, split in splits.items():
        validation = answerable(split.validation)
        assert isinstance(split.train, EmotionFaces) and isinstance(validation, EmotionFaces)
        source = recipe.sets[name]
        tightest = split.train.images.shape[1] / source.side_px
        sets.append((split.train, source.weight, tightest))
        faces.append(plain_faces(validation.images, EMOTION_SIDE_PX))
        labels.append(validation.labels)
    samples = emotion_samples(sets, recipe.fit.label_share, recipe.fit.class_balance)
    trained_labels = np.concatenate([split.labels for split, _, _ in sets])
    weights = weigh_classes(samples.weights, trained_labels, recipe.fit.class_weights)
    samples = replace(samples, weights=weights)
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[np.concatenate(labels)]
    inputs = as_input(np.concatenate(faces))
    return Prepared(samples, (inputs, targets, np.ones(len(inputs), np.float32)))


def _prepare_keypoints(recipe: Recipe, splits: dict[str, Split]) -> Prepared:
    sets = []
    for name, split in splits.items():
        assert isinstance(split.train, KeypointFaces)
        sets.append((split.train, recipe.sets[name].weight))
    first = next(iter(splits.values()))
    assert isinstance(first.validation, KeypointFaces)
    mean = mean_face(sets[0][0])
    faces = plain_faces(first.validation.images, KEYPOINT_SIDE_PX)
    targets, known = encode_offsets(first.validation.window_keypoints, mean)
    mirrorable = [
        np.full(len(faces), True) if recipe.sets[name].mirror_incomplete else faces.complete
        for name, (faces, _) in zip(splits, sets, strict=True)
    ]
    samples = replace(keypoint_samples(sets), mirrorable=np.concatenate(mirrorable))
    return Prepared(samples, (as_input(faces), targets, known), mean)


def _prepare_detector(recipe: Recipe, splits: dict[str, Split]) -> Prepared:
    photos, near, validation, tested = [], [], [], False
    for name, split in splits.items():
        assert isinstance(split.train, DetectionPhotos)
        assert isinstance(split.validation, DetectionPhotos)
        source = recipe.sets[name]
        if source.reader == CLOSEUPS:
            near.append((split.train, source.weight))
        else:
            photos.append((split.train, source.weight))
            validation.append(split.validation)
            tested |= split.validation is split.test
    samples = detection_samples(photos, near, recipe.fit.pictures_per_epoch)
    if not len(samples.people):
        raise WrongUse(
            f"recipe {recipe.name} has no photograph with a face to train on",
            expected="at least one, besides close-ups",
            remedy="add a set of photographs, or change its `shares`",
        )
    if recipe.fit.patience and tested:
        warn("no photographs are kept for validation, so those of the test choose the epoch")
    held_out = letterboxed(photos_together(validation))
    return Prepared(samples, plain_pictures(held_out), photos=held_out)


_KINDS: dict[Task, type[AnyFaces]] = {
    "emotion": EmotionFaces,
    "keypoints": KeypointFaces,
    "detector": DetectionPhotos,
}
_PREPARE: dict[Task, Callable[[Recipe, dict[str, Split]], Prepared]] = {
    "emotion": _prepare_emotion,
    "keypoints": _prepare_keypoints,
    "detector": _prepare_detector,
}
