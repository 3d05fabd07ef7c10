"""`edge-emotion train` with teachers: on drawn faces, through both phases, with bad teachers."""

import sys
from pathlib import Path

import numpy as np
import pytest

from edge_emotion_train.batches import as_input
from edge_emotion_train.fit import train
from edge_emotion_train.networks.saved import read_network
from edge_emotion_train.recipe import Recipe, Task, load_recipe
from edge_emotion_train.runs import read_run
from helpers.commands import edge_emotion, is_one_line
from helpers.drawn_faces import emotion_faces
from helpers.tiny_runs import write_run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.slow


def _recipe(task: Task, *settings: str) -> Recipe:
    """Small batches: the batch normalizations' averages need some 500 of them."""
    small = ["sets.drawn.count=1500", "fit.batch_size=8", "fit.epochs=5", "fit.ema=0"]
    return load_recipe(task, "smoke", ["network.widths=[16, 16, 16, 16]", *small, *settings])


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that reads drawn faces well, but calls each emotion by the name of the next."""
    folder = train(_recipe("emotion"), Path(), tmp_path_factory.mktemp("runs") / "t")
    network = read_network(folder / "model.keras", "emotion")
    logits = network.get_layer("logits")
    logits.set_weights([np.roll(weight, 1, axis=-1) for weight in logits.get_weights()])
    network.save(folder / "model.keras")
    return folder


def test_a_student_follows_its_teacher_where_the_labels_say_something_else(
    tmp_path: Path, teacher: Path
):
    recipe = _recipe("emotion", "fit.distillation=1", f"teachers.other.path='{teacher}'")
    run = read_run(train(recipe, Path(), tmp_path / "student"))

    student = read_network(run.network, "emotion")
    assert type(student) is type(read_network(teacher / "model.keras", "emotion"))
    assert run.recipe.teachers["other"].sha256
    table = tomllib.loads((run.folder / "recipe.toml").read_text())
    assert table["teachers"]["other"]["path"] == str(teacher)

    faces = emotion_faces(100, seed=9)
    answers = student.predict(as_input(faces.images), verbose=0).argmax(axis=1)
    assert np.mean(answers == (faces.labels + 1) % 5) > 0.8
    assert np.mean(answers == faces.labels) < 0.1


@pytest.mark.usefixtures("eagerly")
def test_keypoints_follow_two_teachers_through_both_phases(tmp_path: Path):
    for name in ("one", "two"):
        write_run(tmp_path / name, "keypoints", tmp_path)
    recipe = _recipe(
        "keypoints", "sets.drawn.count=60", "fit.epochs=1", "fit.quantization_aware_epochs=1",
        f"teachers.one.path='{tmp_path / 'one'}'", "teachers.one.mirror=true",
        f"teachers.two={{path='{tmp_path / 'two' / 'model.keras'}', weight=2}}",
    )  # fmt: skip
    run = read_run(train(recipe, Path(), tmp_path / "student"))
    assert list(run.recipe.teachers) == ["one", "two"]
    assert len((run.folder / "history.csv").read_text().splitlines()) == 3


def test_a_missing_teacher_is_one_line_and_leaves_nothing(tmp_path: Path):
    done = edge_emotion(
        "train", "emotion", "--recipe", "smoke", "--set", "teachers.big.path=runs/big",
        "--out", tmp_path / "run", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert is_one_line(done.stderr) and "teachers.big: runs/big does not exist" in done.stderr
    assert not list(tmp_path.iterdir())
