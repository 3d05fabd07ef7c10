"""One run of each task in full integer: the file, what it says of itself, and the ways to ask."""

import json

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import read_model
from edge_emotion_convert import calibration, trial
from edge_emotion_convert.convert import convert, convert_command
from edge_emotion_convert.measure import predict_file
from edge_emotion_device.interpreter import load_emotion, load_keypoints
from edge_emotion_train.batches import as_input
from edge_emotion_train.datasets import load_sets
from edge_emotion_train.networks.saved import read_network
from edge_emotion_train.runs import read_run
from helpers.drawn_faces import emotion_faces, keypoint_faces
from helpers.tiny_runs import ANY_DROP, write_run

OUTPUTS = {"emotion": ("uint8", 1 / 256), "keypoints": ("int8", 1 / 128)}

pytestmark = pytest.mark.slow


def exported(converted, task):
    return converted / "exports" / f"my-{task}" / f"{task}_int8.tflite"


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
class TestTheConvertedFile:
    def test_takes_a_cameras_bytes_as_they_are(self, converted, task):
        given = read_model(exported(converted, task)).metadata.input
        assert (given.dtype, given.zero_point) == ("uint8", 0)
        assert given.scale == pytest.approx(1 / 255, rel=1e-5)

    def test_answers_in_integers_of_a_known_grid(self, converted, task):
        answered = read_model(exported(converted, task)).metadata.output
        assert (answered.dtype, answered.scale, answered.zero_point) == (*OUTPUTS[task], 0)

    def test_is_full_integer_of_batch_one_without_shape_arithmetic(self, converted, task):
        interpreter = Interpreter(model_path=str(exported(converted, task)))
        interpreter.allocate_tensors()
        assert interpreter.get_input_details()[0]["shape_signature"][0] == 1
        types = {tensor["dtype"] for tensor in interpreter.get_tensor_details()}
        assert types <= {np.uint8, np.int8, np.int32}
        operators = {operator["op_name"] for operator in interpreter._get_ops_details()}
        assert operators.isdisjoint({"SHAPE", "STRIDED_SLICE", "PACK", "DEQUANTIZE"})

    def test_has_a_scale_for_each_channel_of_its_weights(self, converted, task):
        interpreter = Interpreter(model_path=str(exported(converted, task)))
        kernels = [t for t in interpreter.get_tensor_details() if len(t["shape"]) == 4]
        scales = [len(kernel["quantization_parameters"]["scales"]) for kernel in kernels]
        assert scales.count(8) >= 12

    def test_says_where_it_comes_from(self, converted, task):
        metadata = read_model(exported(converted, task), task).metadata
        run = read_run(converted / "runs" / f"my-{task}")
        splits = load_sets(run.recipe, run.data)
        assert metadata.recipe["sets"]["drawn"]["path"] == run.recipe.sets["drawn"].path
        assert "data" not in metadata.recipe
        assert metadata.training_data["drawn"]["faces"] == len(splits["drawn"].train)
        assert len(metadata.training_data["drawn"]["sha256"]) == 64
        assert metadata.architecture["name"] == "resblock-edge"
        assert metadata.architecture["widths"] == [8, 8, 8, 8]
        assert metadata.architecture["macs"] > 100_000
        assert {"edge_emotion", "tensorflow", "keras"} <= metadata.versions.keys()
        assert "research" in metadata.license and "drawn" in metadata.license
        assert metadata.accuracy["measured_on"].endswith("validation faces of drawn")
        assert metadata.accuracy["int8"]["rows"] == len(splits["drawn"].validation)
        assert metadata.accuracy["gate"]["passed"]

    def test_conversion_json_holds_the_verdict_and_both_measurements(self, converted, task):
        file = exported(converted, task)
        table = json.loads((file.parent / "conversion.json").read_text())
        model = table["models"][0]
        assert (table["run"], table["task"]) == (f"my-{task}", task)
        assert (model["file"], model["bytes"]) == (file.name, file.stat().st_size)
        assert model["float"]["rows"] == model["int8"]["rows"] > 0
        assert model["gate"]["passed"] is True

    def test_has_a_card_of_measured_facts(self, converted, task):
        card = exported(converted, task).with_suffix(".md").read_text()
        rows = read_model(exported(converted, task)).metadata.accuracy["int8"]["rows"]
        assert card.startswith(f"# resblock-edge, {task}, int8\n")
        for state in ("float", "int8"):
            assert f"{rows} validation faces of drawn, {state} | {rows} |" in card
        assert f"Cost of int8: on {rows} validation faces of drawn" in card
        measure = "recall of Disgust, points" if task == "emotion" else "nose tip, px"
        assert f"| {measure} |" in card
        assert "AI Act" in card and "worse by -" not in card

    def test_comes_out_the_same_again(self, converted, task, tmp_path):
        convert(converted / "runs" / f"my-{task}", out=tmp_path, max_drop=ANY_DROP)
        again = tmp_path / f"my-{task}" / f"{task}_int8.tflite"
        faces = (emotion_faces(10, 9) if task == "emotion" else keypoint_faces(10, 9)).images
        first, second = (predict_file(p, task, faces) for p in (exported(converted, task), again))
        np.testing.assert_array_equal(first, second)


def test_int8_probabilities_are_those_of_the_float_network(converted):
    faces = emotion_faces(40, seed=30).images
    network = read_network(converted / "runs" / "my-emotion" / "model.keras", "emotion")
    with load_emotion(exported(converted, "emotion")) as int8:
        differences = int8.predict(faces) - network.predict(as_input(faces), verbose=0)
    assert np.abs(differences).max() < 0.05


def test_int8_points_are_those_of_the_float_network(converted):
    faces = keypoint_faces(40, seed=30).images
    run = read_run(converted / "runs" / "my-keypoints")
    offsets = read_network(run.network, "keypoints").predict(as_input(faces), verbose=0)
    with load_keypoints(exported(converted, "keypoints")) as int8:
        differences = int8.predict(faces) - (20 * offsets.reshape(-1, 15, 2) + run.mean_face)
    assert np.sqrt((differences**2).mean()) < 1.0


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_the_gate_measures_on_rows_that_calibrated_nothing(converted, tmp_path, monkeypatch, task):
    calibrated, measured = set(), []
    choose, measure = calibration.samples, trial.figures

    def watched_samples(rows, count, seed):
        calibrated.update(image.tobytes() for image in rows.images)
        return choose(rows, count, seed)

    def watched_figures(rows, answers):
        measured.append({image.tobytes() for image in rows.images})
        return measure(rows, answers)

    monkeypatch.setattr(calibration, "samples", watched_samples)
    monkeypatch.setattr(trial, "figures", watched_figures)
    convert(converted / "runs" / f"my-{task}", out=tmp_path, max_drop=ANY_DROP)
    assert len(measured) == 2  # the float network and the converted one
    assert calibrated and measured[0] == measured[1]
    assert measured[0] and calibrated.isdisjoint(measured[0])


def test_one_task_alone_is_converted_and_the_other_is_told(converted, tmp_path, capfd):
    write_run(tmp_path / "runs" / "only", "emotion", converted / "data")
    convert_command(
        runs=tmp_path / "runs", out=tmp_path / "exports", max_drop=ANY_DROP, as_json=True
    )
    printed = capfd.readouterr()
    [model] = json.loads(printed.out)  # and nothing else on stdout
    assert (model["task"], model["gate"]["passed"]) == ("emotion", True)
    assert "no finished run for keypoints" in printed.err
    assert "TensorFlow" not in printed.err and "WARNING" not in printed.err


def test_no_run_at_all_is_an_error(tmp_path):
    with pytest.raises(EdgeEmotionError, match=r"no finished run in .*; train one with"):
        convert(runs=tmp_path, out=tmp_path / "exports")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ["int4"]}, "format int4; expected some of int8, float32"),
        ({"max_drop": float("nan")}, "--max-drop nan; expected a number"),
        ({"representative": 0}, "0 representative samples; expected at least 1"),
    ],
)
def test_wrong_options_are_refused(converted, options, message):
    with pytest.raises(WrongUse, match=message):
        convert(converted / "runs" / "my-emotion", **options)
