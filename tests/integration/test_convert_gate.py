"""What the gate does to files: put in place, kept as .rejected, or not measured at all."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import edge_emotion_convert.convert as conversion
from edge_emotion.errors import EdgeEmotionError, ExitCode, GateNotMet
from edge_emotion.modelfile import read_model
from edge_emotion_convert import sweep, trial
from edge_emotion_convert.convert import convert, convert_command, sweep_command
from edge_emotion_convert.edgetpu import EdgeTpuResult
from edge_emotion_convert.formats import FORMATS
from helpers.commands import edge_emotion, is_one_line
from helpers.tiny_runs import ANY_DROP, untrained_network, write_run

pytestmark = pytest.mark.slow


@pytest.fixture
def nothing_passes(monkeypatch):
    """Limits that no conversion keeps; a user cannot name such."""
    limits = {"emotion": {"accuracy": -1000.0}, "keypoints": {"rmse_px": -1000.0}}
    monkeypatch.setattr(conversion, "read_limits", lambda *_: limits)


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_a_model_that_loses_too_much_is_kept_as_rejected(
    converted, tmp_path, capsys, nothing_passes
):
    run = converted / "runs" / "my-emotion"
    with pytest.raises(GateNotMet, match=r"tflite\.rejected did not pass: accuracy") as caught:
        convert_command(run, out=tmp_path)
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


def test_an_earlier_export_survives_and_the_next_one_clears_what_was_rejected(
    converted, tmp_path, monkeypatch, nothing_passes
):
    run, folder = converted / "runs" / "my-emotion", tmp_path / "my-emotion"
    shutil.copytree(converted / "exports" / "my-emotion", folder)
    good = contents(folder)
    convert(run, out=tmp_path, formats=["float32"])
    rejected = contents(folder)
    assert rejected.keys() == good.keys() | {"emotion_float32.tflite.rejected"}
    assert {name for name in good if rejected[name] != good[name]} == {"conversion.json"}
    table = json.loads(rejected["conversion.json"])
    assert [model["gate"]["passed"] for model in table["models"]] == 5 * [True]
    assert [model["format"] for model in table["rejected"]] == ["float32"]

    monkeypatch.undo()
    convert(run, out=tmp_path, max_drop=ANY_DROP, formats=["float32"])
    assert contents(folder).keys() == good.keys()
    assert json.loads((folder / "conversion.json").read_text())["rejected"] == []


def test_a_recipe_without_validation_faces_is_not_measured_and_does_not_pass(converted, tmp_path):
    run = write_run(tmp_path / "run", "emotion", converted / "data", shares=[0.8, 0.0, 0.2])
    message = r"not measured: 0 and 0 rows; name data with validation faces with --data"
    with pytest.raises(GateNotMet, match=message):
        convert_command(run, out=tmp_path / "exports")
    assert (tmp_path / "exports" / "run" / "emotion_int8.tflite.rejected").is_file()
    assert not (tmp_path / "exports" / "run" / "emotion_int8.tflite").exists()


@pytest.mark.parametrize(
    ("formats", "remedy"),
    [
        (["int8"], "let --auto look for remedies, or allow more (--max-drop)"),
        (["int16x8"], "calibrate with more faces (--representative) or allow more (--max-drop)"),
        (["float16"], "converted: unchanged, more than the -1000 allowed; allow more (--max-drop)"),
    ],
)
def test_the_remedy_fits_the_format(converted, tmp_path, nothing_passes, formats, remedy):
    with pytest.raises(GateNotMet) as caught:
        convert_command(converted / "runs" / "my-emotion", out=tmp_path, formats=formats)
    assert str(caught.value).endswith(remedy)


def test_what_the_edge_tpu_failed_with_is_told_beside_another_gate(
    converted, tmp_path, monkeypatch, capsys
):
    """int8 passes and is not compiled, float32 does not pass."""
    failure = EdgeEmotionError("no compiler")
    result = EdgeTpuResult(None, (), {}, failure)
    monkeypatch.setattr(conversion, "edgetpu_step", lambda file: result)
    keep = conversion.keep

    def keep_but_fail_float(trial_, candidate, folder):
        failed = candidate.format.name == "float32"
        verdict = replace(candidate.verdict, passed=not failed)
        return keep(trial_, replace(candidate, verdict=verdict), folder)

    monkeypatch.setattr(conversion, "keep", keep_but_fail_float)
    run = converted / "runs" / "my-emotion"
    with pytest.raises(GateNotMet):
        convert_command(
            run, out=tmp_path, formats=["int8", "float32"], max_drop=ANY_DROP, edgetpu=True
        )
    assert "edge-emotion: no compiler\n" in capsys.readouterr().err


def overflowing(task):
    """A network whose first sums are infinite, so that the later ones are NaN."""
    network = untrained_network(task)
    kernel, *others = network.layers[1].get_weights()
    network.layers[1].set_weights([np.full_like(kernel, 3e38), *others])
    return network


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_a_file_that_answers_nan_is_not_measured_and_does_not_pass(
    converted, tmp_path, monkeypatch, task
):
    made = trial.to_tflite(overflowing(task), FORMATS["float32"], None)
    monkeypatch.setattr(trial, "to_tflite", lambda *_: made)
    with pytest.raises(GateNotMet, match=r"not measured: .* nan converted") as caught:
        convert_command(
            converted / "runs" / f"my-{task}",
            out=tmp_path,
            formats=["float32"],
            max_drop=ANY_DROP,
        )
    assert str(caught.value).endswith("or convert to another format")
    folder = tmp_path / f"my-{task}"
    assert not (folder / f"{task}_float32.tflite").exists()
    [entry] = json.loads((folder / "conversion.json").read_text())["rejected"]
    assert entry["gate"]["after"] is None and entry["gate"]["mcnemar"] is None


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_a_float_network_that_answers_nan_is_an_error(converted, tmp_path, task):
    run = write_run(tmp_path / "run", task, converted / "data", overflowing(task))
    with pytest.raises(EdgeEmotionError, match=r"answers NaN or infinity for \d+ of \d+ faces"):
        convert(run, out=tmp_path / "exports", formats=["float32"])


def test_a_budget_file_can_refuse_what_max_drop_allows(converted, tmp_path):
    budget = tmp_path / "budget.toml"
    budget.write_text(
        "[keypoints]\nrmse_increase_px = 99\npoint_increase_px = 0  # int8 moves all of them\n"
    )
    run = converted / "runs" / "my-keypoints"
    done = edge_emotion("convert", run, "--budget", budget, "--out", tmp_path / "exports")
    assert done.returncode == 3
    assert is_one_line(done.stderr.splitlines(keepends=True)[-1])
    assert "px, more than the 0 allowed" in done.stderr.splitlines()[-1]
    assert "RMSE" not in done.stderr.splitlines()[-1]
    assert "TensorFlow" not in done.stderr


def test_the_sweep_shows_the_change_by_the_number_of_faces_and_writes_nothing(
    converted, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sweep, "COUNTS", (5, 10_000))
    monkeypatch.chdir(tmp_path)
    sweep_command(converted / "runs" / "my-emotion")
    told = capsys.readouterr()
    assert "measured on 15 of the 30 validation faces of drawn, the half that chooses" in told.err
    printed = told.out.splitlines()
    assert "accuracy change, points (95 %)" in printed[0]
    assert [line.split()[0] for line in printed[1:] if line] == ["5", "90"]  # all there are
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_without_faces_to_measure_on_is_an_error(converted, tmp_path):
    run = write_run(tmp_path / "run", "emotion", converted / "data", shares=[0.8, 0.0, 0.2])
    with pytest.raises(EdgeEmotionError, match="0 validation faces of drawn are too few to choose"):
        sweep_command(run)
