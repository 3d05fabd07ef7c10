"""From the sets of a recipe to what a fit is given."""

from dataclasses import dataclass, replace

import numpy as np

from edge_emotion.data.faces import EmotionFaces, KeypointFaces, plain_faces
from edge_emotion.errors import WrongUse
from edge_emotion.labels import EMOTIONS
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
from edge_emotion_train.datasets import Split, mean_face
from edge_emotion_train.losses import weigh_classes
from edge_emotion_train.recipe import Recipe


@dataclass(frozen=True)
class Prepared:
    """What a fit is given: samples, validation arrays and, for keypoints, the mean face."""

    samples: Samples
    validation: Batch
    mean_face: Floats | None


def prepare(recipe: Recipe, splits: dict[str, Split]) -> Prepared:
    """Join the sets of a recipe.

    Raises:
        WrongUse: a set holds faces for the other task, or there is none to validate on.
    """
    _check_sets(recipe, splits)
    if recipe.task == "emotion":
        return _prepare_emotion(recipe, splits)
    return _prepare_keypoints(recipe, splits)


def _check_sets(recipe: Recipe, splits: dict[str, Split]) -> None:
    kind = EmotionFaces if recipe.task == "emotion" else KeypointFaces
    for name, split in splits.items():
        if not isinstance(split.train, kind):
            raise WrongUse(
                f"set {name} holds {type(split.train).__name__}",
                expected=f"{kind.__name__} for {recipe.task}",
                remedy="choose another reader in the recipe",
            )
    # Keypoints are validated on the first set alone, whose convention is the target.
    validating = list(splits.values())[: None if recipe.task == "emotion" else 1]
    if not any(len(split.validation) for split in validating):
        raise WrongUse(
            f"recipe {recipe.name} leaves no face to validate on",
            expected="a validation share in a set"
            if recipe.task == "emotion"
            else "one in the first",
            remedy="change `shares` in the recipe",
        )


def _prepare_emotion(recipe: Recipe, splits: dict[str, Split]) -> Prepared:
    sets = []
    faces, labels = [], []
    for name, split in splits.items():
        assert isinstance(split.train, EmotionFaces) and isinstance(split.validation, EmotionFaces)
        source = recipe.sets[name]
        tightest = split.train.images.shape[1] / source.side_px
        sets.append((split.train, source.weight, tightest))
        faces.append(plain_faces(split.validation.images, EMOTION_SIDE_PX))
        labels.append(split.validation.labels)
    samples = emotion_samples(sets, recipe.fit.label_share, recipe.fit.class_balance)
    trained_labels = np.concatenate([split.labels for split, _, _ in sets])
    weights = weigh_classes(samples.weights, trained_labels, recipe.fit.class_weights)
    samples = replace(samples, weights=weights)
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[np.concatenate(labels)]
    inputs = as_input(np.concatenate(faces))
    return Prepared(samples, (inputs, targets, np.ones(len(inputs), np.float32)), None)


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
    return Prepared(keypoint_samples(sets), (as_input(faces), targets, known), mean)
