"""Other people's networks and their adapters; the shipped ones pose as theirs."""

from pathlib import Path

import numpy as np
import pytest

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion.quantization import TensorSpec
from edge_emotion.testvectors import draw_faces
from edge_emotion_device import load_emotion, load_keypoints
from edge_emotion_device.peer import Peer
from helpers.refusals import refusal

ADAPTERS = Path(__file__).parents[3] / "benchmarks" / "adapters"
EMOTION = """name = "theirs"
model = "theirs.tflite"
task = "emotion"
[input]
side_px = 48
[output]
classes = ["Angry", "Disgust", "Sad", "Happy", "Surprise"]
"""
POINTS = "\n".join(f"{name} = [{place}]" for place, name in enumerate(KEYPOINTS))
KEYPOINT = f"""name = "points"
model = "theirs.tflite"
task = "keypoints"
[input]
side_px = 96
[output]
unit = "share"
[output.points]
{POINTS}
"""


@pytest.fixture
def adapter(tmp_path):
    """Write an adapter beside a model."""

    def write(text=EMOTION, *changes, task="emotion"):
        (tmp_path / "theirs.tflite").write_bytes(read_model(shipped_model(task)).flatbuffer)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "theirs.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture(scope="module")
def faces():
    return draw_faces(range(4), 48)


@pytest.fixture(scope="module")
def ours(faces):
    with load_emotion() as model:
        return model.predict(faces)


def test_a_model_that_answers_as_ours(adapter, faces, ours):
    peer = Peer.read(adapter())
    assert (peer.name, peer.task, peer.source) == ("theirs", "emotion", "")
    found = peer.predict(faces)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, ours / ours.sum(axis=1, keepdims=True), atol=1e-6)


def test_classes_are_put_into_our_order_and_what_we_have_not_is_left_out(adapter, faces, ours):
    """Theirs are called otherwise: the third of their outputs is none of ours, two are one."""
    text = EMOTION.replace(
        '["Angry", "Disgust", "Sad", "Happy", "Surprise"]',
        '["Happy", "Angry", "", "Surprise", "Surprise"]',
    )
    found = Peer.read(adapter(text)).predict(faces)
    expected = np.zeros_like(ours)
    expected[:, EMOTIONS.index("Happy")] = ours[:, 0]
    expected[:, EMOTIONS.index("Angry")] = ours[:, 1]
    expected[:, EMOTIONS.index("Surprise")] = ours[:, 3] + ours[:, 4]
    expected /= np.maximum(expected.sum(axis=1, keepdims=True), 1e-9)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_logits_become_probabilities(adapter, faces, ours):
    found = Peer.read(adapter(EMOTION + "softmax = true\n")).predict(faces)
    powers = np.exp(ours)
    np.testing.assert_allclose(found, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)


def test_faces_of_another_size_are_resized(adapter):
    peer = Peer.read(adapter())
    assert peer.predict(draw_faces([1], 96)).shape == (1, 5)


@pytest.mark.parametrize(
    ("offsets", "shift"), [("", (0, 0)), ("[output.offset_px]\nnose_tip = [1.5, -2]\n", (1.5, -2))]
)
def test_points_in_shares_of_the_side(adapter, offsets, shift):
    """Our network's outputs are offsets; taken for shares of the side they are other points."""
    faces = draw_faces(range(3), 96)
    with load_keypoints() as model:
        raw = np.stack([model.run(face) for face in faces]).reshape(3, 15, 2)
    found = Peer.read(adapter(KEYPOINT + offsets, task="keypoints")).predict(faces)
    expected = 96 * raw - 0.5
    expected[:, KEYPOINTS.index("nose_tip")] += shift
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_point_may_be_the_mean_of_several_and_left_and_right_are_not_mixed_up(adapter):
    faces = draw_faces([5], 96)
    with load_keypoints() as model:
        raw = model.run(faces[0]).reshape(15, 2)
    text = KEYPOINT.replace("left_eye_center = [0]", "left_eye_center = [2, 3]")
    text = text.replace('unit = "share"', 'unit = "pixels"')
    found = Peer.read(adapter(text, task="keypoints")).predict(faces)[0]
    np.testing.assert_allclose(found[0], raw[[2, 3]].mean(axis=0) - 0.5, atol=1e-5)
    np.testing.assert_allclose(found[1], raw[1] - 0.5, atol=1e-5)


def test_a_float_input_takes_the_range_and_three_channels_the_same_gray():
    face = np.array([[0, 255], [51, 102]], np.uint8)
    peer = Peer("x", Path("x"), "emotion", "", side_px=2, channels=3, range=(-1.0, 1.0))
    tensor = peer.prepare(face, TensorSpec((1, 2, 2, 3), "float32"))
    assert tensor.shape == (1, 2, 2, 3) and tensor.dtype == np.float32
    for channel in range(3):
        np.testing.assert_allclose(tensor[0, :, :, channel], [[-1, 1], [-0.6, -0.2]], atol=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "theirs"\n', "", "theirs.toml: name is missing"),
        ('"theirs"', "3", "theirs.toml:1: name is 3; expected text"),
        ('"emotion"', '"age"', "theirs.toml:3: task is 'age'; expected emotion or keypoints"),
        ("side_px = 48", "side_px = 4", "theirs.toml:5: input.side_px is 4; expected 8 to 1024"),
        ("side_px = 48", "side_px = 48.0", ":5: input.side_px is 48.0; expected a whole number"),
        ("side_px", "size_px", "theirs.toml:5: input.size_px is no key"),
        ("[input]", "[inputs]", "theirs.toml:4: inputs is no key"),
        ("[input]\nside_px = 48", "input = 48", "theirs.toml:4: input is 48; expected a table"),
        ("side_px = 48", "side_px = 48\nrange = [0]", ":6: input.range has [0]; expected two"),
        ("side_px = 48", "side_px = 48\nrange = [0, nan]", "expected two numbers"),
        ("side_px = 48", "side_px = 48\nchannels = 2", ":6: input.channels is 2; expected 1 or 3"),
        ('"Sad"', '"Bored"', "theirs.toml:7: output.classes is"),
        ('["Angry", "Disgust", "Sad", "Happy", "Surprise"]', '["", ""]', "output.classes is"),
        ('["Angry", ', '["', "is not TOML"),
        ("[output]", "[output]\nsoftmax = 1", ":7: output.softmax is 1; expected true or false"),
    ],
)  # fmt: skip
def test_an_adapter_that_is_wrong_is_told_with_the_line(adapter, old, new, told):
    assert told in refusal(lambda: Peer.read(adapter(EMOTION, (old, new))))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("nose_tip = [10]\n", "", "theirs.toml:8: output.points has nose_tip = None"),
        ("nose_tip = [10]", "nose_tip = 10", "output.points has nose_tip = 10"),
        ("nose_tip = [10]", "nose_tip = []", "output.points has nose_tip = []"),
        ("nose_tip = [10]", "nose_tip = [-1]", "output.points has nose_tip = [-1]"),
        ("nose_tip = [10]", "nose_tip = [15]", "asks for point 15 of 2 numbers each"),
        ("nose_tip = [10]", "nose_tip = [10]\nchin = [3]", "output.points has 'chin'"),
        ('unit = "share"', 'unit = "inch"', ":7: output.unit is 'inch'; expected pixels or share"),
        ('unit = "share"', "coordinates = 4", "of 4 numbers each, its model has 30 outputs"),
        ('unit = "share"', "coordinates = 1", ":7: output.coordinates is 1; expected 2 to 8"),
    ],
)
def test_points_that_are_wrong(adapter, old, new, told):
    path = adapter(KEYPOINT, (old, new), task="keypoints")
    assert told in refusal(lambda: Peer.read(path))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("theirs.tflite", "gone.tflite", "cannot read its model"),
        ("theirs.tflite", "theirs.toml", "cannot be used"),
        ("theirs.tflite", "package:no_such_thing/x.tflite", "'no_such_thing', which is not inst"),
        ("theirs.tflite", "package:", "which is not installed"),
        ("side_px = 48", "side_px = 64", "says input (1, 64, 64, 1), its model takes (1, 48, 48"),
        ('"Surprise"]', '"Surprise", ""]', "names 6 classes, its model has 5 outputs"),
    ],
)
def test_a_model_that_does_not_fit_its_adapter(adapter, old, new, told):
    assert told in refusal(lambda: Peer.read(adapter(EMOTION, (old, new))))


def test_a_model_inside_an_installed_package(adapter):
    path = adapter(EMOTION, ("theirs.tflite", "package:edge_emotion/models/emotion.tflite"))
    assert Peer.read(path).model == shipped_model("emotion")


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"emotion"', '"emotion"  # theirs', True),
        ('name = "theirs"\n', 'source = "a shop"\nname = "theirs"\n', True),
        ("theirs.tflite", "package:edge_emotion/models/emotion.tflite", True),
        ('"theirs"', '"others"', False),
        ('"Angry", "Disgust"', '"Disgust", "Angry"', False),
        ("[output]", "[output]\nsoftmax = true", False),
    ],
)
def test_an_adapter_is_known_by_what_it_says(adapter, old, new, same):
    first = Peer.read(adapter()).adapter_sha256
    assert len(first) == 64
    assert (Peer.read(adapter(EMOTION, (old, new))).adapter_sha256 == first) is same


@pytest.mark.parametrize("path", sorted(ADAPTERS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_adapters_that_come_with_the_repository(path):
    """Their packages are not here, so all that is wrong may be that."""
    try:
        assert Peer.read(path).name == path.stem
    except Exception as error:
        assert "which is not installed" in str(error), error
