"""Following teachers: what they answer, how their loss mixes with the labels', bad teachers."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_emotion.data.faces import plain_faces
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.labels import MIRRORED_KEYPOINTS
from edge_emotion.modelfile import Task
from edge_emotion_train.batches import as_input, emotion_samples, keypoint_samples
from edge_emotion_train.distillation import (
    LoadedTeacher,
    Student,
    distilled,
    read_teachers,
    with_answers,
)
from edge_emotion_train.drawn_faces import emotion_faces, keypoint_faces
from edge_emotion_train.losses import SoftenedDivergence, make_loss
from edge_emotion_train.quantization_aware import quantization_aware
from edge_emotion_train.recipe import Recipe, Teacher, load_recipe
from helpers.distilled_steps import MEAN_FACE, batch, network, steps
from helpers.tiny_runs import write_run

TASKS: tuple[Task, ...] = ("emotion", "keypoints")
TESTS = Path(__file__).parents[2]


def _mean_face(task: Task) -> np.ndarray | None:
    return MEAN_FACE if task == "keypoints" else None


def _student(
    task: Task,
    teachers: list[LoadedTeacher],
    share: float = 0.5,
    seed: int = 3,
    temperature: float = 3,
    teachers_see: str = "changed",
) -> keras.Model:
    fit = {"distillation": share, "temperature": temperature, "teachers_see": teachers_see}
    recipe = load_recipe(task, "edge", [f"fit.{key}={value}" for key, value in fit.items()])
    model = distilled(network(task, seed), recipe, tuple(teachers), _mean_face(task))
    model.compile("sgd", make_loss(recipe))
    return model


def _teacher(task: Task, seed: int, weight: float = 1.0, mirror: bool = False) -> LoadedTeacher:
    return LoadedTeacher(Teacher("", weight, mirror), network(task, seed), _mean_face(task))


def _loss(model: keras.Model, task: Task) -> float:
    faces, targets, weights = batch(task)
    return float(model.compute_loss(faces, targets, model(faces), weights, training=True))


@pytest.mark.parametrize("task", TASKS)
@given(seed=st.integers(0, 100))
@settings(max_examples=3, deadline=None)
def test_without_a_share_for_its_teacher_the_loss_is_the_labels(task: Task, seed: int):
    plain = _student(task, [], 0.5, seed)
    assert not isinstance(plain, Student)
    following = _student(task, [_teacher(task, 1)], 0, seed)
    assert _loss(following, task) == pytest.approx(_loss(plain, task), rel=1e-5)


@pytest.mark.parametrize("task", TASKS)
@given(seed=st.integers(0, 100), other=st.integers(101, 200))
@settings(max_examples=3, deadline=None)
def test_of_all_students_the_teacher_itself_follows_best(task: Task, seed: int, other: int):
    own, others = (_student(task, [_teacher(task, seed)], 1, student) for student in (seed, other))
    assert _loss(own, task) == pytest.approx(0, abs=1e-5)
    assert _loss(others, task) > 1e-4


@pytest.mark.parametrize("task", TASKS)
def test_the_loss_is_mixed_by_the_share(task: Task):
    labels, mixed, teachers = (
        _loss(_student(task, [_teacher(task, 1)], share), task) for share in (0, 0.3, 1)
    )
    assert mixed == pytest.approx(0.7 * labels + 0.3 * teachers, rel=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_validation_is_on_the_labels_alone(task: Task):
    faces, targets, weights = batch(task)
    losses = [
        _student(task, teachers, 1).evaluate(faces, targets, sample_weight=weights, verbose=0)
        for teachers in ([], [_teacher(task, 1)])
    ]
    assert losses[0] == pytest.approx(losses[1])


@pytest.mark.parametrize("task", TASKS)
def test_a_face_without_a_label_is_learned_from_the_teacher(task: Task):
    faces, targets, weights = batch(task)
    model = _student(task, [_teacher(task, 1)], 0.5)
    before = model.get_weights()
    model.train_on_batch(faces, targets, 0 * weights)
    assert any((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))


def test_where_teachers_are_not_asked_the_target_takes_their_place():
    faces, targets, weights = batch("emotion")
    student = _student("emotion", [_teacher("emotion", 1)], 1, temperature=1)

    def loss(taught: float) -> float:
        given = np.column_stack([targets, np.full(len(targets), taught, np.float32)])
        return float(student.compute_loss(faces, given, student(faces), weights, training=True))

    divergence = SoftenedDivergence(temperature=1)
    assert loss(1) == pytest.approx(_loss(student, "emotion"), rel=1e-5)
    assert loss(0) == pytest.approx(float(divergence(targets, student(faces))), rel=1e-5)
    assert loss(0.5) not in (pytest.approx(loss(0)), pytest.approx(loss(1)))  # as mixup gives it


@pytest.mark.parametrize("task", TASKS)
def test_answers_given_before_are_followed_as_those_asked_for(task: Task):
    faces, targets, weights = batch(task)
    teacher = _teacher(task, 1)
    asked = _student(task, [teacher], 0.6)
    told = _student(task, [teacher], 0.6, teachers_see="plain")
    answers = np.asarray(teacher.network(faces))

    given = np.column_stack([targets, answers])

    loss = told.compute_loss(faces, given, told(faces), weights, training=True)
    assert float(loss) == pytest.approx(_loss(asked, task), rel=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_teachers_that_see_plain_faces_answer_for_each_sample_once(task: Task):
    if task == "emotion":
        faces = emotion_faces(300, 1, side=96)
        samples = emotion_samples([(faces, 1.0, 1.0)], 1.0, 0.0)
        plain = plain_faces(faces.images, 48)
    else:
        keypoints = keypoint_faces(300, 1, margin=24)
        samples = keypoint_samples([(keypoints, 1.0)])
        plain = plain_faces(keypoints.images, 96)
    teacher = _teacher(task, 1)

    answers = with_answers(samples, (teacher,)).answers

    expected = np.asarray(teacher.answer(as_input(plain)))
    if task == "keypoints":
        expected = expected + 24  # in pixels of the picture, whose centre is the face
    assert answers is not None and answers.shape == samples.targets.shape
    assert answers == pytest.approx(expected, abs=2e-2 if task == "emotion" else 1e-3)


def test_where_no_teacher_is_asked_the_answer_is_the_target():
    samples = emotion_samples([(emotion_faces(20, 1, side=48), 1.0, 1.0)], 1.0, 0.0)
    taught = np.arange(20, dtype=np.float32) % 2

    answers = with_answers(replace(samples, taught=taught), (_teacher("emotion", 1),)).answers

    assert answers is not None
    same = (answers == samples.targets).all(axis=1)
    assert same.tolist() == (taught == 0).tolist()


def test_a_student_is_watched_by_its_targets():
    faces, targets, weights = batch("emotion")
    student = _student("emotion", [_teacher("emotion", 1)], 0.5)
    student.compile("sgd", student.loss, weighted_metrics=["accuracy"])
    given = np.column_stack([targets, np.ones(len(targets), np.float32)])

    told = student.test_on_batch(faces, given, weights, return_dict=True)

    right = np.argmax(student.predict(faces, verbose=0), 1) == np.argmax(targets, 1)
    assert told["accuracy"] == pytest.approx(np.average(right, weights=weights))


def test_teachers_are_averaged_by_their_weights():
    faces = batch("emotion")[0]
    teachers = [_teacher("emotion", 1, weight=1), _teacher("emotion", 2, weight=3)]
    first, second = (np.asarray(teacher.network(faces)) for teacher in teachers)
    mean = np.clip((first + 3 * second) / 4, 1e-7, 1)
    answers = np.asarray(network("emotion", 3)(faces))
    divergence = np.sum(mean * np.log(mean / answers), axis=1).mean()
    student = _student("emotion", teachers, 1, temperature=1)
    assert _loss(student, "emotion") == pytest.approx(divergence, rel=1e-4)


def test_a_teacher_of_another_mean_face_points_at_the_same_pixels():
    moved = MEAN_FACE + np.float32(2.5)
    teacher, student = network("keypoints", 1), network("keypoints", 1)
    # a student that starts from another mean face has to answer with other offsets, unless both
    # answer in pixels: 2.5 px apart wherever the offsets are the same
    recipe = load_recipe("keypoints", "edge", ["fit.distillation=1", "fit.loss=mse"])
    loaded = LoadedTeacher(Teacher(""), teacher, moved)
    model = distilled(student, recipe, (loaded,), MEAN_FACE)
    model.compile("sgd", make_loss(recipe))
    assert _loss(model, "keypoints") == pytest.approx(2.5**2, rel=1e-4)


def test_a_mirroring_teacher_answers_the_mirrored_face_with_the_mirrored_answer():
    for task in TASKS:
        faces = batch(task)[0]
        teacher = _teacher(task, 1, mirror=True)
        answer = np.asarray(teacher.answer(faces))
        mirrored = np.asarray(teacher.answer(faces[:, :, ::-1]))
        if task == "keypoints":
            assert answer.shape == (4, 15, 2)
            mirrored = mirrored[:, list(MIRRORED_KEYPOINTS)] * [-1, 1] + [95, 0]
        assert answer == pytest.approx(mirrored, abs=1e-3)
        plain = replace(teacher, source=Teacher(""))
        assert np.abs(np.asarray(plain.answer(faces)) - answer).max() > 1e-3


def test_a_checkpoint_of_a_student_holds_no_teacher():
    plain, following = (
        _student("emotion", teachers) for teachers in ([], [_teacher("emotion", 1)])
    )
    for model in (plain, following):
        model.train_on_batch(*batch("emotion"))
    shapes = [[tuple(v.shape) for v in model.variables] for model in (plain, following)]
    assert shapes[0] == shapes[1]
    assert len(plain.optimizer.variables) == len(following.optimizer.variables)


def test_a_teacher_learns_nothing():
    teacher = _teacher("emotion", 1)
    before = teacher.network.get_weights()
    _student("emotion", [teacher]).train_on_batch(*batch("emotion"))
    for was, now in zip(before, teacher.network.get_weights(), strict=True):
        assert (was == now).all()


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_what_layers_add_to_the_loss_is_not_shared_out(share: float):
    aware = quantization_aware(network("emotion", 3), 1e-4)
    recipe = load_recipe("emotion", "edge", [f"fit.distillation={share}"])
    model = distilled(aware, recipe, (_teacher("emotion", 1),), None)
    model.compile("sgd", make_loss(recipe))
    faces, targets, weights = batch("emotion")
    answers = model(faces, training=True)
    added = float(sum(model.losses))
    assert added > 0.01
    labels = make_loss(recipe)(targets, answers, sample_weight=weights)
    followed = model._teacher_loss(model._ask(faces), answers)
    assert float(model.compute_loss(faces, targets, answers, weights)) == pytest.approx(
        (1 - share) * float(labels) + share * float(followed) + added, rel=1e-4
    )


@pytest.mark.slow
def test_jax_trains_a_student_as_tensorflow_does():
    pytest.importorskip("jax")
    done = subprocess.run(
        [sys.executable, "-m", "helpers.distilled_steps"],
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for task in TASKS:
        assert found[task] == pytest.approx(steps(task, 0.6), rel=1e-3)


def _recipe(task: Task, *paths: Path, sha256: str = "") -> Recipe:
    teachers = {f"old{number}": Teacher(str(path)) for number, path in enumerate(paths)}
    recipe = replace(load_recipe(task, "edge"), teachers=teachers)
    return replace(
        recipe, teachers={name: replace(part, sha256=sha256) for name, part in teachers.items()}
    )


@pytest.mark.parametrize("task", TASKS)
def test_a_teacher_is_read_from_its_run_and_its_file_recorded(tmp_path: Path, task: Task):
    folder = write_run(tmp_path / "run", task, tmp_path)
    recipe, (first, second) = read_teachers(_recipe(task, folder, folder / "model.keras"))
    assert len(recipe.teachers["old0"].sha256) == 64
    assert recipe.teachers["old0"].sha256 == recipe.teachers["old1"].sha256
    assert (first.mean_face is None) == (task == "emotion")
    assert [first.network.trainable, second.network.trainable] == [False, False]
    assert read_teachers(recipe)[0] == recipe


def test_any_network_of_the_right_shape_may_teach_emotions(tmp_path: Path):
    faces = keras.layers.Input((48, 48, 1))
    answer = keras.layers.Dense(5, activation="softmax")(keras.layers.Flatten()(faces))
    keras.Model(faces, answer).save(tmp_path / "other.keras")
    _, (teacher,) = read_teachers(_recipe("emotion", tmp_path / "other.keras"))
    assert teacher.answer(batch("emotion")[0]).shape == (4, 5)


def test_teachers_that_nothing_follows_are_not_read(tmp_path: Path):
    recipe = _recipe("emotion", tmp_path / "missing")
    recipe = replace(recipe, fit=replace(recipe.fit, distillation=0))
    assert read_teachers(recipe) == (recipe, ())


def _without(folder: Path, name: str) -> Path:
    (folder / name).unlink()
    return folder


@pytest.mark.parametrize(
    ("task", "named", "message"),
    [
        ("emotion", lambda run: run.parent / "no.keras", "does not exist"),
        ("keypoints", lambda run: run.parent / "no", "does not exist"),
        ("emotion", lambda run: _without(run, "metrics.json"), "is no finished run: it has no"),
        ("keypoints", lambda run: run, "was trained for emotion; expected a run for keypoints"),
        ("keypoints", lambda run: run / "model.keras", "was trained for emotion; expected a run"),
        ("emotion", lambda run: run / "recipe.toml", "cannot be loaded"),
    ],
)
def test_a_teacher_that_cannot_teach_is_refused_in_one_line(
    tmp_path: Path, task: Task, named, message: str
):
    path = named(write_run(tmp_path / "run", "emotion", tmp_path))
    with pytest.raises(EdgeEmotionError, match=r"^teachers\.old0: ") as caught:
        read_teachers(_recipe(task, path))
    assert message in str(caught.value) and str(path.name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("runs/emotion-wide", "train it first: edge-emotion train emotion --recipe wide"),
        ("runs/emotion-wide/model.keras", "train it first: edge-emotion train emotion --recipe w"),
        ("runs/emotion-mine", "check the network's path"),
        ("other/emotion-wide", "check the network's path"),
    ],
)
def test_a_missing_teacher_is_to_be_trained_first_where_a_recipe_makes_it(
    tmp_path: Path, monkeypatch, path: str, remedy: str
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EdgeEmotionError, match=f"{path} does not exist; {remedy}"):
        read_teachers(_recipe("emotion", Path(path)))


def test_a_teacher_for_other_faces_is_refused(tmp_path: Path):
    faces = keras.layers.Input((64, 64, 1))
    answer = keras.layers.Dense(5, activation="softmax")(keras.layers.Flatten()(faces))
    keras.Model(faces, answer).save(tmp_path / "large.keras")
    with pytest.raises(EdgeEmotionError, match=r"maps \(None, 64, 64, 1\) to \(None, 5\); expect"):
        read_teachers(_recipe("emotion", tmp_path / "large.keras"))


def test_another_file_than_the_recorded_one_is_refused(tmp_path: Path):
    folder = write_run(tmp_path / "run", "emotion", tmp_path)
    with pytest.raises(EdgeEmotionError, match=r"has the SHA-256 .*; expected 0{64}; bring that"):
        read_teachers(_recipe("emotion", folder, sha256="0" * 64))


def test_a_teacher_of_the_other_task_is_a_wrong_use(tmp_path: Path):
    folder = write_run(tmp_path / "run", "keypoints", tmp_path)
    with pytest.raises(WrongUse, match="was trained for keypoints"):
        read_teachers(_recipe("emotion", folder))
