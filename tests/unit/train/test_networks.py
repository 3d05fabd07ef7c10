from pathlib import Path

import numpy as np
import pytest

from edge_emotion.detection import CELLS, LOGIT_LIMIT, STRIDES_PX, VALUES_A_CELL
from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import Task
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion_train.architectures import (
    DetectorNetwork,
    EdgeNetwork,
    Network,
    OwnNetwork,
    ReferenceNetwork,
)
from edge_emotion_train.networks import build, count_macs, summary
from edge_emotion_train.networks.diagram import diagram
from edge_emotion_train.recipe import load_recipe

# What remains of a network when it is converted: batch normalisation folds into the convolution
# before it, flattening becomes a reshape, dropout disappears.
EDGE_TPU_LAYERS = {"Conv2D", "Add", "ReLU", "AveragePooling2D", "Dense", "Softmax", "Activation"}
GONE_AFTER_CONVERSION = {"InputLayer", "BatchNormalization", "Flatten", "Dropout"}

SMALL = EdgeNetwork((8, 12, 16, 16), (1, 2, 1, 1), dropout=0.5)
SMALL_REFERENCE = ReferenceNetwork((8, 8), pool=2, dense=(16,), dropout=(0.5,))
SMALL_DETECTOR = DetectorNetwork((16, 8, 8, 12, 12), 8)
SHAPES = {"emotion": (EMOTION_SIDE_PX, 5), "keypoints": (KEYPOINT_SIDE_PX, 30)}


@pytest.fixture(scope="module", params=list(SHAPES))
def task(request: pytest.FixtureRequest) -> Task:
    return request.param


@pytest.mark.parametrize("network", [SMALL, SMALL_REFERENCE], ids=["edge", "reference"])
def test_shapes_are_those_of_the_contract(task: Task, network: Network):
    side, outputs = SHAPES[task]
    model = build(task, network)
    assert model.input_shape == (None, side, side, 1)
    assert model.output_shape == (None, outputs)


def test_emotions_come_out_as_probabilities():
    faces = np.random.default_rng(0).random((4, 48, 48, 1), np.float32)
    probabilities = np.asarray(build("emotion", SMALL)(faces))
    assert (probabilities >= 0).all()
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(4))


def test_offsets_stay_between_minus_one_and_one():
    model = build("keypoints", SMALL)
    model.set_weights([100 * weight for weight in model.get_weights()])
    offsets = np.asarray(model(np.ones((1, 96, 96, 1), np.float32)))
    assert np.abs(offsets).max() <= 1


def test_every_layer_is_one_the_edge_tpu_runs(task: Task):
    model = build(task, load_recipe(task, "edge").network)
    kinds = {type(layer).__name__ for layer in model.layers}
    assert kinds <= EDGE_TPU_LAYERS | GONE_AFTER_CONVERSION
    activations = {layer.activation.__name__ for layer in model.layers if "Activ" in str(layer)}
    assert activations <= {"tanh"}


@pytest.mark.parametrize(
    ("task", "mmacs", "parameters"),
    [("emotion", 28, 0.56e6), ("keypoints", 39, 0.56e6), ("detector", 108, 0.35e6)],
)
def test_the_shipped_networks_are_as_small_as_their_recipes_say(
    task: Task, mmacs: int, parameters: float
):
    model = build(task, load_recipe(task, "edge").network)
    assert round(count_macs(model) / 1e6) == mmacs
    assert model.count_params() == pytest.approx(parameters, abs=0.005e6)


def test_a_detector_answers_five_values_from_minus_one_to_one_for_every_cell():
    model = build("detector", SMALL_DETECTOR)
    assert model.input_shape == (None, 192, 192, 1)
    assert model.output_shape == (None, len(CELLS), VALUES_A_CELL)
    model.set_weights([100 * weight for weight in model.get_weights()])
    answers = np.asarray(model(np.ones((1, 192, 192, 1), np.float32)))
    assert np.abs(answers).max() <= 1 and answers.std() > 0.1


def test_a_detector_begins_by_answering_that_no_cell_finds_a_face():
    model = build("detector", SMALL_DETECTOR)
    model.set_weights([w * 0 if w.ndim == 4 else w for w in model.get_weights()])
    answers = np.asarray(model(np.ones((1, 192, 192, 1), np.float32)))[0]
    assert 1 / (1 + np.exp(-LOGIT_LIMIT * answers[:, 0])) == pytest.approx(np.full(756, 0.02))
    assert not answers[:, 1:].any()


def test_a_cells_answer_is_about_its_own_place():
    model = build("detector", SMALL_DETECTOR)
    dark, lit = np.zeros((2, 1, 192, 192, 1), np.float32)
    lit[0, 140:150, 20:30] = 1
    changes = np.abs(np.asarray(model(lit)) - np.asarray(model(dark)))[0].max(axis=1)
    for stride in STRIDES_PX:
        cells = np.flatnonzero(CELLS.strides == stride)
        middle = CELLS.centers[cells[changes[cells].argmax()]]
        assert np.abs(middle - (25, 145)).max() <= 2 * stride


def test_every_layer_of_the_detector_is_one_the_edge_tpu_runs():
    model = build("detector", load_recipe("detector", "edge").network)
    kinds = {type(layer).__name__ for layer in model.layers}
    assert kinds <= EDGE_TPU_LAYERS | {"Resizing", "Concatenate", "Reshape"} | GONE_AFTER_CONVERSION
    enlarged = [layer for layer in model.layers if type(layer).__name__ == "Resizing"]
    assert {layer.interpolation for layer in enlarged} == {"nearest"}
    assert model.layers[-1].activation.__name__ == "tanh"
    assert (round(count_macs(model) / 1e6), model.count_params()) == (108, 348_423)


def test_a_detector_has_a_stem_and_four_stages():
    with pytest.raises(ValueError, match="4 widths; expected 5"):
        DetectorNetwork((16, 8, 8, 8), 8)


def test_macs_are_counted_as_by_hand():
    model = build("emotion", EdgeNetwork((4, 8), (1, 1)))
    stem = 24 * 24 * 9 * 1 * 4
    first = 2 * 24 * 24 * 9 * 4 * 4
    second = 12 * 12 * (9 * 4 * 8 + 9 * 8 * 8 + 1 * 4 * 8)  # two 3x3 and the shortcut
    assert count_macs(model) == stem + first + second + 8 * 5


@pytest.mark.parametrize(("task", "side"), [("emotion", 24), ("keypoints", 24)])
def test_the_stem_leaves_24_px_to_the_first_stage(task: Task, side: int):
    model = build(task, SMALL)
    stem = next(layer for layer in model.layers if type(layer).__name__ == "Conv2D")
    assert stem.output.shape[1:3] == (side, side)


def test_the_last_layers_stay_float32_under_mixed_precision():
    import keras

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        assert {build(task, SMALL).output.dtype for task in SHAPES} == {"float32"}
        assert build("detector", SMALL_DETECTOR).output.dtype == "float32"
    finally:
        keras.mixed_precision.set_global_policy("float32")


def test_widths_and_blocks_must_match():
    with pytest.raises(ValueError, match="3 widths and 2 block counts"):
        EdgeNetwork((8, 8, 8), (1, 1))


@pytest.mark.parametrize(
    ("task", "parameters", "mmacs"), [("emotion", 1_174_021, 80), ("keypoints", 18_016_286, 97)]
)
def test_the_reference_networks_are_the_courses_weight_for_weight(
    task: Task, parameters: int, mmacs: int
):
    """The counts are those the course's notebooks print."""
    model = build(task, load_recipe(task, "reference").network)
    assert model.count_params() == parameters
    assert round(count_macs(model) / 1e6) == mmacs


def test_a_reference_stage_is_one_convolutional_and_two_identity_bottlenecks():
    model = build("keypoints", ReferenceNetwork((4,), pool=2))
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    kernels = [(layer.kernel_size[0], layer.filters) for layer in convolutions]
    assert kernels[0] == (7, 64)
    assert sorted(kernels[1:]) == sorted([(1, 4), (3, 4), (1, 16)] * 3 + [(1, 16)])
    assert sum(type(layer).__name__ == "Add" for layer in model.layers) == 3


def test_each_dense_layer_has_its_dropout():
    with pytest.raises(ValueError, match="2 dense widths and 1 dropouts"):
        ReferenceNetwork(dense=(8, 8), dropout=(0.1,))


def test_a_summary_has_a_line_a_layer_its_cost_and_where_it_gets_its_input_from():
    model = build("emotion", EdgeNetwork((4,), (1,)))
    heading, *lines, total = summary(model).partition("\n\n")[2].splitlines()
    assert heading.split() == ["layer", "kind", "output", "parameters", "MACs", "from"]
    assert len(lines) == len(model.layers)
    stem = lines[1].split()
    assert stem[1:] == ["Conv2D", "24×24×4", "36", "20,736", "face"]
    [added] = [line for line in lines if " Add " in line]
    assert len(added.split()[5:]) == 2  # the block and its shortcut
    assert total == f"{model.count_params():,} parameters, {count_macs(model) / 1e6:.1f} MMAC"


OWN = """
import keras

def plain(task, options):
    side, outputs = {"emotion": (48, 5), "keypoints": (96, 30)}[task]
    face = keras.layers.Input((side, side, 1))
    x = keras.layers.SeparableConv2D(options["width"], 3, strides=4)(face)
    x = keras.layers.Flatten()(x)
    return keras.Model(face, keras.layers.Dense(outputs + options.get("more", 0))(x))

def nothing(task, options):
    return None
"""


@pytest.fixture
def my_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_networks.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def test_a_network_of_ones_own_plugs_in_by_name(task: Task, my_networks: None):
    model = build(task, OwnNetwork("my_networks:plain", {"width": 3}))
    places = model.layers[1].output.shape[1] ** 2
    assert model.output_shape == (None, SHAPES[task][1])
    assert count_macs(model) == places * (9 + 3) + places * 3 * SHAPES[task][1]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "my_networks:plain",
            {"width": 3, "more": 1},
            r"maps .* expected .*\(None, 5\) for emotion",
        ),
        ("my_networks:nothing", {}, "returned NoneType; expected a keras.Model"),
        ("my_networks:missing", {}, "my_networks:missing cannot be found.*MODULE:FUNCTION"),
        ("no_such_module:x", {}, "no_such_module:x cannot be found"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(
    my_networks: None, name: str, options: dict[str, int], message: str
):
    with pytest.raises(WrongUse, match=message):
        build("emotion", OwnNetwork(name, options))


def test_a_diagram_has_a_line_a_block_and_a_rail_for_each_shortcut():
    model = build("emotion", EdgeNetwork((4, 8), (1, 1)))
    assert diagram(model).splitlines() == [
        "  InputLayer                         48×48×1",
        "│ Conv 3×3, 4, stride 2 · BN · ReLU  24×24×4  ┐",
        "│ Conv 3×3, 4 · BN · ReLU            24×24×4  │",
        "│ Conv 3×3, 4 · BN                   24×24×4  │",
        "│ Add · ReLU                         24×24×4  ┘┐",
        "│ Conv 3×3, 8, stride 2 · BN · ReLU  12×12×8   │",
        "│ Conv 3×3, 8 · BN                   12×12×8  ┐│",
        "  Conv 1×1, 8, stride 2 · BN         12×12×8  │┘",
        "│ Add · ReLU                         12×12×8  ┘",
        "│ AveragePooling2D                     1×1×8",
        "│ Flatten                                  8",
        "│ Dropout                                  8",
        "│ Dense 5 · Softmax                        5",
    ]
