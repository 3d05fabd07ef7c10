"""Graphs that an Edge TPU takes whole, and what it would leave to the CPU."""

from pathlib import Path

import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema

from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion_convert.edgetpu_operators import left_to_cpu
from helpers.graphs import CODES, edited, operator

RELU = 1  # schema's ActivationFunctionType
OPTIONS = {
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "PAD": "PadOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "SPLIT": "SplitOptions",
    "PRELU": "AbsOptions",
    "SQUEEZE": "SqueezeOptions",
}


def check(change, task="emotion"):
    return left_to_cpu(edited(read_model(shipped_model(task)).flatbuffer, change))


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_the_shipped_graphs_run_on_it_whole(task):
    assert left_to_cpu(read_model(shipped_model(task)).flatbuffer) == []


def rename(name, to):
    """Every operator of one name becomes another."""

    def change(model):
        for code in model.operatorCodes:
            if code.builtinCode == CODES[name]:
                code.builtinCode = code.deprecatedBuiltinCode = CODES[to]

    return change


def option(name, which=0, **values):
    def change(model):
        for key, value in values.items():
            setattr(operator(model, name, which).builtinOptions, key, value)

    return change


def version(name, number):
    def change(model):
        for code in model.operatorCodes:
            if code.builtinCode == CODES[name]:
                code.version = number

    return change


def output_of(name, **values):
    """Another description of the tensor that an operator writes."""

    def change(model):
        tensor = model.subgraphs[0].tensors[operator(model, name).outputs[0]]
        for key, value in values.items():
            setattr(tensor, key, np.array(value, np.int32) if isinstance(value, list) else value)

    return change


def computed(name, place, to=None):
    """An input of an operator, which may become another, is the output of the first one."""

    def change(model):
        changed = operator(model, name)
        inputs = list(changed.inputs)[: place + 1] if to else list(changed.inputs)
        inputs += [inputs[0]] * (place + 1 - len(inputs))
        inputs[place] = operator(model, "QUANTIZE").outputs[0]
        changed.inputs = inputs
        if to:
            rename(name, to)(model)
            changed.builtinOptions = getattr(schema, f"{OPTIONS[to]}T")()

    return change


@pytest.mark.parametrize(
    ("change", "operator_name", "reason"),
    [
        (rename("SOFTMAX", "LOG_SOFTMAX"), "LOG_SOFTMAX", "none of the documented operators"),
        (rename("ADD", "HARD_SWISH"), "HARD_SWISH", "none of the documented operators"),
        (version("CONV_2D", 6), "CONV_2D", "has version 6; the compiler knows up to 5"),
        (version("FULLY_CONNECTED", 12), "FULLY_CONNECTED", "has version 12"),
        (
            option("AVERAGE_POOL_2D", fusedActivationFunction=RELU),
            "AVERAGE_POOL_2D",
            "has a fused activation",
        ),
        (option("CONV_2D", 2, dilationWFactor=2), "CONV_2D", "is dilated otherwise in x than in y"),
        (
            option("FULLY_CONNECTED", weightsFormat=1),
            "FULLY_CONNECTED",
            "weights of another format",
        ),
        (computed("FULLY_CONNECTED", 1), "FULLY_CONNECTED", "has computed weights"),
        (computed("FULLY_CONNECTED", 2), "FULLY_CONNECTED", "has computed biases"),
        (computed("CONV_2D", 2), "CONV_2D", "has computed biases"),
        (output_of("ADD", type=schema.TensorType.FLOAT32), "ADD", "neither uint8 nor int8"),
        (output_of("ADD", type=schema.TensorType.INT16), "ADD", "neither uint8 nor int8"),
        (output_of("ADD", shapeSignature=[-1, 24, 24, 32]), "ADD", "shape is not static"),
        (output_of("ADD", shape=[2, 24, 24, 32]), "ADD", "more than three axes longer than 1"),
        (output_of("FULLY_CONNECTED", shape=[5, 5]), "FULLY_CONNECTED", "more than one dimension"),
        (rename("AVERAGE_POOL_2D", "MAX_POOL_2D"), None, None),
    ],
)
def test_what_it_does_not_take_is_named_with_the_reason(change, operator_name, reason):
    found = check(change)
    if operator_name is None:
        assert found == []
    else:
        assert found[0].operator == operator_name
        assert reason in found[0].reason


def test_everything_behind_the_first_is_left_to_the_cpu_too():
    found = check(option("AVERAGE_POOL_2D", fusedActivationFunction=RELU))

    names = [operator.operator for operator in found]
    assert names == ["AVERAGE_POOL_2D", "FULLY_CONNECTED", "SOFTMAX", "QUANTIZE"]
    assert [operator.place for operator in found] == [17, 18, 19, 20]
    assert {operator.reason for operator in found[1:]} == {
        "comes after an operator that is left to the CPU"
    }


def with_axes(name, axes, channels=144):
    """The average over the map as a reduction along `axes`."""

    def change(model):
        graph = model.subgraphs[0]
        rename("AVERAGE_POOL_2D", name)(model)
        buffer, tensor = schema.BufferT(), schema.TensorT()
        buffer.data = np.frombuffer(np.array(axes, "<i4").tobytes(), np.uint8)
        tensor.shape, tensor.type = [len(axes)], schema.TensorType.INT32
        tensor.buffer, tensor.name = len(model.buffers), b"axes"
        model.buffers.append(buffer)
        graph.tensors.append(tensor)
        mean = operator(model, name)
        graph.tensors[mean.inputs[0]].shape = np.array([1, 3, 3, channels], np.int32)
        mean.inputs = [mean.inputs[0], len(graph.tensors) - 1]

    return change


@pytest.mark.parametrize(
    ("name", "axes", "channels", "reason"),
    [
        ("MEAN", [1, 2], 144, None),
        ("MEAN", [-3, -2], 144, None),
        ("MEAN", [0, 1], 144, "works along the batch"),
        ("MEAN", [3], 144, None),
        ("MEAN", [3], 142, "no multiple of 4"),
        ("REDUCE_MAX", [1, 2], 144, None),
        ("REDUCE_MAX", [-4], 144, "works along the batch"),
        ("SUM", [0], 144, "works along the batch"),
    ],
)
def test_reductions_may_not_reach_the_batch(name, axes, channels, reason):
    found = check(with_axes(name, axes, channels))
    if reason is None:
        assert found == []
    else:
        assert (found[0].operator, reason in found[0].reason) == (name, True)


@pytest.mark.parametrize(
    ("name", "place", "what"),
    [
        ("MEAN", 1, "axes"),
        ("SUM", 1, "axes"),
        ("PAD", 1, "padding"),
        ("STRIDED_SLICE", 3, "limits or strides"),
        ("SPLIT", 0, "axes"),
        ("PRELU", 1, "slopes"),
    ],
)
def test_a_parameter_that_is_computed_is_a_reason(name, place, what):
    """An Edge TPU's compiler must know it; here it is an 8-bit tensor of the graph."""
    found = check(computed("AVERAGE_POOL_2D", place, to=name))
    assert (found[0].operator, found[0].reason) == (name, f"has computed {what}")


@pytest.mark.parametrize(
    ("shape", "axes", "fits"),
    [
        ([1, 1, 1, 144], [1, 2], True),
        ([1, 1, 1, 144], [], True),
        ([1, 1, 5, 10], [], True),
        ([1, 1, 5, 10], [0, 1], True),
        ([1, 5, 1, 10], [], False),
        ([1, 5, 1, 10], [2], False),
        ([1, 5, 1, 10], [-2], False),
        ([1, 5, 1, 10], [0], True),
        ([1, 7, 7, 1], [3], False),
    ],
)
def test_only_leading_axes_can_be_squeezed(shape, axes, fits):
    def squeeze(model):
        average = operator(model, "AVERAGE_POOL_2D")
        model.subgraphs[0].tensors[average.inputs[0]].shape = np.array(shape, np.int32)
        rename("AVERAGE_POOL_2D", "SQUEEZE")(model)
        average.builtinOptions = schema.SqueezeOptionsT()
        average.builtinOptionsType = schema.BuiltinOptions.SqueezeOptions
        average.builtinOptions.squeezeDims = axes

    reasons = [one.reason for one in check(squeeze) if one.operator == "SQUEEZE"]
    assert reasons == ([] if fits else ["removes an axis behind one longer than 1"])


def test_the_runtime_is_imported_by_one_module_alone():
    """So that everything works with either: `edge_emotion_device.runtime`."""
    roots = [
        Path(__file__).parents[3] / name for name in ("edge_emotion", "device", "convert", "train")
    ]
    texts = {path: path.read_text() for root in roots for path in root.rglob("*.py")}
    named = ("import ai_edge_litert", "from ai_edge_litert", "tflite_runtime")
    found = [path.name for path, text in texts.items() if any(name in text for name in named)]
    assert found == ["runtime.py"]
