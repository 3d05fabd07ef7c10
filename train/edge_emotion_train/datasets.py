"""The faces a recipe names, read, cleaned and split.

Rows of one group (a person, a block of rows) are never in two splits, and a face that stands in
FER2013's `PublicTest` word for word is dropped from its `Training` rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from edge_emotion.data.class_folders import read_class_folders
from edge_emotion.data.cleaning import read_left_out, without
from edge_emotion.data.detection import closeups, read_detection_folder, read_wider_face
from edge_emotion.data.duplicates import first_of_identical, has_near_twin, identical_to_any
from edge_emotion.data.faces import (
    AnyFaces,
    DetectionPhotos,
    EmotionFaces,
    Faces,
    KeypointFaces,
    Strings,
    plain_faces,
    take,
)
from edge_emotion.data.fer2013 import read_fer2013, read_fer2013_others
from edge_emotion.data.keypoints import read_kaggle_keypoints, read_keypoint_folder
from edge_emotion.data.splits import split_by_name, split_groups
from edge_emotion.errors import EdgeEmotionError, WrongUse, warn
from edge_emotion.labels import DETECTED, EMOTIONS, KEYPOINTS, SHOWN
from edge_emotion.preprocess import (
    EYE_DISTANCE,
    EYE_MIDPOINT,
    KEYPOINT_SIDE_PX,
    SquareCrop,
    cut,
)
from edge_emotion.types import Floats
from edge_emotion_train.drawn_faces import detection_photos, emotion_faces, keypoint_faces
from edge_emotion_train.recipe import DataSet, Recipe

FER2013_VALIDATION_SHARE = 0.05
CLOSEUPS = "keypoint_closeups"  # the reader of pictures that show one face, and need show no more
_DRAWN_MARGIN_PX = 24  # for augmentation to move faces into
TEST_USAGES = ("PublicTest", "Test")

# iBUG's points minus Kaggle's on the same photographs, x and y in pixels of a 96 px face, in the
# order of `labels.KEYPOINTS`: iBUG marks the brows' upper edge and the lips' outer edge.
IBUG_MINUS_KAGGLE_PX = np.array(
    [
        (-0.2, 0.55),  # left_eye_center
        (-0.2, 0.55),  # right_eye_center
        (0.8, 0.1),  # left_eye_inner_corner
        (-1.4, 0.1),  # left_eye_outer_corner
        (-1.0, 0.3),  # right_eye_inner_corner
        (1.2, -0.2),  # right_eye_outer_corner
        (-0.6, -2.0),  # left_eyebrow_inner_end
        (0.9, -1.0),  # left_eyebrow_outer_end
        (0.8, -2.0),  # right_eyebrow_inner_end
        (-1.3, -1.0),  # right_eyebrow_outer_end
        (0.1, -0.9),  # nose_tip
        (-0.4, 0.1),  # mouth_left_corner
        (0.5, 0.1),  # mouth_right_corner
        (0.0, -2.65),  # mouth_center_top_lip
        (0.0, 3.5),  # mouth_center_bottom_lip
    ],
    np.float32,
)


@dataclass(frozen=True)
class Split:
    """Train, validation and test rows of one set."""

    train: AnyFaces
    validation: AnyFaces
    test: AnyFaces
    dropped: dict[str, int] = field(default_factory=dict)


def load_sets(recipe: Recipe, data: Path) -> dict[str, Split]:
    """Read and split every set of a recipe.

    No picture that trains keypoints is a near twin of one that is held out in any of the sets:
    Kaggle's faces repeat each other, and some of them are 300-W's photographs.

    Raises:
        EdgeEmotionError: a file is missing or has a bad row.
        WrongUse: the recipe names a reader that does not exist.
    """
    splits = {
        name: load_set(data, name, source, recipe.seed) for name, source in recipe.sets.items()
    }
    return _without_twins(splits) if recipe.task == "keypoints" else splits


def check_paths(recipe: Recipe, data: Path) -> None:
    """Check that everything a recipe reads below the folder `data` is there.

    Raises:
        EdgeEmotionError: naming all that is not.
    """
    named = [
        path
        for source in recipe.sets.values()
        for path in (source.path, source.ferplus, source.exclude)
        if path and not source.drawn
    ]
    missing = [path for path in named if not (data / path).exists()]
    if missing:
        raise EdgeEmotionError(
            f"{data} has no {', '.join(missing)}",
            expected="data laid out as docs/training.md says",
            remedy="get them, name another folder with --data, or only some sets with --sets",
        )


def load_set(data: Path, name: str, source: DataSet, seed: int) -> Split:
    """Read one set of a recipe below the folder `data`, and split it.

    Raises:
        EdgeEmotionError: a file is missing or has a bad row.
        WrongUse: the recipe names a reader that does not exist.
    """
    read = READERS.get(source.reader)
    if read is None:
        raise WrongUse(
            f"set {name} asks for the reader {source.reader!r}",
            expected="one of " + ", ".join(READERS),
        )
    faces = read(data, source, seed)
    if isinstance(faces, EmotionFaces):
        faces = _without_excluded(faces, data, source)
        return split_fer2013(_reframe(faces, source), source, seed)
    if isinstance(faces, DetectionPhotos):
        return split_photos(_without_excluded(faces, data, source), source)
    faces = _without_excluded(faces, data, source)
    if source.convention == "ibug":
        faces = replace(faces, keypoints=faces.keypoints - IBUG_MINUS_KAGGLE_PX)
    return _split(faces, faces.groups, source, seed)


def _read_fer2013(data: Path, source: DataSet, seed: int) -> EmotionFaces:
    ferplus = data / source.ferplus if source.ferplus else None
    read = read_fer2013_others if source.reader == "fer2013_others" else read_fer2013
    return read(data / source.path, ferplus)


def _draw_emotions(data: Path, source: DataSet, seed: int) -> EmotionFaces:
    drawn = emotion_faces(source.count, seed)
    return replace(drawn, usages=np.full(len(drawn), ""))  # split by shares as the recipe has it


# A set's reader: from the data folder, the set and the recipe's seed to faces.
READERS: dict[str, Callable[[Path, DataSet, int], AnyFaces]] = {
    "fer2013": _read_fer2013,
    "fer2013_others": _read_fer2013,
    "class_folders": lambda data, source, seed: read_class_folders(
        data / source.path, source.side_px
    ),
    "kaggle_keypoints": lambda data, source, seed: read_kaggle_keypoints(data / source.path),
    "keypoint_folder": lambda data, source, seed: read_keypoint_folder(data / source.path),
    "drawn_emotion": _draw_emotions,
    "drawn_keypoints": lambda data, source, seed: keypoint_faces(
        source.count, seed, _DRAWN_MARGIN_PX
    ),
    "detection_folder": lambda data, source, seed: read_detection_folder(data / source.path),
    "wider_face": lambda data, source, seed: read_wider_face(data / source.path),
    CLOSEUPS: lambda data, source, seed: closeups(read_keypoint_folder(data / source.path)),
    "drawn_detection": lambda data, source, seed: detection_photos(source.count, seed),
}


def check_training_rows(splits: dict[str, Split]) -> None:
    """Check that the training rows show everything that is to be learned.

    What one emotion set lacks and another has is told as a warning.  Keypoints must be in the first
    set, whose mean face the network's answers are relative to.

    Raises:
        EdgeEmotionError: no training row shows some emotion or keypoint.
    """
    missing = {name: _missing_in(split.train) for name, split in splits.items()}
    first = next(iter(splits.values())).train
    needed = list(missing)[: 1 if isinstance(first, KeypointFaces) else None]
    if nowhere := set.intersection(*(missing[name] for name in needed)):
        raise EdgeEmotionError(
            f"no training face of {' or '.join(needed)} shows {_listed(nowhere)}",
            expected="at least one",
            remedy="check the data, and `shares` and `exclude` in the recipe",
        )
    for name, lacking in missing.items():
        train = splits[name].train
        undecided = isinstance(train, EmotionFaces) and (train.labels < 0).all()
        if lacking and len(train) and not undecided:
            warn(f"no training face of {name} shows {_listed(lacking)}; those of other sets do")


def _missing_in(faces: AnyFaces) -> set[str]:
    """Emotions or keypoints that no face has; of photographs a face where none has one."""
    if isinstance(faces, DetectionPhotos):
        return set() if any(map(len, faces.faces)) else set(DETECTED)
    if isinstance(faces, EmotionFaces):
        return set(EMOTIONS) - {SHOWN[label] for label in faces.labels}
    missing = np.isnan(faces.keypoints[..., 0]).all(axis=0)
    return {KEYPOINTS[point] for point in np.flatnonzero(missing)}


def _listed(names: set[str]) -> str:
    return ", ".join(name for name in (*EMOTIONS, *KEYPOINTS, *DETECTED) if name in names)


def split_fer2013(faces: EmotionFaces, source: DataSet, seed: int) -> Split:
    """FER2013's own split: `Training` rows train and validate, `PublicTest` rows are the test.

    `PrivateTest` rows, where the file has them, are left alone.  Training rows that are identical
    to a row of either test or to an earlier training row are dropped.
    Validation takes its share of the training rows that have no near twin anywhere, so that it does
    not flatter.  Without `Usage`, or where the set asks for it, all rows are split by its shares.
    Class folders with splits of their own are the same; their `Validation` validates, if they have
    one.
    """
    if source.split == "shares" or not (faces.usages == "Training").any():
        distinct = first_only(faces)
        return _split(distinct, distinct.names, source, seed)
    training = faces.usages == "Training"
    rest, test = take(faces, training), take(faces, np.isin(faces.usages, TEST_USAGES))
    leaks = identical_to_any(rest.images, faces.images[~training])
    first = first_of_identical(rest.images) == np.arange(len(rest))
    dropped = {"also in a test": int(leaks.sum()), "seen before": int((~leaks & ~first).sum())}
    rest = take(rest, ~leaks & first)
    own_validation = take(faces, faces.usages == "Validation")
    if len(own_validation):
        return Split(rest, own_validation, test, dropped)
    twins = has_near_twin(rest.images, rest.images) | has_near_twin(rest.images, test.images)
    alone = np.random.default_rng(seed).permutation(np.flatnonzero(~twins))
    chosen = np.zeros(len(rest), bool)
    chosen[alone[: round(FER2013_VALIDATION_SHARE * len(rest))]] = True
    return Split(take(rest, ~chosen), take(rest, chosen), test, dropped)


def split_photos(photos: DetectionPhotos, source: DataSet) -> Split:
    """Photographs split by their names, so that one stays unseen by every later training, too.

    They are few, and nothing is chosen by validation unless `patience` is set: where a set has no
    share to validate on, the test photographs do.
    """
    parts = split_by_name(photos.groups, source.shares)
    train, validation, test = (take(photos, rows) for rows in parts)
    return Split(train, validation if len(validation) else test, test)


def first_only(faces: EmotionFaces) -> EmotionFaces:
    """The same faces without those that repeat an earlier one pixel by pixel."""
    return take(faces, first_of_identical(faces.images) == np.arange(len(faces)))


def _without_twins(splits: dict[str, Split]) -> dict[str, Split]:
    if not all(isinstance(split.train, KeypointFaces) for split in splits.values()):
        return splits  # which `fit` refuses
    held_out = np.concatenate(
        [
            plain_faces(faces.images, KEYPOINT_SIDE_PX)
            for split in splits.values()
            for faces in (split.validation, split.test)
            if isinstance(faces, KeypointFaces)
        ]
    )
    cleaned = {}
    for name, split in splits.items():
        assert isinstance(split.train, KeypointFaces)
        twins = has_near_twin(plain_faces(split.train.images, KEYPOINT_SIDE_PX), held_out)
        dropped = {**split.dropped, "twins of held-out faces": int(twins.sum())}
        cleaned[name] = replace(split, train=take(split.train, ~twins), dropped=dropped)
    return cleaned


def mean_face(faces: KeypointFaces) -> Floats:
    """`(15, 2) float32`, the mean of the known points in pixels of the centre 96×96 window."""
    return np.nanmean(faces.window_keypoints, axis=0).round(2).astype(np.float32)


def _split(faces: Faces, groups: Strings, source: DataSet, seed: int) -> Split:
    parts = split_groups(groups, source.shares, seed)
    train, validation, test = (take(faces, rows) for rows in parts)
    return Split(train, validation, test)


def _without_excluded(faces: Faces, data: Path, source: DataSet) -> Faces:
    return without(faces, read_left_out(data / source.exclude)) if source.exclude else faces


def _reframe(faces: EmotionFaces, source: DataSet) -> EmotionFaces:
    """Widen tightly cut faces, their edges repeated, to the framing of `preprocess`."""
    if not source.eye_distance:
        return faces
    side = source.side_px * source.eye_distance / EYE_DISTANCE
    center_y = source.side_px * source.eye_midpoint_y + side * (0.5 - EYE_MIDPOINT[1])
    crop = SquareCrop.around((source.side_px - 1) / 2, center_y - 0.5, side)
    images = np.stack([cut(image, crop) for image in faces.images])
    return replace(faces, images=images)


def describe(splits: dict[str, Split]) -> list[str]:
    """One line a set: how many faces train, validate and test, and what was dropped."""
    lines = []
    for name, split in splits.items():
        dropped = "".join(f", {count} {why}" for why, count in split.dropped.items() if count)
        lines.append(
            f"{name}: {len(split.train)} train, {len(split.validation)} validation, "
            f"{len(split.test)} test{dropped and ' (dropped' + dropped[1:] + ')'}"
        )
    return lines


assert IBUG_MINUS_KAGGLE_PX.shape == (len(KEYPOINTS), 2)
