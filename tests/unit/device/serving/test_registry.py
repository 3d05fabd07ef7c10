"""Versions that come, go and break, while a registry serves them."""

import shutil

import numpy as np
import pytest

from edge_emotion.modelfile import shipped_model, shipped_tasks
from edge_emotion_device.serving.json_tensors import Tensor
from edge_emotion_device.serving.paths import Asked
from edge_emotion_device.serving.refusal import Refusal
from edge_emotion_device.serving.registry import Registry
from edge_emotion_device.serving.versions import Found, models_in, shipped, versions_in

BLACK = Tensor([0] * 48 * 48, (1, 48, 48, 1))


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def registry(models):
    add(models / "emotion_ai" / "1")
    registry = Registry(lambda: models_in(models))
    registry.refresh()
    return registry


def add(folder, task="emotion"):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(shipped_model(task), folder / "model.tflite")


def status(name="emotion_ai", version=None, label=None):
    return Asked("status", name, version, label)


def test_each_shipped_model_is_a_version_1():
    registry = Registry(shipped)
    registry.refresh()

    names = {"emotion_ai", "keypoints", "emotion_ai_combined"}
    names |= {"face_detector"} if "detector" in shipped_tasks() else set()
    assert registry.served() == {name: [1] for name in names}


def test_of_the_versions_the_highest_serves(models):
    for version in ("2", "10", "9"):
        add(models / "emotion_ai" / version)
    for other in ("v11", "11.part", "-11", "１１", ".12", "12 ", str(2**64)):
        add(models / "emotion_ai" / other)
    (models / "emotion_ai" / "13").mkdir()
    (models / "emotion_ai" / "14").write_text("no folder")
    registry = Registry(lambda: models_in(models))
    registry.refresh()

    assert registry.served() == {"emotion_ai": [10]}


def test_a_new_version_replaces_the_old_one(registry, models):
    add(models / "emotion_ai" / "2")
    registry.refresh()

    assert registry.served() == {"emotion_ai": [2]}
    assert registry.states(status()) == {2: None, 1: ""}
    with pytest.raises(Refusal, match=r"Specific\(emotion_ai, 1\)"):
        registry.find(Asked("predict", "emotion_ai", 1))


def test_who_holds_the_old_version_can_still_ask_it(registry, models):
    _, before = registry.find(Asked("predict", "emotion_ai"))
    add(models / "emotion_ai" / "2")
    registry.refresh()
    _, now = registry.find(Asked("predict", "emotion_ai"))

    assert now is not before
    signature = before.signatures["serving_bytes"]
    expected = now.predict(signature, BLACK)["probabilities"]
    np.testing.assert_array_equal(before.predict(signature, BLACK)["probabilities"], expected)


def test_without_changes_nothing_is_loaded_again(registry):
    _, before = registry.find(Asked("predict", "emotion_ai"))
    registry.refresh()

    assert registry.find(Asked("predict", "emotion_ai"))[1] is before


def test_a_broken_version_leaves_the_old_one_serving_until_it_is_mended(registry, models, capsys):
    file = models / "emotion_ai" / "2" / "model.tflite"
    add(file.parent)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])  # still being copied
    for _ in range(3):
        registry.refresh()

    assert registry.served() == {"emotion_ai": [1]}
    assert "truncated" in registry.states(status())[2]
    assert capsys.readouterr().err.count("not serving") == 1

    file.write_bytes(whole)
    registry.refresh()
    assert registry.served() == {"emotion_ai": [2]}


def test_at_the_start_a_broken_version_leaves_the_place_to_the_one_below(models):
    add(models / "emotion_ai" / "1")
    (models / "emotion_ai" / "2").mkdir()
    (models / "emotion_ai" / "2" / "model.tflite").write_bytes(b"TFL3 is not enough")
    registry = Registry(lambda: models_in(models))
    registry.refresh()

    assert registry.served() == {"emotion_ai": [1]}


def test_when_a_version_is_taken_away_the_one_below_serves(registry, models):
    add(models / "emotion_ai" / "2")
    registry.refresh()
    shutil.rmtree(models / "emotion_ai" / "2")
    registry.refresh()

    assert registry.served() == {"emotion_ai": [1]}
    assert registry.states(status()) == {2: "", 1: None}


def test_of_versions_that_came_and_went_the_highest_hundred_are_remembered(tmp_path):
    broken = tmp_path / "model.tflite"
    broken.write_bytes(b"TFL3 is not enough")
    numbers = iter(range(1, 104))
    registry = Registry(lambda: {"emotion_ai": Found({next(numbers): broken})})
    for _ in range(103):
        registry.refresh()

    assert list(registry.states(status())) == list(range(103, 3, -1))


def test_models_come_and_go(registry, models, capsys):
    add(models / "keypoints" / "3", "keypoints")
    registry.refresh()
    assert registry.served() == {"emotion_ai": [1], "keypoints": [3], "emotion_ai_combined": [3]}

    shutil.rmtree(models / "emotion_ai")
    registry.refresh()
    assert registry.served() == {"keypoints": [3]}
    assert "emotion_ai is not served any more" in capsys.readouterr().err
    assert registry.states(status()) == {1: ""}
    with pytest.raises(Refusal, match=r"Latest\(emotion_ai\)"):
        registry.find(Asked("predict", "emotion_ai"))


def test_a_folder_that_cannot_be_read_leaves_all_serving(registry, models):
    models.rename(models.with_name("elsewhere"))
    with pytest.raises(OSError):
        registry.refresh()

    assert registry.served() == {"emotion_ai": [1]}


def test_a_label_keeps_an_older_version_serving(registry, models):
    (models / "emotion_ai" / "stable").symlink_to("1")
    add(models / "emotion_ai" / "2")
    registry.refresh()

    assert registry.served() == {"emotion_ai": [1, 2]}
    assert registry.find(Asked("predict", "emotion_ai"))[0] == 2
    assert registry.find(Asked("predict", "emotion_ai", label="stable"))[0] == 1
    assert registry.states(status(label="stable")) == {1: None}


def test_a_label_moves_in_one_step(registry, models):
    label = models / "emotion_ai" / "stable"
    label.symlink_to("1")
    add(models / "emotion_ai" / "2")
    registry.refresh()
    label.with_name("stable.new").symlink_to("2")
    label.with_name("stable.new").replace(label)
    registry.refresh()

    assert registry.find(Asked("predict", "emotion_ai", label="stable"))[0] == 2
    assert registry.served() == {"emotion_ai": [2]}


@pytest.mark.parametrize("target", ["9", "nowhere", "../other/1", "/etc"])
def test_a_label_that_points_to_no_version_is_none(registry, models, target):
    add(models / "other" / "1")
    (models / "emotion_ai" / "stable").symlink_to(target)
    registry.refresh()

    with pytest.raises(Refusal, match="Unrecognized servable version label: stable"):
        registry.find(Asked("predict", "emotion_ai", label="stable"))


def test_one_model_has_its_versions_right_in_its_folder(models):
    add(models / "4", "keypoints")

    assert versions_in(models).files == {4: models / "4" / "model.tflite"}
