"""What the gate does to files: put in place, kept as .rejected, or not measured at all."""

import json
import shutil

import pytest

from edge_emotion.errors import EdgeEmotionError, ExitCode, GateNotMet
from edge_emotion.modelfile import read_model
from edge_emotion_convert import sweep
from edge_emotion_convert.convert import convert, convert_command, sweep_command
from helpers.commands import edge_emotion, is_one_line
from helpers.tiny_runs import ANY_DROP, NO_DROP, write_run

pytestmark = pytest.mark.slow


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_a_model_that_loses_too_much_is_kept_as_rejected(converted, tmp_path, capsys):
    run = converted / "runs" / "my-emotion"
    with pytest.raises(GateNotMet, match=r"tflite\.rejected did not pass: accuracy") as caught:
        convert_command(run, out=tmp_path, max_drop=NO_DROP)
    assert caught.value.exit_code == ExitCode.GATE_NOT_MET == 3
    folder = tmp_path / "my-emotion"
    assert {file.name for file in folder.iterdir()} == {
        "emotion_int8.tflite.rejected",
        "conversion.json",
    }
    assert not read_model(folder / "emotion_int8.tflite.rejected").metadata.accuracy["gate"][
        "passed"
    ]
    table = json.loads((folder / "conversion.json").read_text())
    assert table["models"] == []
    assert table["rejected"][0]["file"] == "emotion_int8.tflite.rejected"
    assert "not met" in capsys.readouterr().out


def test_an_earlier_export_survives_and_the_next_one_clears_what_was_rejected(converted, tmp_path):
    run, folder = converted / "runs" / "my-emotion", tmp_path / "my-emotion"
    shutil.copytree(converted / "exports" / "my-emotion", folder)
    good = contents(folder)
    convert(run, out=tmp_path, max_drop=NO_DROP, formats=["float32"])
    rejected = contents(folder)
    assert rejected.keys() == good.keys() | {"emotion_float32.tflite.rejected"}
    assert {name for name in good if rejected[name] != good[name]} == {"conversion.json"}
    table = json.loads(rejected["conversion.json"])
    assert [model["gate"]["passed"] for model in table["models"]] == 5 * [True]
    assert [model["format"] for model in table["rejected"]] == ["float32"]

    convert(run, out=tmp_path, max_drop=ANY_DROP, formats=["float32"])
    assert contents(folder).keys() == good.keys()
    assert json.loads((folder / "conversion.json").read_text())["rejected"] == []


def test_a_recipe_without_validation_faces_is_not_measured_and_does_not_pass(converted, tmp_path):
    run = write_run(tmp_path / "run", "emotion", converted / "data", shares=[0.8, 0.0, 0.2])
    with pytest.raises(GateNotMet, match="not measured: 0 and 0 rows"):
        convert_command(run, out=tmp_path / "exports")
    assert (tmp_path / "exports" / "run" / "emotion_int8.tflite.rejected").is_file()
    assert not (tmp_path / "exports" / "run" / "emotion_int8.tflite").exists()


def test_a_budget_file_can_refuse_what_max_drop_allows(converted, tmp_path):
    budget = tmp_path / "budget.toml"
    budget.write_text(
        "[keypoints]\nrmse_increase_px = 99\npoint_increase_px = { nose_tip = -99 }\n"
    )
    run = converted / "runs" / "my-keypoints"
    done = edge_emotion("convert", run, "--budget", budget, "--out", tmp_path / "exports")
    assert done.returncode == 3
    assert is_one_line(done.stderr.splitlines(keepends=True)[-1])
    assert "did not pass: nose tip" in done.stderr and "RMSE" not in done.stderr.splitlines()[-1]
    assert "TensorFlow" not in done.stderr


def test_the_sweep_shows_the_change_by_the_number_of_faces_and_writes_nothing(
    converted, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sweep, "COUNTS", (5, 10_000))
    monkeypatch.chdir(tmp_path)
    sweep_command(converted / "runs" / "my-emotion")
    printed = capsys.readouterr().out.splitlines()
    assert "accuracy change, points (95 %)" in printed[0]
    assert [line.split()[0] for line in printed[1:] if line] == ["5", "90"]  # all there are
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_without_faces_to_measure_on_is_an_error(converted, tmp_path):
    run = write_run(tmp_path / "run", "emotion", converted / "data", shares=[0.8, 0.0, 0.2])
    with pytest.raises(EdgeEmotionError, match="no validation faces to measure the drop on"):
        sweep_command(run)
