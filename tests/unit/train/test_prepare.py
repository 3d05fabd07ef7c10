"""Which sets of a recipe can be fitted: their kind of faces, and something to validate on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edge_emotion.data.faces import AnyFaces, take
from edge_emotion.errors import WrongUse
from edge_emotion_train.datasets import Split
from edge_emotion_train.drawn_faces import detection_photos, emotion_faces, keypoint_faces
from edge_emotion_train.prepare import prepare
from edge_emotion_train.recipe import DataSet, Recipe, load_recipe

EMOTIONS, POINTS = emotion_faces(10, seed=1), keypoint_faces(8, seed=1)
NEUTRAL = replace(EMOTIONS, labels=np.full(10, -1))  # to be undecided on
PHOTOS = detection_photos(4, seed=1)


def nobody(faces: AnyFaces) -> AnyFaces:
    return take(faces, np.zeros(len(faces), bool))


def recipe_of(task: Any, sets: dict[str, Split], reader: str = "drawn_emotion") -> Recipe:
    source = DataSet(reader, "somewhere", count=10)
    return replace(load_recipe(task, "smoke"), sets=dict.fromkeys(sets, source))


@pytest.mark.parametrize(
    ("task", "validating"),
    [
        ("emotion", [nobody(EMOTIONS)]),
        ("emotion", [nobody(EMOTIONS), NEUTRAL]),  # to whom no answer is right
        ("keypoints", [nobody(POINTS), POINTS]),  # only the first set's count
        ("detector", [nobody(PHOTOS)]),
    ],
)
def test_sets_without_a_face_to_validate_on_are_refused(task: Any, validating: list[AnyFaces]):
    train = {"emotion": EMOTIONS, "keypoints": POINTS, "detector": PHOTOS}[task]
    sets = {str(place): Split(train, faces, faces) for place, faces in enumerate(validating)}
    with pytest.raises(WrongUse, match="leaves no face to validate on"):
        prepare(recipe_of(task, sets), sets)


def test_faces_for_another_task_are_refused():
    sets = {"points": Split(POINTS, POINTS, POINTS)}
    with pytest.raises(WrongUse, match="points holds KeypointFaces; expected EmotionFaces for em"):
        prepare(recipe_of("emotion", sets), sets)


def test_faces_of_none_of_the_emotions_train_and_do_not_validate():
    sets = {
        name: Split(faces, faces, faces)
        for name, faces in (("five", EMOTIONS), ("none of them", NEUTRAL))
    }
    prepared = prepare(recipe_of("emotion", sets), sets)
    assert len(prepared.samples) == 20
    assert len(prepared.validation[0]) == 10
