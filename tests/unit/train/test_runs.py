import json
import os

import pytest
import tomli_w

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_train.recipe import parse
from edge_emotion_train.runs import newest_run, read_run, warn_of_other_seeds
from helpers.tiny_runs import recipe_table

MEAN_FACE = [[float(i), 2.0 * i] for i in range(15)]


def write_run_files(folder, task="emotion", finished_s=1000.0, metrics=None, without=()):
    """A run folder whose network is never opened here."""
    folder.mkdir(parents=True)
    facts = {"task": task, "mean_face": MEAN_FACE if task == "keypoints" else None}
    contents = {
        "recipe.toml": tomli_w.dumps({**recipe_table(task), "data": "../faces"}),
        "model.keras": "",
        "metrics.json": json.dumps(facts) if metrics is None else metrics,
    }
    for name, text in contents.items():
        if name not in without:
            (folder / name).write_text(text)
            os.utime(folder / name, (finished_s, finished_s))
    return folder


@pytest.mark.parametrize("named", ["folder", "network"])
def test_a_run_is_read_by_its_folder_or_its_network(tmp_path, named):
    folder = write_run_files(tmp_path / "mine", "keypoints")
    run = read_run(folder if named == "folder" else folder / "model.keras")
    assert (run.task, run.name, run.network) == ("keypoints", "mine", folder / "model.keras")
    assert run.recipe.sets["drawn"].path == "points"
    assert str(run.data) == "../faces"
    assert run.mean_face.tolist() == MEAN_FACE


def test_the_newest_finished_run_of_a_task_is_found(tmp_path):
    write_run_files(tmp_path / "old", "emotion", finished_s=1000)
    write_run_files(tmp_path / "new", "emotion", finished_s=2000)
    write_run_files(tmp_path / "other-task", "keypoints", finished_s=3000)
    write_run_files(tmp_path / "unfinished", "emotion", finished_s=4000, without=["metrics.json"])
    write_run_files(tmp_path / "no-network", "emotion", finished_s=5000, without=["model.keras"])
    assert newest_run("emotion", tmp_path).name == "new"
    assert newest_run("keypoints", tmp_path).name == "other-task"


def test_training_warns_of_networks_that_may_have_seen_what_it_holds_out(tmp_path, capfd):
    run = write_run_files(tmp_path / "old")  # of seed 5
    (tmp_path / "found").mkdir()
    table = recipe_table("emotion")
    table["fit"]["start"] = [str(run / "model.keras"), str(tmp_path / "found" / "any.keras")]
    table["teachers"] = {"old": {"path": str(run)}}
    warn_of_other_seeds(parse(table, "mine"))
    assert capfd.readouterr().err == ""
    warn_of_other_seeds(parse({**table, "seed": 6}, "mine"))
    told = capfd.readouterr().err.splitlines()
    assert len(told) == 1 and f"{run} was trained with seed 5 and this recipe has 6" in told[0]
    (tmp_path / "found" / "recipe.toml").write_text("[")
    warn_of_other_seeds(parse(table, "mine"))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("folder", ["", "not-there"])
def test_without_runs_none_is_found(tmp_path, folder):
    assert newest_run("emotion", tmp_path / folder) is None


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"without": ["metrics.json"]}, "is no finished run: it has no metrics.json"),
        ({"without": ["model.keras", "recipe.toml"]}, "it has no recipe.toml, model.keras"),
        ({"metrics": "{"}, "metrics.json cannot be read"),
        ({"metrics": "[]"}, "metrics.json cannot be read: no JSON object"),
        ({"metrics": '{"task": "keypoints"}'}, "has no usable mean_face"),
        ({"metrics": '{"mean_face": [[1, 2]]}'}, "has no usable mean_face"),
        ({"metrics": '{"mean_face": "?"}'}, "has no usable mean_face"),
    ],
)
def test_a_run_that_cannot_be_used_says_why_in_one_line(tmp_path, damage, message):
    folder = write_run_files(tmp_path / "run", "keypoints", **damage)
    with pytest.raises(EdgeEmotionError, match=message) as caught:
        read_run(folder)
    assert "\n" not in str(caught.value)


def test_a_recipe_that_is_no_toml_is_named(tmp_path):
    folder = write_run_files(tmp_path / "run")
    (folder / "recipe.toml").write_text("task = ")
    with pytest.raises(EdgeEmotionError, match=r"run/recipe\.toml cannot be read"):
        read_run(folder)


@pytest.mark.parametrize("name", ["not-there", "notes.txt"])
def test_what_is_no_run_is_refused(tmp_path, name):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(EdgeEmotionError, match="is no run; expected a folder that training left"):
        read_run(tmp_path / name)
