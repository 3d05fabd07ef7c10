"""Every format of both tasks: what is inside, whether the device runs it, what stays float."""

import json

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import read_model
from edge_emotion_convert.convert import convert
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.measure import predict_file
from edge_emotion_convert.quantize import to_tflite
from edge_emotion_device import Analyzer
from edge_emotion_device.verification import verify
from edge_emotion_train.drawn_faces import drawn_frame
from edge_emotion_train.networks.saved import read_network
from edge_emotion_train.predicting import predict
from edge_emotion_train.runs import read_run
from helpers.drawn_faces import emotion_faces, keypoint_faces
from helpers.tiny_runs import ANY_DROP

TASKS = ("emotion", "keypoints")
# dtype of the input, dtype of the output (where both tasks share it), largest of the weights' types
INSIDE = {
    "int8": ("uint8", None, {"uint8", "int8", "int32"}),
    "float32": ("float32", "float32", {"float32", "int32"}),
    "float16": ("float32", "float32", {"float32", "float16", "int32"}),
    "dynamic": ("float32", "float32", {"float32", "int8", "int32"}),
    "int16x8": ("int16", "int16", {"int16", "int8", "int64", "int32"}),
}
CLOSE = {"int8": 0.05, "float32": 1e-5, "float16": 2e-3, "dynamic": 0.05, "int16x8": 0.01}

pytestmark = pytest.mark.slow


def exported(converted, task, name):
    return converted / "exports" / f"my-{task}" / f"{task}_{name}.tflite"


def faces_for(task, count=20):
    return (emotion_faces if task == "emotion" else keypoint_faces)(count, seed=30).images


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", FORMATS)
class TestEveryFormat:
    def test_has_the_tensors_it_promises_and_batch_1(self, converted, task, name):
        metadata = read_model(exported(converted, task, name), task).metadata
        given, answered, inside = INSIDE[name]
        assert (metadata.format, metadata.input.dtype) == (name, given)
        assert answered is None or metadata.output.dtype == answered
        interpreter = Interpreter(model_path=str(exported(converted, task, name)))
        interpreter.allocate_tensors()
        details = interpreter.get_tensor_details()
        assert {np.dtype(tensor["dtype"]).name for tensor in details} <= inside
        assert all(size > 0 for tensor in details for size in tensor["shape_signature"])

    def test_answers_on_the_device_as_the_float_network_does(self, converted, task, name):
        run = read_run(converted / "runs" / f"my-{task}")
        network, images = read_network(run.network, task), faces_for(task)
        differences = predict_file(exported(converted, task, name), task, images) - predict(
            network, run.mean_face, images
        )
        limit = CLOSE[name] if task == "emotion" else 20 * CLOSE[name]
        assert np.sqrt(np.square(differences).mean()) < limit

    def test_is_in_conversion_json_and_has_a_card(self, converted, task, name):
        file = exported(converted, task, name)
        models = json.loads((file.parent / "conversion.json").read_text())["models"]
        [entry] = [model for model in models if model["format"] == name]
        assert entry[name]["rows"] == entry["float"]["rows"] > 0
        assert entry["ms_per_face"] > 0
        assert (entry["representative_faces"] > 0) == FORMATS[name].integer
        assert file.with_suffix(".md").read_text().startswith(f"# resblock-edge, {task}, {name}\n")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_test_vectors_that_verify(converted, task, name):
    assert verify(exported(converted, task, name)).passed


@pytest.mark.parametrize("name", ["int8", "dynamic", "int16x8"])
def test_eight_bit_weights_have_a_scale_for_each_channel(name):
    wide = network_with(keras.layers.Conv2D(40, 5))  # dynamic leaves small kernels float
    flatbuffer = to_tflite(wide, FORMATS[name], samples())
    details = Interpreter(model_content=flatbuffer).get_tensor_details()
    [kernel] = [t for t in details if tuple(t["shape"]) == (40, 5, 5, 4)]
    assert kernel["dtype"] == np.int8
    assert len(kernel["quantization_parameters"]["scales"]) == 40


@pytest.mark.parametrize("name", FORMATS)
def test_frames_are_read_with_every_format(converted, name):
    models = {task: exported(converted, task, name) for task in TASKS}
    with Analyzer(models["emotion"], models["keypoints"]) as analyzer:
        readings = analyzer.analyze(drawn_frame(np.random.default_rng(11), 3).image)
    assert all(np.isfinite(reading.probabilities).all() for reading in readings)


def test_formats_made_later_join_those_that_are_there(converted, tmp_path):
    run = converted / "runs" / "my-emotion"
    for name in ("float32", "dynamic"):
        convert(run, out=tmp_path, max_drop=ANY_DROP, formats=[name])
    table = json.loads((tmp_path / "my-emotion" / "conversion.json").read_text())
    assert [model["format"] for model in table["models"]] == ["float32", "dynamic"]


def test_float_formats_need_no_representative_faces(converted, tmp_path, monkeypatch):
    def none_to_be_had(*_):
        raise AssertionError("asked for samples")

    monkeypatch.setattr("edge_emotion_convert.calibration.samples", none_to_be_had)
    convert(converted / "runs" / "my-emotion", out=tmp_path, formats=["float32"])


def network_with(operation):
    face = keras.Input((48, 48, 1))
    x = operation(keras.layers.Conv2D(4, 3, strides=4)(face))
    return keras.Model(face, keras.layers.Dense(5, "softmax")(keras.layers.Flatten()(x)))


def samples():
    drawn = np.random.default_rng(0).random((4, 48, 48, 1), np.float32)
    drawn[0, 0, :2, 0] = 0, 1
    return drawn


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (keras.ops.elu, "1 operators stayed floating point: ELU; expected full integer"),
        (lambda x: keras.ops.sin(keras.ops.elu(x)), "2 operators .*: ELU, SIN"),
        (keras.ops.erf, "TFLite has no operator Erf; expected layers that have integer kernels"),
    ],
)
def test_operators_that_cannot_be_integer_are_listed(operation, message):
    with pytest.raises(EdgeEmotionError, match=message) as caught:
        to_tflite(network_with(operation), FORMATS["int8"], samples())
    assert "\n" not in str(caught.value)


def test_what_stays_float_can_still_be_had_in_a_float_format():
    assert to_tflite(network_with(keras.ops.elu), FORMATS["dynamic"], None)


def test_samples_that_do_not_touch_0_and_1_are_noticed():
    with pytest.raises(EdgeEmotionError, match=r"expected uint8, scale 0\.0039216"):
        to_tflite(network_with(keras.ops.relu), FORMATS["int8"], 0.5 * samples())
