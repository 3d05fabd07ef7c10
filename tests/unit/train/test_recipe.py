import json
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import Task
from edge_emotion_train.architectures import (
    DetectorNetwork,
    EdgeNetwork,
    Network,
    OwnNetwork,
    ReferenceNetwork,
)
from edge_emotion_train.detection_augment import DetectionAugmentation
from edge_emotion_train.recipe import (
    DataSet,
    Fit,
    Teacher,
    load_recipe,
    parse,
    shipped_recipes,
)
from edge_emotion_train.tables import override

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TASKS = ("emotion", "keypoints", "detector")


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


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_a_recipe_survives_being_saved(task: str):
    settings = ["teachers.big.path=runs/big", "fit.class_weights.Sad=2", "fit.xla=true"]
    recipe = load_recipe(task, "edge", settings)
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


@pytest.mark.parametrize(
    ("place", "key", "value", "message"),
    [
        (None, "seed", 1.5, "mine: seed is 1.5; expected a whole number"),
        ("fit", "epochs", "ten", "fit: epochs is 'ten'; expected a whole number"),
        ("fit", "epochs", True, "fit: epochs is True; expected a whole number"),
        ("fit", "epochs", 0, "fit: epochs is 0 without a start; expected more than 0"),
        ("fit", "learning_rate", "1e-3", "learning_rate is '1e-3'; expected a number"),
        ("fit", "ema", 1.0, "fit: ema is 1.0; expected from 0 to below 1"),
        ("fit", "patience", -1, "fit: patience is -1; expected 0 or more"),
        ("fit", "label_share", 1.2, "fit: label_share is 1.2; expected from 0 to 1"),
        ("fit", "optimizer", "lion", "optimizer is 'lion'; expected adamw, adam or sgd"),
        ("fit", "schedule", 3, "schedule is 3; expected cosine or constant"),
        ("fit", "nesterov", 1, "fit: nesterov is 1; expected true or false"),
        ("fit", "clip_norm", -1, "fit: clip_norm is -1; expected 0 or more"),
        ("fit", "distillation", 1.5, "fit: distillation is 1.5; expected from 0 to 1"),
        ("fit", "temperature", 0, "fit: temperature is 0; expected more than 0"),
        ("fit", "xla", "on", "fit: xla is 'on'; expected true, false or auto"),
        ("fit", "xla", 1, "fit: xla is 1; expected true, false or auto"),
        ("fit", "class_weights", [3], "expected a table"),
        ("fit", "class_weights", {"Sad": "2"}, "expected a table of numbers"),
        ("fit", "class_weights", {"Fear": 2}, "names Fear; expected some of Angry, Disgust, Sad"),
        ("fit", "class_weights", {"Sad": 0}, "class_weights.Sad is 0; expected more than 0"),
        (None, "teachers", "runs/big", "teachers is 'runs/big'; expected tables [teachers.NAME]"),
        (None, "teachers", {"big": {}}, "teachers.big lacks path"),
        (None, "teachers", {"big": "runs/big"}, "teachers.big is 'runs/big'; expected a table"),
        (None, "teachers", {"big": {"path": "x", "weight": 0}}, "teachers.big: weight is 0; expec"),
        ("fit", "loss", "mse", "mine: fit.loss is mse; expected auto, cross_entropy for emotion"),
        ("network", "widths", 8, "network: widths is 8; expected a list of whole numbers"),
        ("network", "widths", [8, "x"], "expected a list of whole numbers"),
        ("network", "name", "vgg", "name is 'vgg'; expected resblock-edge, resblock-reference or"),
        ("network", "name", "resblock-detector", "name is 'resblock-detector'; expected resblock-"),
        ("fit", "pictures_per_epoch", 9, "fit.pictures_per_epoch for emotion; expected it for det"),
        ("network", "name", "resblock-reference", "network has an unknown key widths, blocks"),
        ("network", "widths", [8, 0], "network: a width of 0 channels; expected at least 1"),
        ("faces", "weight", 0, "sets.faces: weight is 0; expected more than 0"),
        ("faces", "weight", -1.5, "sets.faces: weight is -1.5; expected more than 0"),
        ("faces", "path", 5, "sets.faces: path is 5; expected text"),
        ("faces", "path", "", "sets.faces: the reader class_folders needs a path"),
        ("faces", "reader", "drawn_emotion", "the reader drawn_emotion needs a count"),
        ("faces", "shares", [0.5, 0.5], "shares is [0.5, 0.5]; expected a list of 3 numbers"),
    ],
)
def test_a_value_that_cannot_be_is_refused(place: str | None, key: str, value: Any, message: str):
    table = _table()
    tables = {**table, **table["sets"], None: table}
    tables[place][key] = value
    with pytest.raises(WrongUse) as caught:
        parse(table, "mine")
    assert message in str(caught.value)


def test_a_recipe_of_before_networks_had_names_is_one_of_the_edge_network():
    """What the metadata of the first model files holds; JSON has no integers apart from floats."""
    recipe = parse(json.loads(json.dumps(_table())), "mine")
    assert recipe.network == EdgeNetwork((8, 16), (1, 1))
    assert recipe.fit == Fit(epochs=2)
    assert (recipe.fit.optimizer, recipe.fit.schedule, recipe.fit.loss) == (
        "adamw", "cosine", "auto",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"name": "resblock-reference", "pool": 2}, ReferenceNetwork(pool=2)),
        ({"name": "mine:net", "options": {"deep": True}}, OwnNetwork("mine:net", {"deep": True})),
    ],
)
def test_a_network_is_chosen_by_its_name(network: dict[str, Any], expected: Network):
    recipe = parse({**_table(), "network": network}, "mine")
    assert recipe.network == expected
    assert parse(tomllib.loads(tomli_w.dumps(recipe.as_dict())), "mine") == recipe


@pytest.mark.parametrize(
    ("setting", "place", "value"),
    [
        ("seed=3", "seed", 3),
        ("fit.xla=auto", "fit.xla", "auto"),
        ("fit.xla=false", "fit.xla", False),
        ("fit.class_weights.Disgust=3", "fit.class_weights", {"Disgust": 3}),
        ("teachers.big.path=runs/big", "teachers.big", Teacher("runs/big")),
        ('teachers.big={path="b", mirror=true}', "teachers.big", Teacher("b", mirror=True)),
        ("fit.learning_rate = 1e-2", "fit.learning_rate", 0.01),
        ("fit.optimizer=sgd", "fit.optimizer", "sgd"),  # no quotes needed
        ('fit.optimizer="sgd"', "fit.optimizer", "sgd"),
        ("network.widths=[4, 4]", "network.widths", (4, 4)),
        ("network.name=resblock-edge", "network.name", "resblock-edge"),
        ("augment.turn_deg=12.5", "augment.turn_deg", 12.5),
        ("sets.faces.path=a=b/c", "sets.faces.path", "a=b/c"),
        ('sets."more".weight=0.5', "sets.more.weight", 0.5),
        ('sets.more={reader="fer2013", path="x"}', "sets.more", DataSet("fer2013", "x")),
    ],
)
def test_anything_can_be_set_from_the_command_line(setting: str, place: str, value: Any):
    found: Any = parse(override(_table(), [setting]), "mine")
    for part in place.split("."):
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    assert found == value


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("fit.epochs", "--set fit.epochs; expected KEY=VALUE, for example fit.learning_rate=1e-3"),
        ("=3", "--set =3; expected KEY=VALUE"),
        ("a b=3", "expected KEY=VALUE"),
        ("seed.x=3", "--set seed.x: seed is 1, not a table"),
        ("fit.epoch=3", "fit has an unknown key epoch; expected some of epochs, batch_size"),
        ("fit.epochs=lots", "fit: epochs is 'lots'; expected a whole number"),
        ("network.widths=[8,", "network: widths is '[8,'; expected a list of whole numbers"),
        ("sets.third.weight=1", "sets.third lacks reader"),
    ],
)
def test_a_setting_is_refused_as_it_would_be_in_the_file(setting: str, message: str):
    with pytest.raises(WrongUse) as caught:
        parse(override(_table(), [setting]), "mine")
    assert message in str(caught.value)


def test_later_settings_win_and_the_shipped_recipe_stays():
    recipe = load_recipe("emotion", "edge", ["fit.epochs=7", "fit.epochs=9"])
    assert recipe.fit.epochs == 9
    assert load_recipe("emotion", "edge").fit.epochs != 9


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_the_reference_recipe_is_the_courses(task: Task):
    recipe = load_recipe(task, "reference")
    assert isinstance(recipe.network, ReferenceNetwork)
    assert [source.shares for source in recipe.sets.values()] == [(0.6, 0.2, 0.2)]
    assert recipe.fit.optimizer == "adam"
    assert recipe.fit.loss == {"emotion": "cross_entropy", "keypoints": "mse"}[task]


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


def test_another_network_does_not_take_over_the_keys_of_the_recipes_own():
    settings = ["network.name=mine:build", "network.options={width=16}"]
    assert load_recipe("emotion", "edge", settings).network == OwnNetwork(
        "mine:build", {"width": 16}
    )


def _detector() -> dict[str, Any]:
    return {
        "task": "detector",
        "seed": 3,
        "network": {"widths": [16, 8, 8, 8, 8], "head": 8},
        "fit": {"epochs": 2, "pictures_per_epoch": 100},
        "sets": {"photos": {"reader": "detection_folder", "path": "photos"}},
    }


def test_a_recipe_for_the_detector_has_its_own_network_and_changes():
    recipe = parse({**_detector(), "augment": {"mosaic": 0.5}}, "mine")
    assert recipe.network == DetectorNetwork((16, 8, 8, 8, 8), 8)
    assert recipe.augment == DetectionAugmentation(mosaic=0.5)
    assert parse(_detector(), "mine").augment == DetectionAugmentation()
    assert parse(recipe.as_dict(), "mine") == recipe


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"augment": {"zoom": 0.1}}, "augment has an unknown key zoom"),
        ({"augment": {"mosaic": 2}}, "augment: mosaic is 2; expected from 0 to 1"),
        ({"network": {"name": "resblock-edge"}}, "expected resblock-detector or MODULE:FUNCTION"),
        ({"network": {"widths": [8], "head": 8}}, "network: 1 widths; expected 5"),
        (
            {"network": {"widths": [8] * 5, "head": 0}},
            "network: a width of 0 channels; expected at",
        ),
        ({"fit": {"epochs": 1, "loss": "mse"}}, "fit.loss is mse; expected auto for detector"),
        ({"teachers": {"big": {"path": "x"}}}, "teachers for the detector; expected none"),
        ({"fit": {"epochs": 1, "pictures_per_epoch": -1}}, "pictures_per_epoch is -1; expected 0"),
    ],
)
def test_what_the_detector_has_no_use_for_is_refused(table: dict[str, Any], message: str):
    with pytest.raises(WrongUse) as caught:
        parse({**_detector(), **table}, "mine")
    assert message in str(caught.value)
