from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion_train.architectures import EdgeNetwork
from edge_emotion_train.networks import build
from edge_emotion_train.recipe import Recipe, load_recipe
from edge_emotion_train.runs import read_run
from edge_emotion_train.starting import begin_with, check_mean_face, read_start
from helpers.tiny_runs import write_run

SMALL = EdgeNetwork((4, 6), (1, 1))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("start") / "mine.keras"
    keras.utils.set_random_seed(3)
    build("emotion", SMALL).save(file)
    return file


def _recipe(*start: Path, network: EdgeNetwork = SMALL, sha256: tuple[str, ...] = ()) -> Recipe:
    recipe = load_recipe("emotion", "smoke")
    fit = replace(recipe.fit, start=tuple(map(str, start)), start_sha256=sha256)
    return replace(recipe, network=network, fit=fit)


def test_the_recipes_network_begins_with_the_weights_of_the_file(saved: Path):
    recipe, weights = read_start(_recipe(saved))
    network = build("emotion", SMALL)
    begin_with(network, weights, recipe)
    there = keras.models.load_model(saved).get_weights()
    assert all((a == b).all() for a, b in zip(network.get_weights(), there, strict=True))


def test_of_several_files_the_mean_is_begun_with(saved: Path, tmp_path: Path):
    other = build("emotion", SMALL)
    other.save(tmp_path / "other.keras")
    recipe, weights = read_start(_recipe(saved, tmp_path / "other.keras"))
    network = build("emotion", SMALL)
    begin_with(network, weights, recipe)
    there = keras.models.load_model(saved).get_weights()
    for mean, one, two in zip(network.get_weights(), there, other.get_weights(), strict=True):
        assert mean == pytest.approx((one + two) / 2)
    assert read_start(recipe)[0] == recipe


def test_a_recipe_names_one_file_or_a_list():
    one, two, none = (
        load_recipe("emotion", "smoke", [f"fit.start={start}"]).fit.start
        for start in ("a.keras", '["a.keras", "b.keras"]', '""')
    )
    assert (one, two, none) == (("a.keras",), ("a.keras", "b.keras"), ())


def test_each_file_has_a_fingerprint_or_none_has(saved: Path):
    with pytest.raises(ValueError, match=r"start_sha256 lists 1; expected 2, one for each file"):
        _recipe(saved, saved, sha256=("12ab",))


def test_without_epochs_points_are_offsets_from_one_mean_face(tmp_path: Path):
    run = write_run(tmp_path / "run", "keypoints", tmp_path)
    recipe = load_recipe("keypoints", "smoke", ["fit.epochs=0", f"fit.start={run}/model.keras"])
    mean_face = read_run(run).mean_face
    assert mean_face is not None
    check_mean_face(recipe, mean_face)
    check_mean_face(replace(recipe, fit=replace(recipe.fit, epochs=1)), mean_face + 1)
    with pytest.raises(WrongUse, match=r"fit.start: .*model.keras answers from the mean face of"):
        check_mean_face(recipe, mean_face + 1)


def test_the_files_fingerprint_is_recorded_and_takes_no_other_file(saved: Path):
    recipe, _ = read_start(_recipe(saved))
    assert [len(digest) for digest in recipe.fit.start_sha256] == [64]
    assert read_start(recipe)[0] == recipe
    with pytest.raises(EdgeEmotionError, match=r"has the SHA-256 .*; expected 12ab; bring that"):
        read_start(_recipe(saved, sha256=("12ab",)))


def test_without_a_start_weights_stay_as_they_were_drawn():
    recipe = load_recipe("emotion", "smoke")
    assert read_start(recipe) == (recipe, [])
    network = build("emotion", SMALL)
    before = network.get_weights()
    begin_with(network, [], recipe)
    assert all((a == b).all() for a, b in zip(network.get_weights(), before, strict=True))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (EdgeNetwork((4, 8), (1, 1)), r"32 arrays of weights, \d+ of other shapes"),
        (EdgeNetwork((4, 6), (2, 1)), "of other layers; expected the"),
    ],
)
def test_another_networks_weights_are_refused(saved: Path, network: EdgeNetwork, message: str):
    recipe, weights = read_start(_recipe(saved, network=network))
    with pytest.raises(EdgeEmotionError, match=message):
        begin_with(build("emotion", network), weights, recipe)


def test_a_file_that_is_not_there_or_of_another_task_is_refused(saved: Path, tmp_path: Path):
    with pytest.raises(EdgeEmotionError, match=r"fit.start: .*none.keras does not exist"):
        read_start(_recipe(tmp_path / "none.keras"))
    recipe = load_recipe("keypoints", "smoke")
    with pytest.raises(EdgeEmotionError, match=r"fit.start: .*for keypoints"):
        read_start(replace(recipe, fit=replace(recipe.fit, start=(str(saved),))))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path):
    network = build("emotion", SMALL)
    network.set_weights([np.full_like(weight, np.nan) for weight in network.get_weights()])
    network.save(tmp_path / "broken.keras")
    with pytest.raises(EdgeEmotionError, match=r"fit.start: .*NaN"):
        read_start(_recipe(tmp_path / "broken.keras"))
