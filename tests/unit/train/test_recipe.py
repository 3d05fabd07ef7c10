import sys
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from edge_emotion.errors import WrongUse
from edge_emotion_train.recipe import load_recipe, parse, shipped_recipes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TASKS = ("emotion", "keypoints")


def _table() -> dict[str, Any]:
    return {
        "task": "emotion",
        "seed": 1,
        "network": {"widths": [8, 16], "blocks": [1, 1]},
        "fit": {"epochs": 2},
        "sets": {
            "faces": {"reader": "class_folders", "path": "faces"},
            "more": {"reader": "fer2013", "path": "fer2013.csv", "shares": [0.8, 0.1, 0.1]},
        },
    }


@pytest.mark.parametrize("task", TASKS)
def test_the_recipes_of_the_package_are_found_by_name(task: str):
    assert "edge" in shipped_recipes(task)
    for name in shipped_recipes(task):
        recipe = load_recipe(task, name)
        assert (recipe.task, recipe.name) == (task, name)


@pytest.mark.parametrize("task", TASKS)
def test_shipped_sets_share_out_all_their_rows(task: str):
    for name in shipped_recipes(task):
        for source in load_recipe(task, name).sets.values():
            assert sum(source.shares) == pytest.approx(1)
            assert not Path(source.path).is_absolute()


def test_a_recipe_is_read_with_its_defaults():
    recipe = parse(_table(), "mine")
    assert (recipe.name, recipe.task, recipe.seed) == ("mine", "emotion", 1)
    assert recipe.network.widths == (8, 16)
    assert (recipe.fit.epochs, recipe.fit.batch_size) == (2, 128)
    assert recipe.sets["more"].shares == (0.8, 0.1, 0.1)
    assert recipe.sets["faces"].weight == 1.0
    assert recipe.augment.turn_deg == 0


@pytest.mark.parametrize("task", TASKS)
def test_a_recipe_survives_being_saved(task: str):
    recipe = load_recipe(task, "edge")
    saved = tomli_w.dumps(recipe.as_dict())
    assert parse(tomllib.loads(saved), "other") == recipe


@pytest.mark.parametrize(
    ("place", "changes", "message"),
    [
        (None, {"colour": "red"}, "mine has an unknown key colour; expected some of name, task"),
        ("fit", {"epoch": 5}, "fit has an unknown key epoch; expected some of epochs, batch_size"),
        ("network", {"depth": 3}, "network has an unknown key depth; expected some of widths"),
        ("augment", {"turn": 3}, "augment has an unknown key turn; expected some of mirror"),
        (None, {"network": 7}, "network is 7; expected a table"),
        (None, {"task": "age"}, "task 'age'; expected emotion or keypoints"),
        (None, {"sets": {}}, "mine names no data; expected at least one table [sets.NAME]"),
        (None, {"sets": {"faces": {"path": "x"}}}, "sets.faces lacks reader"),
        (None, {"sets": {"faces": 5}}, "sets.faces is 5; expected a table"),
        ("network", {"blocks": [1]}, "network: 2 widths and 1 block counts"),
    ],
)
def test_a_key_that_cannot_be_is_refused(place: str | None, changes: dict[str, Any], message: str):
    table = _table()
    (table if place is None else table.setdefault(place, {})).update(changes)
    with pytest.raises(WrongUse) as caught:
        parse(table, "mine")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("place", "key", "message"),
    [
        (None, "seed", "mine lacks seed"),
        (None, "network", "mine lacks network"),
        (None, "fit", "mine lacks fit"),
        (None, "sets", "mine names no data"),
        (None, "task", "has the task None"),
        ("fit", "epochs", "fit lacks epochs"),
        ("network", "widths", "network lacks widths"),
    ],
)
def test_a_missing_key_is_named(place: str | None, key: str, message: str):
    table = _table()
    del (table if place is None else table[place])[key]
    with pytest.raises(WrongUse, match=message):
        parse(table, "mine")


def test_only_some_sets_may_be_taken():
    recipe = parse(_table(), "mine").only(["more"])
    assert list(recipe.sets) == ["more"]


def test_a_set_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(WrongUse, match="mine has no set lots; expected some of faces, more"):
        parse(_table(), "mine").only(["faces", "lots"])


def test_a_recipe_of_ones_own_is_named_by_its_file(tmp_path: Path):
    (tmp_path / "mine.toml").write_text(tomli_w.dumps(_table()))
    assert load_recipe("emotion", str(tmp_path / "mine.toml")).name == "mine"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"task = ", "is not TOML"),
        (b"\xff\xfe", "no recipe"),
        (tomli_w.dumps(_table()).encode(), "is for emotion; expected one for keypoints"),
    ],
)
def test_a_file_that_is_no_recipe_of_the_task_is_refused(
    tmp_path: Path, content: bytes, message: str
):
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(WrongUse, match=message) as caught:
        load_recipe("keypoints", str(tmp_path / "mine.toml"))
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(WrongUse, match=r"no recipe huge for emotion; expected one of .*edge"):
        load_recipe("emotion", "huge")
