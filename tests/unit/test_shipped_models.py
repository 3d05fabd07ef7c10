"""What the two models that come with the package promise."""

import pytest

from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion.quantization import TensorSpec
from edge_emotion_device import load_emotion, load_keypoints

TASKS = ("emotion", "keypoints")
LOADERS = {"emotion": load_emotion, "keypoints": load_keypoints}


@pytest.fixture(params=TASKS)
def model(request):
    return read_model(shipped_model(request.param), request.param)


def test_a_file_is_at_most_800_kb_and_27_percent_of_float32(model):
    float32_bytes = 4 * model.metadata.architecture["parameters"]  # at the least
    assert model.path.stat().st_size <= min(800_000, 0.27 * float32_bytes)


def test_gray_bytes_are_the_quantized_input(model):
    side = {"emotion": 48, "keypoints": 96}[model.metadata.task]
    given = model.metadata.input

    assert given == TensorSpec((1, side, side, 1), "uint8", given.scale, 0)
    assert given.scale == pytest.approx(1 / 255, rel=1e-5)
    assert model.metadata.output.dtype in ("uint8", "int8")


def test_the_gate_was_passed_and_both_figures_are_on_record(model):
    accuracy = model.metadata.accuracy

    assert accuracy["gate"]["passed"]
    assert accuracy["measured_on"]
    if model.metadata.task == "emotion":
        assert accuracy["int8"]["accuracy"] >= 0.80
        assert accuracy["float"]["accuracy"] - accuracy["int8"]["accuracy"] <= 0.002
    else:
        assert accuracy["int8"]["rmse_px"] <= 1.75
        assert accuracy["int8"]["rmse_px"] - accuracy["float"]["rmse_px"] <= 0.03


def test_the_licence_says_research_and_names_the_sets(model):
    assert "research" in model.metadata.license
    assert all(name in model.metadata.license for name in model.metadata.recipe["sets"])
    assert (model.path.parent / "MODEL_LICENSE").read_text().count("research") >= 2


def test_no_path_of_the_machine_that_made_it_is_inside(model):
    content = model.path.read_bytes()

    assert "data" not in model.metadata.recipe
    assert not any(place in content for place in (b"/home/", b"/root/", b"/tmp/", b"../"))


@pytest.mark.parametrize("task", TASKS)
def test_the_tensors_are_what_the_metadata_says(task):
    with LOADERS[task]() as opened:
        assert opened.metadata.task == task
