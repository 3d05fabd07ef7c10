import numpy as np
import pytest

from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion_train.networks import (
    EdgeNetwork,
    build_emotion,
    build_keypoints,
    count_macs,
)
from edge_emotion_train.recipe import load_recipe

# What remains of a network when it is converted: batch normalisation folds into the convolution
# before it, flattening becomes a reshape, dropout disappears.
EDGE_TPU_LAYERS = {"Conv2D", "Add", "ReLU", "AveragePooling2D", "Dense", "Softmax", "Activation"}
GONE_AFTER_CONVERSION = {"InputLayer", "BatchNormalization", "Flatten", "Dropout"}

SMALL = EdgeNetwork((8, 12, 16, 16), (1, 2, 1, 1), dropout=0.5)
NETWORKS = {
    "emotion": (build_emotion, EMOTION_SIDE_PX, 5),
    "keypoints": (build_keypoints, KEYPOINT_SIDE_PX, 30),
}


@pytest.fixture(scope="module", params=list(NETWORKS))
def task(request: pytest.FixtureRequest) -> str:
    return request.param


def test_shapes_are_those_of_the_contract(task: str):
    build, side, outputs = NETWORKS[task]
    model = build(SMALL)
    assert model.input_shape == (None, side, side, 1)
    assert model.output_shape == (None, outputs)


def test_emotions_come_out_as_probabilities():
    faces = np.random.default_rng(0).random((4, 48, 48, 1), np.float32)
    probabilities = np.asarray(build_emotion(SMALL)(faces))
    assert (probabilities >= 0).all()
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(4))


def test_offsets_stay_between_minus_one_and_one():
    model = build_keypoints(SMALL)
    model.set_weights([100 * weight for weight in model.get_weights()])
    offsets = np.asarray(model(np.ones((1, 96, 96, 1), np.float32)))
    assert np.abs(offsets).max() <= 1


def test_every_layer_is_one_the_edge_tpu_runs(task: str):
    model = NETWORKS[task][0](load_recipe(task, "edge").network)
    kinds = {type(layer).__name__ for layer in model.layers}
    assert kinds <= EDGE_TPU_LAYERS | GONE_AFTER_CONVERSION
    activations = {layer.activation.__name__ for layer in model.layers if "Activ" in str(layer)}
    assert activations <= {"tanh"}


@pytest.mark.parametrize(
    ("task", "mmacs", "parameters"), [("emotion", 31, 0.68e6), ("keypoints", 41, 0.73e6)]
)
def test_the_shipped_networks_are_as_small_as_their_recipes_say(
    task: str, mmacs: int, parameters: float
):
    model = NETWORKS[task][0](load_recipe(task, "edge").network)
    assert round(count_macs(model) / 1e6) == mmacs
    assert model.count_params() == pytest.approx(parameters, abs=0.005e6)


def test_macs_are_counted_as_by_hand():
    model = build_emotion(EdgeNetwork((4, 8), (1, 1)))
    stem = 24 * 24 * 9 * 1 * 4
    first = 2 * 24 * 24 * 9 * 4 * 4
    second = 12 * 12 * (9 * 4 * 8 + 9 * 8 * 8 + 1 * 4 * 8)  # two 3x3 and the shortcut
    assert count_macs(model) == stem + first + second + 8 * 5


@pytest.mark.parametrize(("task", "side"), [("emotion", 24), ("keypoints", 24)])
def test_the_stem_leaves_24_px_to_the_first_stage(task: str, side: int):
    model = NETWORKS[task][0](SMALL)
    stem = next(layer for layer in model.layers if type(layer).__name__ == "Conv2D")
    assert stem.output.shape[1:3] == (side, side)


def test_the_last_layers_stay_float32_under_mixed_precision():
    import keras

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        assert build_emotion(SMALL).output.dtype == build_keypoints(SMALL).output.dtype == "float32"
    finally:
        keras.mixed_precision.set_global_policy("float32")


def test_widths_and_blocks_must_match():
    with pytest.raises(ValueError, match="3 widths and 2 block counts"):
        EdgeNetwork((8, 8, 8), (1, 1))
