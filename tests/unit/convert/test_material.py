"""Which faces calibrate and which measure, whatever --data names."""

from dataclasses import replace

import numpy as np
import pytest

from edge_emotion.data.duplicates import has_near_twin
from edge_emotion.data.faces import take
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion_convert.material import open_material
from edge_emotion_convert.rows import fingerprints, training_rows
from edge_emotion_convert.sources import open_sources
from edge_emotion_convert.subject import Subject
from edge_emotion_train.datasets import load_sets
from edge_emotion_train.recipe import parse
from helpers.drawn_faces import (
    emotion_faces,
    keypoint_faces,
    write_class_folders,
    write_keypoint_folder,
)

COMMON = {
    "name": "tiny",
    "seed": 5,
    "network": {"widths": [8, 8, 8, 8], "blocks": [1, 1, 1, 1]},
    "fit": {"epochs": 1},
}
READERS = {"emotion": "class_folders", "keypoints": "keypoint_folder"}


def recipe_of(task, *paths, **set_options):
    sets = {path: {"reader": READERS[task], "path": path, **set_options} for path in paths}
    return parse({**COMMON, "task": task, "sets": sets}, "tiny")


def subject_of(recipe, data, task=None):
    return Subject("mine", data, task or recipe.task, None, recipe, data)


def foreign(task):
    return replace(subject_of(None, None, task), source="mine.keras")


def joined(*parts):
    """Faces of several drawings, as one."""
    kind = type(parts[0])
    fields = kind.__dataclass_fields__
    return kind(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in fields})


def brighter(faces):
    """The same photographs, a little brighter: near twins, not copies."""
    images = np.clip(faces.images.astype(int) + 9, 0, 255).astype(np.uint8)
    return replace(faces, images=images)


def apart(rows, others):
    """Whether no row is a copy or a near twin of another."""
    return not has_near_twin(rows.images, others.images.copy()).any()


@pytest.fixture
def two_sets(tmp_path):
    """A finished run's data folder with two keypoint sets, and its recipe."""
    for seed, name in enumerate(("first", "second")):
        write_keypoint_folder(tmp_path / "data" / name, keypoint_faces(60, seed=seed))
    return tmp_path / "data", recipe_of("keypoints", "first", "second")


def test_the_runs_own_data_is_split_as_in_training(two_sets):
    data, recipe = two_sets
    material = open_material(subject_of(recipe, data))
    sets = load_sets(recipe, data)
    assert len(material.measuring) == len(sets["first"].validation) > 0
    assert len(material.calibrating) == len(training_rows(sets))
    assert material.training_data == fingerprints(sets)
    assert material.measured_on == f"{len(material.measuring)} validation faces of first"


@pytest.mark.parametrize("name", ["first", "second"])
def test_one_set_of_the_run_measures_no_face_that_trained_it(two_sets, name):
    data, recipe = two_sets
    material = open_material(subject_of(recipe, data), data / name)
    sets = load_sets(recipe, data)
    assert len(material.measuring) == len(sets[name].validation) > 0
    assert apart(material.measuring, training_rows(sets))
    assert material.training_data == fingerprints(sets)


@pytest.mark.parametrize("change", [lambda faces: faces, brighter], ids=["copies", "near twins"])
def test_other_data_measures_no_face_that_trained_the_run(tmp_path, change, capsys):
    drawn, recipe = emotion_faces(100, seed=1), recipe_of("emotion", "faces")
    write_class_folders(tmp_path / "data" / "faces", drawn)
    write_class_folders(tmp_path / "more", joined(change(drawn), emotion_faces(100, seed=2)))
    subject = subject_of(recipe, tmp_path / "data")
    material = open_material(subject, tmp_path / "more")
    trained = training_rows(load_sets(recipe, tmp_path / "data"))
    assert 0 < len(material.measuring) < 40  # a fifth of 200, without those that trained it
    assert apart(material.measuring, trained)
    assert "trained the network: not measured on" in capsys.readouterr().err


def test_other_data_in_folders_of_the_same_names_is_not_what_trained_the_run(tmp_path):
    recipe, drawn = recipe_of("emotion", "faces"), emotion_faces(100, seed=1)
    write_class_folders(tmp_path / "data" / "faces", drawn)
    write_class_folders(tmp_path / "other" / "faces", joined(drawn, emotion_faces(50, seed=2)))
    material = open_material(subject_of(recipe, tmp_path / "data"), tmp_path / "other")
    sets = load_sets(recipe, tmp_path / "data")
    assert material.training_data == fingerprints(sets)
    assert len(material.measuring) and apart(material.measuring, training_rows(sets))


def test_data_that_was_moved_is_taken_for_the_trainings_and_vouches_for_nothing(
    two_sets, tmp_path, capsys
):
    data, recipe = two_sets
    material = open_material(subject_of(recipe, tmp_path / "gone"), data)
    assert len(material.measuring) == len(load_sets(recipe, data)["first"].validation)
    assert material.training_data == {}
    assert "gone, which training read, is gone" in capsys.readouterr().err


def test_other_data_is_refused_where_nobody_can_tell_what_trained_the_run(two_sets, tmp_path):
    _, recipe = two_sets
    write_keypoint_folder(tmp_path / "other", keypoint_faces(30, seed=3))
    with pytest.raises(EdgeEmotionError, match=r"which faces of .*other trained .* cannot be told"):
        open_material(subject_of(recipe, tmp_path / "gone"), tmp_path / "other")


@pytest.mark.parametrize("change", [lambda faces: faces, brighter], ids=["copies", "near twins"])
@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_what_measures_a_foreign_network_does_not_calibrate_it(tmp_path, task, change):
    """Faces that are there twice fall on both sides of the split."""
    drawn = (emotion_faces if task == "emotion" else keypoint_faces)(60, seed=4)
    twice = joined(drawn, change(drawn))
    if task == "emotion":
        write_class_folders(tmp_path / "faces", twice)
    else:
        names = [f"person{row:03}_0.png" for row in range(len(twice))]  # each of another person
        twice = replace(twice, names=np.array(names))
        write_keypoint_folder(tmp_path / "faces", twice)
    material = open_material(foreign(task), tmp_path / "faces")
    assert len(material.measuring) and len(material.calibrating)
    assert apart(material.calibrating, material.measuring)


def test_blank_pictures_have_no_near_twins_but_are_copies_all_the_same(tmp_path):
    drawn = keypoint_faces(30, seed=4)
    blank = replace(drawn, images=np.zeros_like(drawn.images))
    write_keypoint_folder(tmp_path / "faces", blank)
    material = open_material(foreign("keypoints"), tmp_path / "faces")
    assert len(material.measuring) and not len(material.calibrating)


def test_the_same_faces_in_two_emotion_sets_do_not_calibrate_and_measure(tmp_path):
    drawn = emotion_faces(80, seed=5)
    for seed, name in enumerate(("first", "second")):
        order = np.random.default_rng(seed).permutation(len(drawn))
        write_class_folders(tmp_path / name, take(drawn, order))
    recipe = recipe_of("emotion", "first", "second")
    material = open_material(subject_of(recipe, tmp_path))
    assert len(material.calibrating) and apart(material.calibrating, material.measuring)


DRAWN = {"drawn": {"reader": "drawn_emotion", "count": 40}}


def test_data_named_for_a_run_on_drawn_faces_is_read(tmp_path):
    recipe = parse({**COMMON, "task": "emotion", "sets": DRAWN}, "smoke")
    write_class_folders(tmp_path / "mine", emotion_faces(50, seed=6))
    own = open_material(subject_of(recipe, tmp_path))
    assert own.measured_on == "8 validation faces of drawn"
    named = open_material(subject_of(recipe, tmp_path), tmp_path / "mine")
    assert named.measured_on == "10 validation faces of mine"
    assert named.training_data == own.training_data
    for path, name in ((tmp_path, "drawn test"), (tmp_path / "mine", "mine test")):
        [source] = open_sources(path, "test", "emotion", recipe, tmp_path)
        assert source.name == name


def test_without_any_data_it_says_how_to_name_it():
    with pytest.raises(WrongUse, match="name it with --data"):
        open_material(foreign("emotion"))
