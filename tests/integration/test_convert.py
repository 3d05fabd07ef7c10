import json

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edge_emotion.errors import EdgeEmotionError, ExitCode, GateNotMet, WrongUse
from edge_emotion.modelfile import read_model
from edge_emotion_convert import calibration
from edge_emotion_convert import convert as conversion
from edge_emotion_convert.convert import convert, convert_command
from edge_emotion_convert.measure import predict_file
from edge_emotion_convert.network import read_network
from edge_emotion_convert.rows import load_splits
from edge_emotion_convert.runs import read_run
from edge_emotion_device.interpreter import load_emotion, load_keypoints
from edge_emotion_train.batches import as_input
from edge_emotion_train.networks import build
from edge_emotion_train.recipe import EdgeNetwork
from helpers.drawn_faces import emotion_faces, keypoint_faces
from helpers.tiny_runs import untrained_network, write_data, write_run

ANY_DROP = 1000.0  # the networks here are untrained: what they lose is not the point
NO_DROP = -1000.0
OUTPUTS = {"emotion": ("uint8", 1 / 256), "keypoints": ("int8", 1 / 128)}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """Drawn data, a finished run of each task, and what one conversion of both leaves."""
    root = tmp_path_factory.mktemp("workplace")
    data = write_data(root / "data")
    for task in ("emotion", "keypoints"):
        write_run(root / "runs" / f"my-{task}", task, data)
    convert(runs=root / "runs", out=root / "exports", max_drop=ANY_DROP)
    return root


def exported(workplace, task):
    return workplace / "exports" / f"my-{task}" / f"{task}_int8.tflite"


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
class TestTheConvertedFile:
    def test_takes_a_cameras_bytes_as_they_are(self, workplace, task):
        given = read_model(exported(workplace, task)).metadata.input
        assert (given.dtype, given.zero_point) == ("uint8", 0)
        assert given.scale == pytest.approx(1 / 255, rel=1e-5)

    def test_answers_in_integers_of_a_known_grid(self, workplace, task):
        answered = read_model(exported(workplace, task)).metadata.output
        assert (answered.dtype, answered.scale, answered.zero_point) == (*OUTPUTS[task], 0)

    def test_is_full_integer_of_batch_one_without_shape_arithmetic(self, workplace, task):
        interpreter = Interpreter(model_path=str(exported(workplace, task)))
        interpreter.allocate_tensors()
        assert interpreter.get_input_details()[0]["shape_signature"][0] == 1
        types = {tensor["dtype"] for tensor in interpreter.get_tensor_details()}
        assert types <= {np.uint8, np.int8, np.int32}
        operators = {operator["op_name"] for operator in interpreter._get_ops_details()}
        assert operators.isdisjoint({"SHAPE", "STRIDED_SLICE", "PACK", "DEQUANTIZE"})

    def test_has_a_scale_for_each_channel_of_its_weights(self, workplace, task):
        interpreter = Interpreter(model_path=str(exported(workplace, task)))
        kernels = [t for t in interpreter.get_tensor_details() if len(t["shape"]) == 4]
        scales = [len(kernel["quantization_parameters"]["scales"]) for kernel in kernels]
        assert scales.count(8) >= 12

    def test_says_where_it_comes_from(self, workplace, task):
        metadata = read_model(exported(workplace, task), task).metadata
        run = read_run(workplace / "runs" / f"my-{task}")
        splits = load_splits(run.recipe, run.data)
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

    def test_conversion_json_holds_the_verdict_and_both_measurements(self, workplace, task):
        file = exported(workplace, task)
        table = json.loads((file.parent / "conversion.json").read_text())
        model = table["models"][0]
        assert (table["run"], table["task"]) == (f"my-{task}", task)
        assert (model["file"], model["bytes"]) == (file.name, file.stat().st_size)
        assert model["float"]["rows"] == model["int8"]["rows"] > 0
        assert model["gate"]["passed"] is True

    def test_comes_out_the_same_again(self, workplace, task, tmp_path):
        convert(workplace / "runs" / f"my-{task}", out=tmp_path, max_drop=ANY_DROP)
        again = tmp_path / f"my-{task}" / f"{task}_int8.tflite"
        faces = (emotion_faces(10, 9) if task == "emotion" else keypoint_faces(10, 9)).images
        first, second = (predict_file(p, task, faces) for p in (exported(workplace, task), again))
        np.testing.assert_array_equal(first, second)


def test_int8_probabilities_are_those_of_the_float_network(workplace):
    faces = emotion_faces(40, seed=30).images
    network = read_network(workplace / "runs" / "my-emotion" / "model.keras", "emotion")
    with load_emotion(exported(workplace, "emotion")) as int8:
        differences = int8.predict(faces) - network.predict(as_input(faces), verbose=0)
    assert np.abs(differences).max() < 0.05


def test_int8_points_are_those_of_the_float_network(workplace):
    faces = keypoint_faces(40, seed=30).images
    run = read_run(workplace / "runs" / "my-keypoints")
    offsets = read_network(run.network, "keypoints").predict(as_input(faces), verbose=0)
    with load_keypoints(exported(workplace, "keypoints")) as int8:
        differences = int8.predict(faces) - (20 * offsets.reshape(-1, 15, 2) + run.mean_face)
    assert np.sqrt((differences**2).mean()) < 1.0


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_the_gate_measures_on_rows_that_calibrated_nothing(workplace, tmp_path, monkeypatch, task):
    calibrated, measured = set(), []
    choose, measure = calibration.samples, conversion.figures

    def watched_samples(rows, count, seed):
        calibrated.update(image.tobytes() for image in rows.images)
        return choose(rows, count, seed)

    def watched_figures(rows, answers):
        measured.append({image.tobytes() for image in rows.images})
        return measure(rows, answers)

    monkeypatch.setattr(calibration, "samples", watched_samples)
    monkeypatch.setattr(conversion, "figures", watched_figures)
    convert(workplace / "runs" / f"my-{task}", out=tmp_path, max_drop=ANY_DROP)
    before, after = measured  # the float network and the quantized one
    assert calibrated and before and before == after and calibrated.isdisjoint(after)


def test_a_model_that_loses_too_much_is_not_put_in_place(workplace, tmp_path, capsys):
    run = workplace / "runs" / "my-emotion"
    with pytest.raises(GateNotMet, match="was not written: accuracy") as caught:
        convert_command(run, out=tmp_path / "exports", max_drop=NO_DROP)
    assert caught.value.exit_code == ExitCode.GATE_NOT_MET == 3
    assert list(tmp_path.iterdir()) == []
    assert "not met" in capsys.readouterr().out


def test_an_earlier_export_survives_a_gate_that_is_not_met(workplace):
    folder = exported(workplace, "emotion").parent
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(GateNotMet):
        convert_command(
            workplace / "runs" / "my-emotion", out=workplace / "exports", max_drop=NO_DROP
        )
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_recipe_without_validation_faces_is_not_measured_and_does_not_pass(workplace, tmp_path):
    shares = {"shares": [0.8, 0.0, 0.2]}
    run = write_run(tmp_path / "run", "emotion", workplace / "data", **shares)
    with pytest.raises(GateNotMet, match="was not measured"):
        convert(run, out=tmp_path / "exports")
    assert not (tmp_path / "exports").exists()


def test_one_task_alone_is_converted_and_the_other_is_told(workplace, tmp_path, capfd):
    write_run(tmp_path / "runs" / "only", "emotion", workplace / "data")
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


def nan_network():
    network = untrained_network("emotion")
    weights = network.get_weights()
    weights[0][0, 0, 0, 0] = np.nan
    network.set_weights(weights)
    return network


def code_carrying_network(marker):
    face = keras.Input((48, 48, 1))
    struck = keras.layers.Lambda(lambda x: (open(marker, "w").close(), x)[1])(face)  # noqa: PTH123
    flat = keras.layers.Flatten()(struck)
    return keras.Model(face, keras.layers.Dense(5, activation="softmax")(flat))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (nan_network, r"weights that are NaN or infinite, first in conv2d"),
        (lambda: build("keypoints", EdgeNetwork((8,), (1,))), r"maps \(None, 96, 96, 1\) to"),
    ],
)
def test_a_network_that_cannot_be_deployed_is_refused_in_one_line(
    workplace, tmp_path, make, message
):
    run = write_run(tmp_path / "run", "emotion", workplace / "data", make())
    with pytest.raises(EdgeEmotionError, match=message) as caught:
        convert(run, out=tmp_path / "exports")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "exports").exists()


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_keras_file_is_refused_in_one_line(workplace, tmp_path, damage):
    run = write_run(tmp_path / "run", "emotion", workplace / "data")
    file = run / "model.keras"
    file.write_bytes(file.read_bytes()[:-2000] if damage is None else damage)
    with pytest.raises(EdgeEmotionError, match=r"model\.keras cannot be loaded") as caught:
        convert(run, out=tmp_path / "exports")
    assert "\n" not in str(caught.value)


def test_code_inside_a_keras_file_is_not_run(workplace, tmp_path):
    marker = tmp_path / "struck"
    run = write_run(
        tmp_path / "run", "emotion", workplace / "data", code_carrying_network(str(marker))
    )
    marker.unlink()  # building the network ran it
    with pytest.raises(EdgeEmotionError, match=r"cannot be loaded: .*Lambda"):
        convert(run, out=tmp_path / "exports")
    assert not marker.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ["int4"]}, "format int4; expected some of int8"),
        ({"max_drop": float("nan")}, "--max-drop nan; expected a number"),
        ({"representative": 0}, "0 representative samples; expected at least 1"),
    ],
)
def test_wrong_options_are_refused(workplace, options, message):
    with pytest.raises(WrongUse, match=message):
        convert(workplace / "runs" / "my-emotion", **options)


@pytest.mark.parametrize(
    ("data", "message"),
    [("", "has no pictures in a folder angry"), ("moved", "moved; say where it is with --data")],
)
def test_data_that_is_not_there_is_named(workplace, tmp_path, data, message):
    with pytest.raises(EdgeEmotionError, match=message):
        convert(workplace / "runs" / "my-emotion", data=tmp_path / data)


def test_a_place_that_cannot_be_written_to_is_one_line(workplace, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EdgeEmotionError, match=r"cannot write .* is a file; name another folder"):
        convert(workplace / "runs" / "my-emotion", out=tmp_path / "file", max_drop=ANY_DROP)
